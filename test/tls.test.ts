import { execFile } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect as connectPlain } from "node:net";
import { join } from "node:path";
import { type TLSSocket, connect, createServer } from "node:tls";
import { promisify } from "node:util";
import OpenAI from "openai";
import { Agent, fetch as undiciFetch } from "undici";
import { expect, it, onTestFinished } from "vitest";
import { createMockUpstream } from "../src/cli/mock/upstream.ts";
import { type IssuedPair, createAuthority } from "./support/certificates.ts";
import { type Cli, serve, weir } from "./support/process.ts";
import { ADMIN_KEY, eventually, startServer, temporaryFolder } from "./support/server.ts";

/** TLS and mTLS, on the listener and towards upstreams, with certificates made by openssl. */

const HI = { model: "chat", messages: [{ role: "user", content: "Hi" }] };
const run = promisify(execFile);

async function mocked(options: Parameters<typeof createMockUpstream>[0] = {}) {
  const mock = await createMockUpstream(options);
  onTestFinished(() => mock.close());
  const models = `models: { chat: { targets: [{ provider: openai-compatible, url: "${mock.url}", model: up }] } }`;
  return { mock, models };
}

/** A server with a certificate of a fresh authority; `tls` says more. */
async function secured(tls = "", options: Parameters<typeof createMockUpstream>[0] = {}) {
  const folder = temporaryFolder();
  const authority = createAuthority(folder, "house");
  const { cert, key } = authority.issue("server");
  const { models } = await mocked(options);
  const yaml = `server: { tls: { cert: "${cert}", key: "${key}"${tls} } }\n${models}\n`;
  return { folder, authority, cert, key, yaml };
}

/** The status that curl gets, or the exit code of its failure. */
async function curl(url: string, ca: string, client?: IssuedPair): Promise<string> {
  const shown = client ? ["--cert", client.cert, "--key", client.key] : [];
  const args = ["-sS", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "10", "--cacert", ca];
  const body = ["-H", `Authorization: Bearer ${ADMIN_KEY}`, "-d", JSON.stringify(HI)];
  try {
    const { stdout } = await run("curl", [
      ...args,
      ...shown,
      ...body,
      `${url}/v1/chat/completions`,
    ]);
    return stdout;
  } catch {
    return "failed";
  }
}

it("answers https to curl, to the openai client and on the slow lane", async () => {
  const { yaml, authority, folder } = await secured();
  const server = await startServer(yaml, { folder });
  expect(server.url).toMatch(/^https:/);
  expect(await curl(server.url, authority.cert)).toBe("200");
  const stranger = createAuthority(folder, "stranger");
  expect(await curl(server.url, stranger.cert)).toBe("failed");
  const dispatcher = new Agent({ connect: { ca: readFileSync(authority.cert) } });
  onTestFinished(() => dispatcher.close());
  const trusting = ((url: string, init: object) =>
    undiciFetch(url, { ...init, dispatcher })) as unknown as typeof fetch; // undici's own, with our CA
  const client = new OpenAI({ apiKey: ADMIN_KEY, baseURL: `${server.url}/v1`, fetch: trusting });
  const stream = await client.chat.completions.create({
    model: "chat",
    messages: [{ role: "user", content: "Hi" }],
    stream: true,
  });
  let text = "";
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
  expect(text).toContain("word7");
  const models = await trusting(`${server.url}/v1/models`, {
    headers: { authorization: `Bearer ${ADMIN_KEY}` },
  });
  expect(models.status).toBe(200);
});

it("closes what speaks plain http to it, and survives it", async () => {
  const { yaml, authority, folder } = await secured();
  const server = await startServer(yaml, { folder });
  const { port } = new URL(server.url);
  const socket = connectPlain(Number(port), "127.0.0.1");
  socket.on("error", () => undefined);
  socket.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
  await new Promise((resolve) => socket.once("close", resolve));
  expect(await curl(server.url, authority.cert)).toBe("200");
});

it("lets in only clients whose certificate its authority signed, where that is required", async () => {
  const folder = temporaryFolder();
  const clients = createAuthority(folder, "clients");
  const { yaml, authority } = await secured(`, clientCa: "${clients.cert}"`);
  const server = await startServer(yaml, { folder });
  const ask = (client?: IssuedPair) => curl(server.url, authority.cert, client);
  expect(await ask(clients.issue("app"))).toBe("200");
  expect(await ask()).toBe("failed");
  expect(await ask(authority.issue("impostor"))).toBe("failed");
  expect(await ask(clients.issue("late", -1))).toBe("failed");
});

it("lets in clients without a certificate where it is optional, and none with a wrong one", async () => {
  const folder = temporaryFolder();
  const clients = createAuthority(folder, "clients");
  const optional = `, clientCa: "${clients.cert}", clientCerts: optional`;
  const { yaml, authority } = await secured(optional);
  const server = await startServer(yaml, { folder });
  const ask = (client?: IssuedPair) => curl(server.url, authority.cert, client);
  expect(await ask(clients.issue("app"))).toBe("200");
  expect(await ask()).toBe("200");
  expect(await ask(authority.issue("impostor"))).toBe("failed");
  expect(await ask(clients.issue("late", -1))).toBe("failed");
});

async function shownBy(url: string): Promise<string | undefined> {
  const { port } = new URL(url);
  const socket: TLSSocket = connect({ port: Number(port), rejectUnauthorized: false });
  await new Promise((resolve) => socket.once("secureConnect", resolve));
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256;
}

