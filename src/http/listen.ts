import type { AddressInfo } from "node:net";
import { WeirError, messageOf } from "../core/errors.ts";
import type { FastifyInstance } from "fastify";
import type { LaneServer } from "./lane-server.ts";

/** What listens; beside workers' own servers it has a framework to start and stop. */
export interface Listening {
  readonly server: LaneServer;
  readonly fastify?: Pick<FastifyInstance, "listen" | "close">;
}

/** Starts listening; gives the URL. Throws invalid_config with what to do when the address is taken. */
export async function listen(
  { fastify, server }: Listening,
  host: string,
  port: number,
): Promise<string> {
  try {
    if (fastify) await fastify.listen({ host, port });
    else await listening(server, host, port);
  } catch (cause) {
    throw new WeirError("invalid_config", explain(cause, host, port), { cause });
  }
  const address = server.address() as AddressInfo; // a TCP server that listens has one
  const name = address.family === "IPv6" ? `[${host}]` : host;
  return `${server.isSecure ? "https" : "http"}://${name}:${address.port}`;
}

function listening(server: LaneServer, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

const IDLE_CHECK_MS = 50;
/** For what is said to the clients of cut calls to arrive. */
const LAST_WORDS_MS = 1000;

export interface Draining {
  /** How long running calls may go on. */
  readonly ms: number;
  /** What runs without a client, which may go on as long. */
  readonly background: Promise<void>;
  /** Ends the calls that still run, telling their clients. */
  readonly cut: () => void;
}

/**
 * Takes no new connections and resolves when the last is gone: idle ones are closed at once, the rest
 * may finish for `ms`, and so may what runs in the background. True when calls were cut.
 */
export async function drain(
  { server, fastify }: Listening,
  { ms, background, cut }: Draining,
): Promise<boolean> {
  let isCut = false;
  const given = Promise.withResolvers<void>();
  const ended = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  // A connection whose call has just ended is idle, and would stay open for its client's next one.
  const idle = setInterval(() => server.closeIdleConnections(), IDLE_CHECK_MS);
  let last: NodeJS.Timeout | undefined;
  const timer = setTimeout(() => {
    isCut = true;
    cut();
    given.resolve();
    last = setTimeout(() => server.closeAllConnections(), LAST_WORDS_MS);
  }, ms);
  await Promise.all([ended, Promise.race([background, given.promise])]);
  clearInterval(idle);
  clearTimeout(timer);
  clearTimeout(last);
  await fastify?.close();
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
