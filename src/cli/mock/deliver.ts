import type { ServerResponse } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import type { Frame, Reply } from "./call.ts";

/** How an answer is written: at which pace, and spoiled in which way. */
export interface Delivery {
  readonly firstMs: number;
  readonly tokenMs: number;
  readonly fault: string | undefined;
  /** Told +1 when the reader falls behind, and -1 when it has caught up or left. */
  readonly waiting: (change: 1 | -1) => void;
  /** There while no answer may end: resolves when it may. */
  readonly held: () => Promise<void> | undefined;
}

const SLOW_FIRST_MS = 500;
/** Long enough for the first bytes to leave before the connection does. */
const BREAK_MS = 5;

/** Writes the answer to its end, or to where its fault ends it. */
export async function deliver(
  reply: Reply,
  response: ServerResponse,
  delivery: Delivery,
): Promise<void> {
  const { firstMs, fault } = delivery;
  if (fault === "refuse") {
    response.destroy();
    return;
  }
  // Takes the request and never says a word.
  if (fault === "silent") return;
  await wait(fault === "slow-first" ? Math.max(firstMs, SLOW_FIRST_MS) : firstMs);
  if ("frames" in reply) await stream(reply, response, delivery);
  else {
    await delivery.held();
    await send(reply, response, fault);
  }
}

async function send(
  { status, headers, body }: Extract<Reply, { body: unknown }>,
  response: ServerResponse,
  fault: string | undefined,
): Promise<void> {
  const isBytes = typeof body === "string" || body instanceof Buffer;
  const bytes = Buffer.from(isBytes ? body : JSON.stringify(body));
  const type = isBytes ? "text/plain" : "application/json";
  response.writeHead(status, {
    "content-type": type,
    ...headers,
    ...(fault === undefined || fault === "break" ? { "content-length": bytes.length } : {}),
  });
  if (fault === "stall") response.flushHeaders();
  else if (fault === "empty") response.end();
  else if (fault === "malformed") response.end("{not json");
  else if (fault === "break-first") await breakOff(response);
  else if (fault === "twice") {
    response.write(bytes);
    response.end(bytes);
  } else if (fault === "break") {
    response.write(bytes.subarray(0, Math.ceil(bytes.length / 2)));
    await wait(BREAK_MS);
    response.destroy();
  } else response.end(bytes);
}

async function stream(
  { format, headers, frames }: Extract<Reply, { frames: unknown }>,
  response: ServerResponse,
  { tokenMs, fault, waiting, held }: Delivery,
): Promise<void> {
  response.writeHead(200, { "content-type": format.contentType, ...headers });
  await spoilStart(format, response, fault);
  if (fault === "stall" || response.writableEnded || response.destroyed) return;

  const write = async ({ bytes }: Frame) => {
    const isFlowing = response.write(bytes);
    if (isFlowing || response.destroyed) return;
    waiting(1);
    await drained(response);
    waiting(-1);
  };
  let hasContent = false;
  const all = fault === "twice" ? twice([...frames]) : frames;
  for (const frame of all) {
    // The pause stands before a piece, so that none follows the last one.
    if (hasContent && frame.hasContent && tokenMs > 0) await wait(tokenMs);
    const mayGoOn = hasContent ? held() : undefined;
    if (mayGoOn) await mayGoOn;
    if (response.destroyed) return;
    await write(frame);
    hasContent ||= frame.hasContent === true;
    if (hasContent && fault === "mid-error") {
      // A packet of its own: some clients look for a bare error only there.
      await wait(BREAK_MS);
      response.end(format.error);
      return;
    }
    if (hasContent && fault === "break") {
      await wait(BREAK_MS);
      response.destroy();
      return;
    }
  }
  response.end();
}

async function spoilStart(
  format: Extract<Reply, { frames: unknown }>["format"],
  response: ServerResponse,
  fault: string | undefined,
): Promise<void> {
  if (fault === "stall") response.flushHeaders();
  else if (fault === "empty") response.end();
  else if (fault === "malformed") response.end(format.malformed);
  else if (fault === "error-first") response.end(format.error);
  else if (fault === "break-first") await breakOff(response);
}

/** Lets the head leave, and nothing more. */
async function breakOff(response: ServerResponse): Promise<void> {
  response.flushHeaders();
  await wait(BREAK_MS);
  response.destroy();
}

/** Resolves when the reader has caught up, or is gone. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off("drain", done);
      response.off("close", done);
      resolve();
    };
    response.on("drain", done);
    response.on("close", done);
  });
}

/** An answer, and the same once more behind it. */
function twice(frames: readonly Frame[]): readonly Frame[] {
  return [...frames, ...frames];
}
