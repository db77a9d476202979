import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { formatError } from "../core/dialects/openai/error.ts";
import { WeirError } from "../core/errors.ts";

/**
 * Tells a client in our words what `node:http` could not read as a request, and ends the connection.
 * `isAnswering`: an answer is on its way there, and a second one would be read as a part of it.
 */
export function answerClientError(
  cause: Error,
  socket: Socket,
  isAnswering: boolean,
): WeirError | undefined {
  const code = "code" in cause ? String(cause.code) : "";
  if (code === "ECONNRESET" || !socket.writable || isAnswering) {
    socket.destroy();
    return undefined;
  }
  const error = toError(code);
  const body = formatError(error);
  const lines = [
    `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? ""}`,
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
  ];
  // Destroyed once it is written: what else the client sends is not read.
  socket.end(`${lines.join("\r\n")}\r\n\r\n${body}`, () => socket.destroy());
  return error;
}

function toError(code: string): WeirError {
  if (code === "HPE_HEADER_OVERFLOW") {
    return new WeirError(
      "headers_too_large",
      "The request's headers are larger than 16 KiB. Send fewer, or shorter ones.",
    );
  }
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") {
    return new WeirError(
      "request_timed_out",
      "The request did not come in time: its head within server.headerTimeout, its body within server.bodyTimeout.",
    );
  }
  return new WeirError(
    "invalid_request",
    `This is no sound HTTP/1.1 request${code.startsWith("HPE_") ? ` (${code})` : ""}.`,
  );
}