it("shows a renewed certificate without cutting a stream, and refuses a bad one", async () => {
  const { yaml, authority, folder, cert, key } = await secured("", { tokens: 400, tokenMs: 10 });
  writeFileSync(join(folder, "weir.yaml"), yaml);
  const server = await serve(folder);
  const before = await shownBy(server.url);
  const args = [
    "-sS",
    "-N",
    "--cacert",
    authority.cert,
    "-H",
    `Authorization: Bearer ${ADMIN_KEY}`,
  ];
  const body = ["-d", JSON.stringify({ ...HI, stream: true })];
  const stream = run("curl", [...args, ...body, `${server.url}/v1/chat/completions`]);
  const renewed = authority.issue("renewed");
  copyFileSync(renewed.key, key);
  copyFileSync(renewed.cert, cert);
  await server.says(/"event":"certificate_applied"/);
  const after = await shownBy(server.url);
  expect(after).not.toBe(before);
  writeFileSync(cert, "no certificate at all");
  await server.says(/"event":"certificate_rejected".*holds no certificate/);
  expect(await shownBy(server.url)).toBe(after);
  const { stdout } = await stream;
  expect(stdout).toContain("word399");
  expect(stdout).toContain("[DONE]");
});

it("speaks TLS in every worker, and renews it in all of them", async () => {
  const { yaml, authority, folder, cert, key } = await secured();
  writeFileSync(join(folder, "weir.yaml"), yaml);
  const server = await serve(folder, {}, ["--workers", "2"]);
  expect(server.url).toMatch(/^https:/);
  const statuses = await Promise.all([1, 2, 3, 4].map(() => curl(server.url, authority.cert)));
  expect(statuses).toEqual(["200", "200", "200", "200"]);
  const renewed = authority.issue("renewed");
  copyFileSync(renewed.key, key);
  copyFileSync(renewed.cert, cert);
  await server.says(/("event":"certificate_applied".*){2}/s);
  const shown = await Promise.all([1, 2, 3, 4, 5, 6].map(() => shownBy(server.url)));
  const { fingerprint256 } = new X509Certificate(readFileSync(renewed.cert));
  expect(shown).toEqual(shown.map(() => fingerprint256));
});

async function refusalOf(yaml: string): Promise<Cli> {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "weir.yaml"), yaml);
  const server = weir(["serve", "--port", "0"], { cwd: folder });
  expect(await server.ended).toBe(1);
  return server;
}

it("does not start with files that are not there, or do not belong together", async () => {
  const { yaml, cert, key, authority } = await secured();
  const lost = await refusalOf(yaml.replace(cert, "/nowhere/cert.pem"));
  expect(lost.output()).toMatch(/Cannot read \/nowhere\/cert\.pem.*Check the path/s);
  const others = authority.issue("other");
  const mixed = await refusalOf(yaml.replace(key, others.key));
  expect(mixed.output()).toContain("is not the key of");
});

/** The mock upstream behind TLS that wants a client's certificate. */
async function securedUpstream(server: IssuedPair, clientCa: string) {
  const mock = await createMockUpstream();
  const { port } = new URL(mock.url);
  const front = createServer(
    {
      cert: readFileSync(server.cert),
      key: readFileSync(server.key),
      ca: readFileSync(clientCa),
      requestCert: true,
    },
    (socket) => {
      const inner = connectPlain(Number(port), "127.0.0.1");
      for (const end of [socket, inner])
        end.on("error", () => [socket, inner].map((s) => s.destroy()));
      socket.pipe(inner).pipe(socket);
    },
  );
  await new Promise<void>((resolve) => front.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    await mock.close();
    front.close();
  });
  return { mock, url: `https://127.0.0.1:${(front.address() as AddressInfo).port}` }; // it listens
}

it("shows an upstream its certificate, trusts its authority, and takes renewed files over", async () => {
  const folder = temporaryFolder();
  const upstreams = createAuthority(folder, "upstreams");
  const house = createAuthority(folder, "house");
  const stranger = createAuthority(folder, "stranger");
  const { url } = await securedUpstream(upstreams.issue("vllm"), house.cert);
  const wrong = stranger.issue("wrong");
  const right = house.issue("right");
  copyFileSync(wrong.cert, join(folder, "client.pem"));
  copyFileSync(wrong.key, join(folder, "client.key"));
  const target = (tls: string) =>
    `{ targets: [{ provider: openai-compatible, url: "${url}", model: up${tls} }] }`;
  const shown = "cert: client.pem, key: client.key";
  const server = await startServer(
    `models:
  chat: ${target(`, tls: { ca: house-is-not-it.pem, ${shown} }`).replace("house-is-not-it.pem", upstreams.cert)}
  untrusted: ${target(`, tls: { ${shown} }`)}
  anonymous: ${target(`, tls: { ca: ${upstreams.cert} }`)}
  named: ${target(`, tls: { ca: ${upstreams.cert}, serverName: elsewhere.example, ${shown} }`)}
  insecure: ${target(`, tls: { insecure: true, ${shown} }`)}`,
    { folder },
  );
  const ask = async (model: string) => {
    const answer = await server.call("/v1/chat/completions", { ...HI, model });
    await answer.text();
    return answer.status;
  };
  expect(await ask("chat")).toBe(502);
  copyFileSync(right.cert, join(folder, "client.pem"));
  copyFileSync(right.key, join(folder, "client.key"));
  await eventually(
    () => ask("chat"),
    (status) => status === 200,
  );
  await eventually(
    () => ask("insecure"),
    (status) => status === 200,
  );
  expect(await ask("untrusted")).toBe(502);
  expect(await ask("anonymous")).toBe(502);
  expect(await ask("named")).toBe(502);
});

it("refuses certificates for a target that is not https", async () => {
  const { models } = await mocked();
  const yaml = models.replace("model: up", "model: up, tls: { insecure: true }");
  await expect(startServer(yaml)).rejects.toThrow(/is not https/);
});
