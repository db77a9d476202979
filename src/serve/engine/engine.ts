import type { ChatRequest, EmbedRequest, GenerateRequest } from "../../core/chat.ts";
import { wishedFor } from "../../core/dialects/wishes.ts";
import { toWeirError, WeirError } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import { type Clock, later } from "../../core/time.ts";
import { describeGguf, type GgufDescription } from "../../gguf/describe-gguf.ts";
import { guardModel } from "../../gguf/guard-model.ts";
import { type GgufFile, readGguf } from "../../gguf/read-gguf.ts";
import type {
  Attempt,
  AttemptListener,
  Embeddings,
  Provider,
  ProviderHealth,
  Tokens,
} from "../provider.ts";
import { createChatTemplate, type ChatTemplate } from "./chat-template.ts";
import { EngineAttempt } from "./engine-attempt.ts";
import { EngineCalls } from "./engine-calls.ts";
import { startEngineProcess, type StartProcess } from "./engine-process.ts";
import { EngineQuestions, type Question } from "./engine-questions.ts";
import { locateLibrary, type LibraryPlace } from "./library-place.ts";
import type { KvType } from "./layout.ts";
import { checkCacheType, checkMemory, planMemory } from "./memory-check.ts";
import type {
  CacheUse,
  EmbedAnswer,
  FromHost,
  HostInfo,
  HostOptions,
  PromptPart,
} from "./messages.ts";
import { Supervisor } from "./supervisor.ts";
import { defaultThreads } from "./threads.ts";
import { normalized } from "./vector.ts";

export interface EngineOptions {
  readonly name: string;
  /** The GGUF file. */
  readonly file: string;
  /** Only a file with this hash is loaded, in hex; a pinned file may be one that is suspicious. */
  readonly sha256?: string;
  /** Calls that are computed at the same time. */
  readonly slots: number;
  /** Per slot; capped at what the model was trained for. */
  readonly contextTokens: number;
  readonly threads?: number;
  /** Layers on the GPU, all by default; means nothing without a GPU build. */
  readonly gpuLayers?: number;
  readonly kvType?: KvType;
  /** Calls that may wait for a slot; one more is turned away with `engine_busy`. */
  readonly queueLimit?: number;
  /** How long a step may take while answers are running. */
  readonly stepMs?: number;
  /** How long a host may be silent before it counts as hung. */
  readonly hangMs?: number;
  readonly log: Log;
  readonly now?: Clock;
  /** The rest are needs that tests replace: the process, the memory that is free, the library. */
  readonly startProcess?: StartProcess;
  readonly availableBytes?: () => number;
  readonly locateLibrary?: () => LibraryPlace;
}

/** What is known of the model once it is loaded; the dashboard shows all of it. */
export interface EngineInfo {
  readonly file: string;
  readonly fileBytes: number;
  readonly architecture: string;
  readonly parameters: number;
  readonly quantization: string;
  /** Per slot. */
  readonly contextTokens: number;
  readonly trainedContextTokens: number;
  readonly slots: number;
  readonly devices: readonly string[];
  readonly backend: string;
}

/** How it stands, and counters since the engine was created. */
export interface EngineStats {
  readonly running: number;
  readonly waiting: number;
  /** Prompt tokens computed, and those that the KV cache had already. */
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly generatedTokens: number;
  /** Shares of the KV cache, 0 to 1: what running answers hold, and what is kept of earlier ones. */
  readonly kvCacheUsage: number;
  readonly kvCacheKept: number;
  readonly restarts: number;
  readonly rssBytes: number | null;
  readonly pid: number | null;
}

/** A model in a process of its own, driven by our scheduler. */
export interface Engine extends Provider {
  /**
   * Loads the model; calls may come before that and wait. Resolves when it is ready, rejects with a
   * WeirError that says what is wrong. May be called again, also after a failure.
   */
  start(): Promise<void>;
  /** Ends its process until `start`, or a call, comes. For when it is ready and nothing runs there. */
  rest(): Promise<void>;
  info(): EngineInfo | undefined;
  stats(): EngineStats;
  readonly tokens: Required<Tokens>;
}

const HEARTBEAT_MS = 2000;
const HANG_MS = 60_000;
const STEP_MS = 100;
const QUEUE_LIMIT = 128;
const NOTHING_CACHED: CacheUse = { running: 0, kept: 0 };

export function createEngine(options: EngineOptions): Engine {
  return new EmbeddedEngine(options);
}

class EmbeddedEngine implements Engine {
  readonly name: string;
  readonly #options: EngineOptions;
  readonly #supervisor: Supervisor;
  readonly #calls: EngineCalls;
  readonly #questions: EngineQuestions;
  #starting: Promise<void> | undefined;
  #waiter: PromiseWithResolvers<void> | undefined;
  #model: { description: GgufDescription; template: ChatTemplate } | undefined;
  #info: EngineInfo | undefined;
  #cache: CacheUse = NOTHING_CACHED;
  #failure: WeirError | undefined;
  #closed = false;
  #lastId = 0;

