import { Agent, type IncomingMessage, type RequestListener, request as ask } from "node:http";
import { formatError } from "../core/dialects/openai/error.ts";
import { WeirError } from "../core/errors.ts";
import type { AddressOf } from "./client-address.ts";
import { isSecure } from "./session-cookie.ts";

/** Where requests go on that this process does not answer itself. */
export interface ForwardNeeds {
  /** The other process, on this machine. */
  readonly url: URL;
  readonly addressOf: () => AddressOf;
}

/** They belong to one connection, not to the message. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Hands whole requests to another process and its answers back, as they come. */
export function forwardRequests({ url, addressOf }: ForwardNeeds): RequestListener {
  const agent = new Agent({ keepAlive: true });
  const { hostname: host, port } = url;
  return (request, response) => {
    const { method, url: path } = request;
    const headers = headersFor(request, addressOf());
    const onward = ask({ host, port, method, path, headers, agent }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, withoutHops(answer));
      answer.pipe(response);
    });
    onward.on("error", () => {
      // A body that nobody wanted to the end: the answer is on its way.
      if (response.headersSent) return;
      const error = new WeirError("model_unavailable", "This part of the server is not there.", {
        retryAfterMs: 1000,
      });
      const lines = { "content-type": "application/json", "retry-after": "1" };
      response.writeHead(error.status, lines).end(formatError(error));
    });
    response.on("close", () => onward.destroy());
    request.pipe(onward);
  };
}

function headersFor(
  request: IncomingMessage,
  addressOf: AddressOf,
): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (const [name, values = []] of Object.entries(request.headersDistinct)) {
    const [first = ""] = values;
    if (!HOP_BY_HOP.has(name) && name !== "forwarded")
      headers[name] = values.length === 1 ? first : values;
  }
  const address = addressOf({ address: request.socket.remoteAddress, headers: request.headers });
  // The other process believes this one, and only this one.
  headers["x-forwarded-for"] = address ?? "";
  headers["x-forwarded-proto"] = isSecure(request) ? "https" : "http";
  return headers;
}

function withoutHops({ headersDistinct }: IncomingMessage): Record<string, string[]> {
  const kept = Object.entries(headersDistinct).filter(([name]) => !HOP_BY_HOP.has(name));
  return Object.fromEntries(kept.map(([name, values = []]) => [name, values]));
}
