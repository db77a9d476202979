import { writeFileSync } from "node:fs";
import { type Socket, connect } from "node:net";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { createMockUpstream } from "../src/cli/mock/upstream.ts";
import { serve } from "./support/process.ts";
import { ADMIN_KEY, eventually, startServer, temporaryFolder } from "./support/server.ts";

/** Too much at once: turned away with 429 before it costs memory, and nothing else suffers. */

const HI = { model: "chat", messages: [{ role: "user", content: "Hi" }] };
const MIB = 1024 * 1024;

type MockOptions = Parameters<typeof createMockUpstream>[0];

async function models(options: MockOptions = {}) {
  const mock = await createMockUpstream(options);
  onTestFinished(() => mock.close());
  const yaml = `models: { chat: { targets: [{ provider: openai-compatible, url: "${mock.url}", model: up }] } }\n`;
  return { mock, yaml };
}

/** A value of a server's metrics; labels and all in `name`. */
async function metric(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const line = text.split("\n").find((one) => one.startsWith(`${name} `));
  return Number(line?.split(" ").at(-1) ?? 0);
}

it("turns calls away beyond the limit with 429 and Retry-After, and counts them", async () => {
  const { yaml, mock } = await models({ firstMs: 60_000 });
  const server = await startServer(`server: { overload: { maxCalls: 4 } }\n${yaml}`);
  const leaving = new AbortController();
  const waiting = Array.from({ length: 4 }, () =>
    server.call("/v1/chat/completions", HI, { signal: leaving.signal }).catch(() => undefined),
  );
  await eventually(
    () => Promise.resolve(mock.requests.length),
    (count) => count === 4,
  );
  const answer = await server.call("/v1/chat/completions", HI);
  expect(answer.status).toBe(429);
  expect(answer.headers.get("retry-after")).toBe("1");
  expect(answer.headers.get("x-should-retry")).toBe("true");
  expect(await answer.json()).toMatchObject({ error: { code: "overloaded" } });
  expect(await metric(server.url, 'weir_shed_total{reason="calls"}')).toBe(1);
  for (const path of ["/health", "/ready", "/metrics", "/v1/models", "/admin/v1/calls"])
    expect((await server.call(path)).status).toBe(200);
  leaving.abort();
  await Promise.all(waiting);
  // There is room again as soon as those have left.
  const again = new AbortController();
  const taken = server.call("/v1/chat/completions", HI, { signal: again.signal });
  await eventually(
    () => Promise.resolve(mock.requests.length),
    (count) => count === 5,
  );
  again.abort();
  await expect(taken).rejects.toThrow("aborted");
});

/** A client that sends a body without saying how long it will be, piece by piece, and never ends. */
function flood(url: string, pieces: number): { answer: () => string; socket: Socket } {
  const socket = connect({ port: Number(new URL(url).port), host: "127.0.0.1" });
  onTestFinished(() => void socket.destroy());
  let text = "";
  socket.on("error", () => undefined);
  socket.on("data", (bytes: Buffer) => (text += bytes.toString("latin1")));
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${ADMIN_KEY}\r\ntransfer-encoding: chunked\r\n\r\n`,
  );
  const piece = Buffer.alloc(64 * 1024, 0x20);
  const send = (left: number): void => {
    if (left === 0 || socket.destroyed) return;
    socket.write(`${piece.length.toString(16)}\r\n`);
    socket.write(piece);
    socket.write("\r\n", () => send(left - 1));
  };
  send(pieces);
  return { answer: () => text, socket };
}

it("keeps its memory bounded under a flood of bodies, and answers others", async () => {
  const { yaml } = await models();
  const folder = temporaryFolder();
  const limits = "server: { maxBodyMiB: 8, overload: { maxBodyMiBInFlight: 24 } }\n";
  writeFileSync(join(folder, "weir.yaml"), limits + yaml);
  const server = await serve(folder);
  const before = await metric(server.url, "process_resident_memory_bytes");
  // 200 clients that would send 4 MiB each: 800 MiB, of which 24 are held.
  const clients = Array.from({ length: 200 }, () => flood(server.url, 64));
  const refused = () => clients.filter(({ answer }) => answer().startsWith("HTTP/1.1 429")).length;
  let most = 0;
  let held = 0;
  await eventually(
    async () => {
      most = Math.max(most, await metric(server.url, "process_resident_memory_bytes"));
      held = Math.max(held, await metric(server.url, "weir_request_body_bytes"));
      return refused();
    },
    (count) => count >= 150,
  );
  expect(held).toBeLessThanOrEqual(25 * MIB);
  expect(most - before).toBeLessThan(200 * MIB);
  expect((await fetch(`${server.url}/health`)).status).toBe(200);
  for (const { socket } of clients) socket.destroy();
  await eventually(
    () => metric(server.url, "weir_request_body_bytes"),
    (bytes) => bytes === 0,
  );
  const answer = await fetch(`${server.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${ADMIN_KEY}` },
    body: JSON.stringify(HI),
  });
  expect(answer.status).toBe(200);
});