  constructor(options: EngineOptions) {
    const { slots, queueLimit = QUEUE_LIMIT, now = Date.now } = options;
    this.name = options.name;
    this.#options = options;
    const send = this.#send.bind(this);
    const cancel = (id: number): void => this.#supervisor.cancel(id);
    this.#calls = new EngineCalls({ send, cancel, now, slots, queueLimit });
    this.#questions = new EngineQuestions(send, cancel);
    this.#supervisor = new Supervisor(
      {
        startProcess: options.startProcess ?? startEngineProcess,
        schedule: later,
        now,
        log: options.log.part("engine"),
        heartbeatMs: HEARTBEAT_MS,
        hangMs: options.hangMs ?? HANG_MS,
      },
      {
        ready: (info) => this.#ready(info),
        message: (message) => this.#receive(message),
        lost: (error) => this.#lost(error),
        failed: (error) => this.#fail(error),
      },
    );
  }

  start(): Promise<void> {
    this.#starting ??= this.#load().catch((cause: unknown) => {
      this.#starting = undefined;
      throw toWeirError(cause);
    });
    return this.#starting;
  }

  async rest(): Promise<void> {
    if (this.#supervisor.state === "loading") return;
    this.#starting = undefined;
    this.#cache = NOTHING_CACHED;
    this.#failAll(new WeirError("model_unavailable", "This model has gone to sleep."));
    await this.#supervisor.stop();
  }

  generate(request: GenerateRequest, listener: AttemptListener): Attempt {
    const id = ++this.#lastId;
    const dropped = wishedFor(request, ["reasoning_effort"]);
    const attempt = new EngineAttempt(listener, () => this.#calls.cancel(id), dropped);
    queueMicrotask(() => {
      if (attempt.isOver) return;
      const refusal = this.#refusal();
      if (refusal) attempt.failed(refusal);
      else this.#calls.add(id, request, attempt);
    });
    return attempt;
  }

  async embed({ input, dimensions }: EmbedRequest, signal: AbortSignal): Promise<Embeddings> {
    const answer = await this.#ask({ type: "embed", id: ++this.#lastId, input }, signal);
    const { vectors, inputTokens } = answer as EmbedAnswer; // the host's answer to this message
    const usage = { inputTokens, outputTokens: 0 };
    if (dimensions === undefined) return { vectors, usage };
    const most = vectors[0]?.length ?? 0;
    if (!Number.isInteger(dimensions) || dimensions < 1 || dimensions > most)
      throw new WeirError("invalid_request", `dimensions must be 1 to ${most} for this model.`, {
        param: "dimensions",
      });
    return { vectors: vectors.map((vector) => normalized(vector.slice(0, dimensions))), usage };
  }

  readonly tokens: Required<Tokens> = {
    tokenize: async (asked, signal) => {
      const text = "text" in asked ? asked.text : await this.#rendered(asked);
      return this.#tokenize(text, asked.addSpecialTokens ?? true, signal);
    },
    detokenize: async (_model, tokens, signal) => {
      const answer = await this.#ask({ type: "detokenize", id: ++this.#lastId, tokens }, signal);
      return answer as string; // the host's answer to this message
    },
  };

  async countTokens(request: ChatRequest, signal: AbortSignal): Promise<number> {
    return (await this.#tokenize(await this.#rendered(request), true, signal)).length;
  }

  async #tokenize(
    text: string | readonly PromptPart[],
    addSpecial: boolean,
    signal: AbortSignal,
  ): Promise<number[]> {
    const question = { type: "tokenize", id: ++this.#lastId, text, addSpecial } as const;
    return (await this.#ask(question, signal)) as number[]; // the host's answer to this message
  }

  /** The chat as the model's template writes it. */
  async #rendered(
    chat: Pick<ChatRequest, "messages"> & Partial<ChatRequest>,
  ): Promise<readonly PromptPart[]> {
    await this.start();
    if (!this.#model) throw new WeirError("model_unavailable", "The model is not loaded.");
    return this.#model.template.render(chat);
  }

  health(): ProviderHealth {
    if (this.#closed) return { state: "stopped" };
    if (this.#failure) return { state: "failed", detail: this.#failure.message };
    if (this.#starting && this.#supervisor.state === "stopped") return { state: "loading" };
    return this.#supervisor.health;
  }

  underWay(): number {
    const { running, waiting } = this.stats();
    return running + waiting;
  }

  info(): EngineInfo | undefined {
    return this.#info;
  }

  stats(): EngineStats {
    const { running, waiting, promptTokens, cachedTokens, generatedTokens } = this.#calls;
    const { restarts, rssBytes = null, pid = null } = this.#supervisor;
    const waitingAll = waiting + this.#questions.waiting;
    const tokens = { promptTokens, cachedTokens, generatedTokens };
    const counted = { running, waiting: waitingAll, ...tokens, ...this.#cacheShares() };
    return { ...counted, restarts, rssBytes, pid };
  }

  #cacheShares(): Pick<EngineStats, "kvCacheUsage" | "kvCacheKept"> {
    const { slots = 0, contextTokens = 0 } = this.#info ?? {};
    const room = Math.max(1, slots * contextTokens);
    const { running, kept } = this.#cache;
    return { kvCacheUsage: running / room, kvCacheKept: kept / room };
  }

  async close(): Promise<void> {
    this.#closed = true;
    const error = new WeirError("shutting_down", "This model is being unloaded.");
    this.#failAll(error);
    this.#waiter?.reject(error);
    await this.#supervisor.stop();
  }

  async #load(): Promise<void> {
    this.#failure = undefined;
    try {
      const file = await readGguf(this.#options.file);
      await this.#guard(file);
      const description = describeGguf(file);
      const options = this.#hostOptions(description);
      checkCacheType(options.kvType, description);
      this.#checkMemory(description, options);
      this.#model = { description, template: createChatTemplate(file.metadata) };
      if (this.#closed) throw new WeirError("shutting_down", "This model is being unloaded.");
      this.#waiter = Promise.withResolvers<void>();
      this.#supervisor.start(options);
      await this.#waiter.promise;
    } catch (cause) {
      const error = toWeirError(cause);
      if (!this.#closed) this.#fail(error);
      throw error;
    }
  }

  async #guard(file: GgufFile): Promise<void> {
    const { sha256, log } = this.#options;
    const faults = await guardModel(file, sha256);
    if (faults.length > 0) log.warn("suspicious_model_is_pinned", { file: file.path, faults });
  }

  #hostOptions(description: GgufDescription): HostOptions {
    const { file, slots, contextTokens, threads = defaultThreads() } = this.#options;
    const { gpuLayers = -1, kvType = "f16", stepMs = STEP_MS } = this.#options;
    const trained = description.contextLength ?? contextTokens;
    return {
      file,
      slots,
      contextTokens: Math.min(contextTokens, trained),
      threads,
      gpuLayers,
      kvType,
      stepMs,
      pools: description.poolingType !== undefined && description.poolingType > 0,
    };
  }

  /** With layers on a GPU the weights need not fit into memory, so nothing is claimed about them. */
  #checkMemory(description: GgufDescription, options: HostOptions): void {
    const { usesGpu } = (this.#options.locateLibrary ?? locateLibrary)();
    if (usesGpu && options.gpuLayers !== 0) return;
    const available = this.#options.availableBytes ?? (() => process.availableMemory());
    checkMemory(options.file, planMemory(description, options), available());
  }

  #refusal(): WeirError | undefined {
    if (this.#closed) return new WeirError("shutting_down", "This model is being unloaded.");
    if (this.#failure) {
      const { message } = this.#failure;
      return new WeirError("model_unavailable", message, { cause: this.#failure });
    }
    if (!this.#starting) this.start().catch(() => undefined); // the failure reaches the calls
    else if (this.#supervisor.state === "waiting" && !this.#supervisor.isWorthWaiting) {
      const detail = this.#supervisor.health.detail ?? "The engine is being started again.";
      return new WeirError("model_unavailable", detail, { retryAfterMs: 5000 });
    }
    return undefined;
  }

  async #ask(question: Question, signal: AbortSignal): Promise<unknown> {
    const refusal = this.#refusal();
    if (refusal) throw refusal;
    return await this.#questions.ask(question, signal);
  }

  #send(message: Parameters<Supervisor["send"]>[0]): void {
    this.#supervisor.send(message);
  }

  #receive(message: FromHost): void {
    if (message.type === "step") {
      this.#cache = message.cache;
      for (const call of message.calls) this.#calls.progress(call);
    } else if (message.type === "answer") this.#questions.answer(message.id, message.value);
    else if (message.type === "rejected") this.#questions.rejected(message.id, message.error);
  }

  #ready(host: HostInfo): void {
    if (!this.#model) return;
    const { description, template } = this.#model;
    this.#info = {
      file: this.#options.file,
      fileBytes: description.fileBytes,
      architecture: description.architecture,
      parameters: description.parameters,
      quantization: description.quantization,
      contextTokens: host.contextTokens,
      trainedContextTokens: description.contextLength ?? host.contextTokens,
      slots: this.#options.slots,
      devices: host.devices,
      backend: `llama.cpp v${host.libraryVersion} (${host.build})`,
    };
    this.#calls.open(template);
    this.#questions.open();
    this.#waiter?.resolve();
  }

  #lost(error: WeirError): void {
    this.#cache = NOTHING_CACHED;
    this.#calls.lost(error);
    this.#questions.lost(error);
    const refusal = this.#refusal();
    if (refusal) this.#failAll(refusal);
  }

  #fail(error: WeirError): void {
    this.#failure = error;
    this.#starting = undefined;
    const message = `The model cannot be loaded: ${error.message}`;
    this.#failAll(new WeirError("model_unavailable", message, { cause: error }));
    this.#waiter?.reject(error);
  }

  #failAll(error: WeirError): void {
    this.#calls.failAll(error);
    this.#questions.failAll(error);
  }
}
