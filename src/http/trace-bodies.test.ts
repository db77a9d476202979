import { once } from "node:events";
import { request } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import Fastify from "fastify";
import { expect, it, onTestFinished } from "vitest";
import { toWeirError } from "../core/errors.ts";
import { takeRawBodies } from "./trace-bodies.ts";

const MOST = 1000;

async function start() {
  const app = Fastify();
  onTestFinished(() => app.close());
  void app.register((scope, _options, ready) => {
    takeRawBodies(scope, MOST);
    scope.setErrorHandler((cause, _request, reply) => {
      const { status, code } = toWeirError(cause);
      return reply.code(status).send({ code });
    });
    scope.post("/", async ({ body }) => ({ bytes: Buffer.isBuffer(body) ? body.length : null }));
    ready();
  });
  await app.listen({ port: 0, host: "127.0.0.1" });
  return (app.server.address() as AddressInfo).port;
}

/** A request whose body is sent bit by bit. */
function open(port: number, headers: Record<string, string> = {}) {
  const sending = request({ port, host: "127.0.0.1", method: "POST", headers });
  const answered = once(sending, "response").then(async ([answer]) => ({
    status: answer.statusCode as number,
    body: JSON.parse(await text(answer)) as unknown,
  }));
  return { sending, answered };
}

it("takes bytes of any type, in chunks or with a length, and none at all", async () => {
  const port = await start();
  for (const headers of [
    {},
    { "content-type": "a/b; =;" },
    { "content-type": "application/json" },
    { "content-length": "3" },
  ]) {
    const { sending, answered } = open(port, headers);
    sending.end(Buffer.from([0xff, 0, 1]));
    expect(await answered).toEqual({ status: 200, body: { bytes: 3 } });
  }
  const { sending, answered } = open(port);
  sending.end();
  expect((await answered).status).toBe(200);
});

it("refuses a body that is too large, by what it says of itself or by what comes", async () => {
  const port = await start();
  const said = open(port, { "content-length": "1001" });
  said.sending.flushHeaders();
  expect(await said.answered).toEqual({ status: 413, body: { code: "request_too_large" } });
  const came = open(port);
  came.sending.write(Buffer.alloc(600));
  came.sending.end(Buffer.alloc(600));
  expect(await came.answered).toEqual({ status: 413, body: { code: "request_too_large" } });
});

it("holds no more at once than it may, and takes bodies again when others are done", async () => {
  const port = await start();
  const first = open(port, { "content-length": "900" });
  first.sending.write(Buffer.alloc(100));
  const whole = () => {
    const { sending, answered } = open(port);
    sending.end(Buffer.alloc(500));
    return answered;
  };
  let refused = await whole();
  // The first one's head may still be on its way.
  while (refused.status === 200) refused = await whole();
  expect(refused).toEqual({ status: 429, body: { code: "overloaded" } });
  first.sending.end(Buffer.alloc(800));
  expect(await first.answered).toEqual({ status: 200, body: { bytes: 900 } });
  expect((await whole()).status).toBe(200);
  // Who leaves in the midst of a body gives its place back.
  const lost = open(port, { "content-length": "900" });
  lost.answered.catch(() => undefined);
  lost.sending.write(Buffer.alloc(100));
  while ((await whole()).status === 200);
  lost.sending.destroy();
  while ((await whole()).status !== 200);
});
