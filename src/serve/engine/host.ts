import { Worker } from "node:worker_threads";
import { messageOf, WeirError } from "../../core/errors.ts";
import { abortCallbackOn } from "./cancel-flag.ts";
import { createCancelMemory, handleCancel, refreshFlag } from "./cancel-memory.ts";
import { Embedder } from "./embedder.ts";
import { locateLibrary, openLibrary, type Llama } from "./library.ts";
import type {
  CallProgress,
  FromHost,
  HostCall,
  HostError,
  HostOptions,
  ToHost,
} from "./messages.ts";
import { openModel, type Model } from "./model.ts";
import { Scheduler } from "./scheduler.ts";

/**
 * The engine host: the child process in which a model lives. It reads messages between steps, decodes
 * while there is work, and ends when its parent does. A crash in here costs this model only.
 */

/** The cancel pipe's place among the child's file descriptors; engine-process.ts opens it. */
const CANCEL_PIPE = 4;

interface Loaded {
  readonly llama: Llama;
  readonly model: Model;
  readonly scheduler: Scheduler;
  readonly embedder: Embedder;
}

const cancelMemory = createCancelMemory();
let loaded: Loaded | undefined;
let looping = false;

process.title = "weir-engine";
process.on("disconnect", () => process.exit(0));
// Ctrl-C and service managers signal the whole group; the gateway decides when its answers are done.
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => undefined);
process.on("message", (message) => receive(message as ToHost)); // only the gateway writes here

function receive(message: ToHost): void {
  if (message.type === "load") load(message.options);
  else if (message.type === "ping") send({ type: "pong", rssBytes: process.memoryUsage.rss() });
  else if (message.type === "cancel") cancel(message.id);
  else if (loaded) work(loaded, message);
  keepGoing();
}

function load(options: HostOptions): void {
  try {
    const entry = new URL(import.meta.url);
    entry.pathname = entry.pathname.replace(/host(\.[jt]s)$/, "cancel-listener$1");
    new Worker(entry, { workerData: { memory: cancelMemory, fd: CANCEL_PIPE } }).unref();
    const llama = openLibrary(locateLibrary(), { quiet: false });
    const model = openModel(llama, options, abortCallbackOn(cancelMemory));
    const now = (): number => performance.now();
    const scheduler = new Scheduler(model, { stepMs: options.stepMs, now });
    if (model.generates) warmUp(model, scheduler);
    const embedder = new Embedder(llama, model, { options, cancelMemory });
    loaded = { llama, model, scheduler, embedder };
    send({
      type: "ready",
      info: {
        contextTokens: model.contextTokens,
        devices: llama.devices(),
        libraryVersion: llama.version(),
        build: llama.cpuBuild() ?? llama.place.build,
      },
    });
  } catch (cause) {
    send({ type: "load_failed", error: toHostError(cause) });
  }
}

/** Brings the weights into memory and tells the pace how fast this machine is. */
function warmUp(model: Model, { pace }: Scheduler): void {
  const tokens = Array.from({ length: Math.min(32, model.contextTokens) }, () => 0);
  for (let round = 0; round < 2; round++) {
    const startedAt = performance.now();
    model.decode([{ slot: 0, position: 0, tokens, wantsOutput: true }]);
    model.keep(0, 0);
    if (round > 0)
      pace.observe(performance.now() - startedAt, { promptTokens: tokens.length, streams: 0 });
  }
}

type Work = Exclude<ToHost, { type: "load" | "ping" | "cancel" }>;

function work({ model, scheduler, embedder }: Loaded, message: Work): void {
  if (message.type === "generate") {
    try {
      scheduler.submit(message.call, promptTokens(model, message.call));
      sendProgress(scheduler);
    } catch (cause) {
      sendStep(scheduler, [{ id: message.call.id, error: toHostError(cause) }]);
    }
    return;
  }
  const { id } = message;
  try {
    if (message.type === "embed") embedder.submit(id, message.input);
    else if (message.type === "tokenize")
      answer(
        id,
        typeof message.text === "string"
          ? model.vocabulary.tokenize(message.text, {
              addSpecial: message.addSpecial,
              parseSpecial: true,
            })
          : model.vocabulary.tokenizePrompt(message.text),
      );
    else {
      model.vocabulary.checkTokens(message.tokens, "tokens");
      answer(id, model.vocabulary.detokenize(message.tokens));
    }
  } catch (cause) {
    send({ type: "rejected", id, error: toHostError(cause) });
  }
}

function promptTokens(model: Model, call: HostCall): number[] {
  if (!model.generates)
    throw new WeirError("invalid_request", "This model makes embeddings only; it cannot answer.");
  const prompt = model.vocabulary.tokenizePrompt(call.prompt);
  if (prompt.length === 0)
    throw new WeirError("invalid_request", "The prompt is empty.", { param: "prompt" });
  const { contextTokens, trainedContextTokens } = model;
  if (prompt.length < contextTokens) return prompt;
  const more =
    trainedContextTokens > contextTokens
      ? ` or raise "context" for this model in weir.yaml (it was trained for ${trainedContextTokens})`
      : "";
  throw new WeirError(
    "context_length_exceeded",
    `The prompt has ${prompt.length} tokens, and this model's context holds ${contextTokens}, ` +
      `prompt and answer together. Shorten the prompt${more}.`,
    { param: "messages" },
  );
}

function cancel(id: number): void {
  loaded?.scheduler.cancel(id);
  loaded?.embedder.cancel(id);
  handleCancel(cancelMemory);
  if (loaded) sendStep(loaded.scheduler, []);
}

/** One step a turn of the event loop, so that messages are read between steps. */
function keepGoing(): void {
  if (looping || !loaded || !(loaded.scheduler.busy || loaded.embedder.busy)) return;
  looping = true;
  setImmediate(() => {
    looping = false;
    if (loaded) turn(loaded);
    keepGoing();
  });
}

function turn({ scheduler, embedder }: Loaded): void {
  scheduler.admit();
  sendProgress(scheduler);
  refreshFlag(cancelMemory);
  scheduler.step();
  sendProgress(scheduler);
  for (const message of embedder.step()) send(message);
}

function sendProgress(scheduler: Scheduler): void {
  const calls = scheduler.takeProgress();
  if (calls.length > 0) sendStep(scheduler, calls);
}

function sendStep({ cacheUse: cache }: Scheduler, calls: readonly CallProgress[]): void {
  send({ type: "step", calls, cache });
}

function answer(id: number, value: unknown): void {
  send({ type: "answer", id, value });
}

function toHostError(cause: unknown): HostError {
  if (!(cause instanceof WeirError)) return { code: "internal", message: messageOf(cause) };
  const { code, message, param } = cause;
  return { code, message, ...(param !== undefined && { param }) };
}

function send(message: FromHost): void {
  if (process.connected) process.send?.(message);
}
