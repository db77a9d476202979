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
  return `http://${name}:${address.port}`;
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
