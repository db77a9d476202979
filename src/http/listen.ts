import type { AddressInfo } from "node:net";
import { WeirError, messageOf } from "../core/errors.ts";
import type { App } from "./app.ts";

/** Starts listening; gives the URL. Throws invalid_config with what to do when the address is taken. */
export async function listen(
  { fastify, server }: App,
  host: string,
  port: number,
): Promise<string> {
  try {
    await fastify.listen({ host, port });
  } catch (cause) {
    throw new WeirError("invalid_config", explain(cause, host, port), { cause });
  }
  const address = server.address() as AddressInfo; // a TCP server that listens has one
  const name = address.family === "IPv6" ? `[${host}]` : host;
  return `${server.isSecure ? "https" : "http"}://${name}:${address.port}`;
}

const IDLE_CHECK_MS = 50;

/**
 * Takes no new connections and resolves when the last is gone: idle ones are closed at once, the rest
 * may finish for `ms`, and so may what runs in the background. True when calls were cut.
 */
export async function drain(
  { server, fastify }: App,
  ms: number,
  background: Promise<void>,
): Promise<boolean> {
  let isCut = false;
  const cut = Promise.withResolvers<void>();
  const ended = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  // A connection whose call has just ended is idle, and would stay open for its client's next one.
  const idle = setInterval(() => server.closeIdleConnections(), IDLE_CHECK_MS);
  const timer = setTimeout(() => {
    isCut = true;
    server.closeAllConnections();
    cut.resolve();
  }, ms);
  await Promise.all([ended, Promise.race([background, cut.promise])]);
  clearInterval(idle);
  clearTimeout(timer);
  await fastify.close();
  return isCut;
}

function explain(cause: unknown, host: string, port: number): string {
  const code = cause instanceof Error && "code" in cause ? cause.code : "";
  if (code === "EADDRINUSE") {
    return `Port ${port} on ${host} is taken by another program. Stop it, or choose another port: --port ${port + 1}`;
  }
  if (code === "EACCES")
    return `This user may not listen on port ${port}. Choose one above 1023 with --port.`;
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND") {
    return `${host} is not an address of this machine. Choose another with --host.`;
  }
  return `Cannot listen on ${host}:${port}: ${messageOf(cause)}`;
}
