import { isUtf8 } from "node:buffer";
import type { IncomingMessage } from "node:http";
import { WeirError, messageOf } from "../../core/errors.ts";

/**
 * Collects a request's body and parses it as JSON. Calls exactly one of `done` and `failed`, and
 * neither when the client goes away first.
 */
export function readJson(
  request: IncomingMessage,
  maxBytes: number,
  done: (body: unknown) => void,
  failed: (error: WeirError) => void,
): void {
  const declared = Number(request.headers["content-length"] ?? 0);
  if (declared > maxBytes) {
    failed(tooLarge(maxBytes));
    return;
  }
  const chunks: Buffer[] = [];
  let size = 0;
  request.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size <= maxBytes) chunks.push(chunk);
    else if (chunks.length > 0) {
      chunks.length = 0;
      failed(tooLarge(maxBytes));
    }
  });
  request.on("end", () => {
    if (size > maxBytes) return;
    const bytes = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
    let body: unknown;
    try {
      body = parse(bytes);
    } catch (cause) {
      failed(
        cause instanceof WeirError ? cause : new WeirError("invalid_request", messageOf(cause)),
      );
      return;
    }
    done(body);
  });
}

function parse(bytes: Buffer): unknown {
  if (bytes.length === 0) {
    throw new WeirError("invalid_request", "The body is empty: send a JSON object.");
  }
  if (!isUtf8(bytes)) {
    throw new WeirError(
      "invalid_request",
      "The body is not valid UTF-8: JSON must be sent as UTF-8.",
    );
  }
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch (cause) {
    // V8's message quotes the body around the fault; that may be a prompt, so only the place is kept.
    const place = /position \d+(?: \(line \d+ column \d+\))?/.exec(messageOf(cause))?.[0];
    throw new WeirError(
      "invalid_request",
      `The body is not valid JSON${place ? `, at ${place}` : ""}.`,
    );
  }
}

function tooLarge(maxBytes: number): WeirError {
  const limit = Math.round((maxBytes / 1024 / 1024) * 10) / 10;
  return new WeirError(
    "request_too_large",
    `The body is larger than ${limit} MiB, this server's limit. Send less, or raise server.maxBodyMiB in weir.yaml.`,
  );
}
