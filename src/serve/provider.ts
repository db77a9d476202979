import type {
  ChatEvent,
  ChatMessage,
  ChatRequest,
  EmbedRequest,
  GenerateRequest,
  Usage,
} from "../core/chat.ts";
import type { WeirError } from "../core/errors.ts";

/**
 * What an attempt tells its driver. Methods are called one at a time and in order, never from
 * inside `generate` itself; after `done` or `failed` nothing more is called.
 */
export interface AttemptListener {
  /** One or more events that became known together (one decode step, one network read). */
  events(events: readonly ChatEvent[]): void;
  /** The answer is complete: every index had its `finish`. */
  done(): void;
  /** The attempt is over and its answer is not complete. */
  failed(error: WeirError): void;
}

/** W3C's trace context for one attempt: what the upstream tells a collector then hangs under the call. */
export interface UpstreamTrace {
  readonly traceparent: string;
  readonly tracestate?: string;
}

/** A generation under way. All three methods may be called at any time, also after its end. */
export interface Attempt {
  /** Asks for silence: the reader is slow. Events already under way may still arrive. */
  pause(): void;
  resume(): void;
  /** Stops the upstream's work at once. The listener hears nothing more. */
  cancel(): void;
  /** Tokens counted so far, where the provider knows: what a canceled call still pays. */
  usage?(): Usage | undefined;
  /** Wishes of the request that this provider has no word for: the client is told. */
  readonly dropped?: readonly string[];
  /** Fields that Weir does not know and that the upstream got all the same. */
  readonly carried?: readonly string[];
  /** The upstream got the client's own body: fields that Weir does not know went along. */
  readonly isRelayed?: boolean;
}

export interface Embeddings {
  readonly vectors: readonly (readonly number[] | Float32Array)[];
  readonly usage: Usage;
}

/**
 * One place that can answer: a cloud API, another server, or an embedded engine.
 *
 * Callbacks rather than async iterators, because an async hop per token costs more than the rest
 * of the relay (measured; see docs/decisions). `generate` never throws: failures reach the listener.
 */
export interface Provider {
  readonly name: string;
  /** Whether nothing of a request leaves before the turn's end: by `core/turn-writes.ts`. Absent: no. */
  readonly sendsAtTurnEnd?: boolean;
  generate(request: GenerateRequest, listener: AttemptListener, trace?: UpstreamTrace): Attempt;
  /** Throws a WeirError and nothing else. */
  embed(request: EmbedRequest, signal: AbortSignal): Promise<Embeddings>;
  /** Absent where the provider ranks no documents. Throws a WeirError and nothing else. */
  rerank?(request: RerankRequest, signal: AbortSignal): Promise<Reranking>;
  /** Absent where the provider does not show its tokens. */
  readonly tokens?: Tokens;
  /** How many tokens a chat's prompt has; absent, or undefined, where the provider does not tell. */
  countTokens?(request: ChatRequest, signal: AbortSignal): Promise<number | undefined>;
  /** Hands a request on and its answer back, byte for byte: what only OpenAI-shaped upstreams have. */
  forward?(
    message: Forwarded,
    listener: ForwardListener,
  ): Pick<Attempt, "pause" | "resume" | "cancel">;
  /** What the upstream says of itself when it is asked. Throws a WeirError when it cannot be asked. */
  facts?(signal: AbortSignal): Promise<ProviderFacts>;
  /** What an operator can do to the engine behind it; absent: nothing. */
  readonly controls?: EngineControls;
  /** Whether the target could take a call now, and if not, why, in words for an operator. */
  health(): ProviderHealth;
  /** Requests that run or wait there now. Absent: not known. */
  underWay?(): number;
  /** Stops everything that runs for this provider and frees its memory. */
  close(): Promise<void>;
}

export interface RerankRequest {
  readonly model: string;
  readonly query: string;
  readonly documents: readonly string[];
  readonly topN?: number;
}

export interface Reranking {
  /** Best first; `index` is the document's place in the request. */
  readonly results: readonly { readonly index: number; readonly score: number }[];
  readonly usage: Usage;
}

/** A model's own tokens. All throw a WeirError and nothing else. */
export interface Tokens {
  tokenize(asked: Tokenizable, signal: AbortSignal): Promise<readonly number[]>;
  /** Absent where it cannot be told back. */
  detokenize?(model: string, tokens: readonly number[], signal: AbortSignal): Promise<string>;
}

/** A text, or a chat as the model's template would write it. */
export type Tokenizable = {
  readonly model: string;
  readonly addSpecialTokens?: boolean;
} & ({ readonly text: string } | { readonly messages: readonly ChatMessage[] });

export interface Forwarded {
  /** Below the upstream's `/v1`: `/audio/speech`. */
  readonly path: string;
  readonly contentType: string;
  readonly body: Buffer;
}

export interface ForwardListener {
  head(status: number, contentType: string): void;
  /** The bytes are overwritten after the call: what is kept must be copied. */
  data(chunk: Buffer): void;
  done(): void;
  /** Before `head`: nothing was answered. After it: the answer broke off. */
  failed(error: WeirError): void;
}

/** What an upstream says of itself. Absent: it does not say. */
export interface ProviderFacts {
  readonly version?: string;
  readonly models: readonly { readonly id: string; readonly contextTokens?: number }[];
  readonly load?: EngineLoad;
  readonly isSleeping?: boolean;
  /** Routes of the engine that answer without its key. */
  readonly openRoutes?: readonly string[];
}

/** How busy an engine is, in the same words for every engine. */
export interface EngineLoad {
  readonly running?: number;
  readonly waiting?: number;
  /** 0 to 1. */
  readonly kvCacheUsage?: number;
  /** 0 to 1, since the engine's start. */
  readonly prefixCacheHitRate?: number;
  readonly promptTokens?: number;
  readonly generatedTokens?: number;
}

/** Each throws a WeirError; unsupported_parameter when this engine or its settings lack it. */
export interface EngineControls {
  loadLora?(name: string, path: string, signal: AbortSignal): Promise<void>;
  unloadLora?(name: string, signal: AbortSignal): Promise<void>;
  /** Level 1 keeps the weights in memory, level 2 lets them go. */
  sleep?(level: 1 | 2, signal: AbortSignal): Promise<void>;
  wake?(signal: AbortSignal): Promise<void>;
  resetPrefixCache?(signal: AbortSignal): Promise<void>;
}

export interface ProviderHealth {
  readonly state: "ready" | "loading" | "failed" | "stopped" | "unknown";
  readonly detail?: string;
}
