import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { type Caller, tenantOf } from "../core/call.ts";
import { newId } from "../core/ids.ts";
import { InnerExchange } from "../http/lane/inner-exchange.ts";
import type { Lane } from "../http/lane/inference.ts";
import { type Batches, createBatches } from "../serve/batch/batches.ts";
import type { BatchNeeds, LineResult } from "../serve/batch/needs.ts";
import { type Files, createFiles } from "../serve/files/files.ts";
import { startCall } from "../serve/gateway/call.ts";
import type { Generate } from "../serve/gateway/needs.ts";
import { type SideCalls, createSideCalls } from "../serve/gateway/side-calls.ts";
import { type Conversations, createConversations } from "../serve/responses/conversations.ts";
import type { Inspect } from "../serve/responses/needs.ts";
import { type Responses, createResponses } from "../serve/responses/responses.ts";
import { type FileFolder, createFileFolder } from "../store/file-folder.ts";
import { type Gateway, gatewayOf } from "./gateway.ts";
import type { House } from "./house.ts";

/** What stands on the call path, and what of it outlives a call. */
export interface Services {
  readonly gateway: Gateway;
  readonly generate: Generate;
  readonly sideCalls: SideCalls;
  readonly files: Files;
  /** Where the contents of files lie. */
  readonly contents: FileFolder;
  readonly responses: Responses;
  readonly conversations: Conversations;
}

/** Builds the services; `stack` ends what still runs in the background. */
export async function buildServices(house: House, stack: AsyncDisposableStack): Promise<Services> {
  const { control, settings, log } = house;
  const gateway = gatewayOf(house);
  const generate: Generate = (request, context, reply) =>
    startCall(request, context, reply, gateway);
  const contents = createFileFolder(join(settings.dataFolder, "files"));
  const files = createFiles({ shelf: control.files, contents, now: gateway.now, newId });
  const { conversations } = control;
  const inspect: Inspect = (request, caller) => {
    const { model } = request;
    const tenant = tenantOf(caller);
    return house.live.gate.inspect(request, { route: "/v1/responses", model, tenant }).request;
  };
  const responses = createResponses({
    responses: control.responses,
    conversations,
    file: (keyId, id) => files.readable(keyId, id),
    inspect,
    generate,
    now: gateway.now,
    newId,
    log: log.part("responses"),
  });
  stack.defer(() => responses.close());
  return {
    gateway,
    generate,
    sideCalls: createSideCalls(gateway),
    files,
    contents,
    responses,
    conversations: createConversations({ conversations, inspect, newId }),
  };
}

/** How many callers may wait for their answers before batches make room. */
const BUSY_FROM = 8;
const BATCH_LINES = 4;

/** The queue of batches, whose lines take the lane as any call does. It is gone on with at once. */
export function startBatches(
  house: House,
  { contents }: Services,
  lane: Lane,
  stack: AsyncDisposableStack,
): Batches {
  const { access, control, metrics, log } = house;
  let running = 0;
  const run: BatchNeeds["run"] = async (url, body, caller, signal) => {
    running += 1;
    try {
      return await askLane(lane, { url, body, caller }, signal);
    } finally {
      running -= 1;
    }
  };
  const batches = createBatches({
    shelf: control.batches,
    files: {
      ...contents,
      find: (keyId, id) => control.files.find(keyId, id),
      add: (file) => control.files.add(file),
    },
    run,
    caller: (keyId) => access.callerById(keyId),
    isBusy: () => metrics.live.activeCalls - running >= BUSY_FROM,
    concurrency: () => BATCH_LINES,
    pause: (ms, signal) => wait(ms, undefined, { signal, ref: false }).catch(() => undefined),
    now: Date.now,
    newId,
    log: log.part("batches"),
  });
  stack.defer(() => batches.close());
  batches.resume();
  return batches;
}

function askLane(
  lane: Lane,
  { url, body, caller }: { url: string; body: unknown; caller: Caller },
  signal: AbortSignal,
): Promise<LineResult> {
  return new Promise((resolve, reject) => {
    const exchange = new InnerExchange(url, body, caller, ({ status, headers, text }) => {
      const seconds = Number(headers["retry-after"]);
      const mayRetry = headers["x-should-retry"] === "true";
      resolve({
        status,
        body: JSON.parse(text) as unknown, // our own answer
        ...(mayRetry && { retryAfterMs: Number.isFinite(seconds) ? seconds * 1000 : 1000 }),
      });
    });
    signal.addEventListener("abort", () => {
      exchange.abort();
      reject(signal.reason);
    });
    lane(exchange);
  });
}
