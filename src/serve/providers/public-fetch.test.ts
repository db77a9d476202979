import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { createPublicFetch, isPublicAddress } from "./public-fetch.ts";

it.each([
  "127.0.0.1",
  "10.1.2.3",
  "169.254.169.254",
  "172.31.0.1",
  "192.168.1.1",
  "100.100.0.1",
  "0.0.0.0",
  "255.255.255.255",
  "::1",
  "::",
  "fe80::1",
  "fd00::1",
  "::ffff:127.0.0.1",
  "::ffff:a00:1",
  "64:ff9b::a00:1",
  "2002:7f00:1::",
  "no address",
])("takes %s for private", (address) => {
  expect(isPublicAddress(address)).toBe(false);
});

it.each(["1.1.1.1", "172.32.0.1", "2606:4700::1111", "2a00:1450::1"])(
  "takes %s for public",
  (one) => {
    expect(isPublicAddress(one)).toBe(true);
  },
);

async function serve(handle: Parameters<typeof createServer>[1]): Promise<string> {
  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  return `:${port}/`;
}

function fetchFor(...allowed: string[]) {
  const made = createPublicFetch(() => allowed);
  onTestFinished(() => made.close());
  return made.fetch;
}

it("asks no private address, by number, by name, or without TLS", async () => {
  let asked = 0;
  const place = await serve((_request, response) => {
    asked += 1;
    response.end("secret");
  });
  const fetch = fetchFor();
  await expect(fetch(`https://127.0.0.1${place}`)).rejects.toThrow(/is a private address/);
  await expect(fetch(`https://[::1]${place}`)).rejects.toThrow(/is a private address/);
  await expect(fetch(`https://localhost${place}`)).rejects.toThrow(/leads to a private address/);
  await expect(fetch(`http://127.0.0.1${place}`)).rejects.toThrow(/without TLS.*allowedHosts/);
  expect(asked).toBe(0);
});

it("asks what is allowed, and judges where that redirects to", async () => {
  let secrets = 0;
  const inner = await serve((_request, response) => {
    secrets += 1;
    response.end("secret");
  });
  const place = await serve((request, response) => {
    if (request.url === "/") response.end("model");
    else response.writeHead(302, { location: `http://localhost${inner}` }).end();
  });
  const fetch = fetchFor("127.0.0.1");
  expect(await (await fetch(`http://127.0.0.1${place}`)).text()).toBe("model");
  await expect(fetch(`http://127.0.0.1${place}away`)).rejects.toThrow(/localhost is asked without/);
  expect(secrets).toBe(0);
});

it("says what failed", async () => {
  const place = await serve((request) => request.socket.destroy());
  await expect(fetchFor("127.0.0.1")(`http://127.0.0.1${place}`)).rejects.toThrow(
    /other side closed|ECONNRESET/,
  );
});
