import type { ChatEvent, EngineTimings, Sampling, Usage } from "../../core/chat.ts";
import type { ErrorCode } from "../../core/errors.ts";
import type { KvType } from "./layout.ts";

/**
 * What the gateway and the engine host say to each other, over the child process's message channel.
 * Both ends are always of the same build, so the wire has no version.
 */

export interface HostOptions {
  readonly file: string;
  readonly slots: number;
  /** Per slot. */
  readonly contextTokens: number;
  readonly threads: number;
  /** Layers on the GPU; −1 is all, 0 none. */
  readonly gpuLayers: number;
  readonly kvType: KvType;
  /** How long a step beside running streams may take. */
  readonly stepMs: number;
  /** Whether the file says how its embeddings are pooled. */
  readonly pools: boolean;
}

/** A stretch of a prompt. In `plain` text the names of control tokens are only letters. */
export interface PromptPart {
  readonly text: string;
  readonly plain: boolean;
}

/** One call, ready for the host: rendered, with its grammar, and every answer's settings. */
export interface HostCall {
  readonly id: number;
  readonly prompt: readonly PromptPart[];
  readonly n: number;
  readonly maxTokens: number | undefined;
  readonly stop: readonly string[];
  readonly sampling: Sampling;
  readonly topLogprobs: number | undefined;
  readonly grammar: string | undefined;
}

export interface HostError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly param?: string;
}

export type ToHost =
  | { readonly type: "load"; readonly options: HostOptions }
  | { readonly type: "generate"; readonly call: HostCall }
  /** Written to the cancel pipe as well, which a thread of its own reads (see cancel-flag.ts). */
  | { readonly type: "cancel"; readonly id: number }
  | {
      readonly type: "embed";
      readonly id: number;
      readonly input: readonly (string | readonly number[])[];
    }
  | {
      readonly type: "tokenize";
      readonly id: number;
      /** A bare text, or a rendered chat, whose beginning token is always added. */
      readonly text: string | readonly PromptPart[];
      readonly addSpecial: boolean;
    }
  | { readonly type: "detokenize"; readonly id: number; readonly tokens: readonly number[] }
  | { readonly type: "ping" };

/** What became of one call in one step. */
export interface CallProgress {
  readonly id: number;
  /** The call has left the queue: a slot computes it. */
  readonly started?: boolean;
  readonly events?: readonly ChatEvent[];
  /** Tokens counted by the end of this step: what a call that is cancelled now has used. */
  readonly soFar?: Usage;
  /** After the last event. */
  readonly done?: CallTotals;
  readonly error?: HostError;
}

export interface CallTotals {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedTokens: number;
  /** `queuedMs` is the wait inside the host only. */
  readonly timings: EngineTimings;
}

/** Tokens in the KV cache. */
export interface CacheUse {
  /** Of answers in the making. */
  readonly running: number;
  /** Of earlier ones: a prompt that begins like them is spared computing; others may take their place. */
  readonly kept: number;
}

export interface EmbedAnswer {
  readonly vectors: readonly Float32Array[];
  readonly inputTokens: number;
}

/** What the loaded model turned out to be. */
export interface HostInfo {
  readonly contextTokens: number;
  readonly devices: readonly string[];
  readonly libraryVersion: string;
  readonly build: string;
}

export type FromHost =
  | { readonly type: "ready"; readonly info: HostInfo }
  | { readonly type: "load_failed"; readonly error: HostError }
  | { readonly type: "step"; readonly calls: readonly CallProgress[]; readonly cache: CacheUse }
  | { readonly type: "answer"; readonly id: number; readonly value: unknown }
  | { readonly type: "rejected"; readonly id: number; readonly error: HostError }
  | { readonly type: "pong"; readonly rssBytes: number };
