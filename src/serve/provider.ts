import type { ChatEvent, EmbedRequest, GenerateRequest, Usage } from "../core/chat.ts";
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

/** A generation under way. All three methods may be called at any time, also after its end. */
export interface Attempt {
  /** Asks for silence: the reader is slow. Events already under way may still arrive. */
  pause(): void;
  resume(): void;
  /** Stops the upstream's work at once. The listener hears nothing more. */
  cancel(): void;
  /** Tokens counted so far, where the provider knows: what a canceled call still pays. */
  usage?(): Usage | undefined;
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
  generate(request: GenerateRequest, listener: AttemptListener): Attempt;
  /** Throws a WeirError and nothing else. */
  embed(request: EmbedRequest, signal: AbortSignal): Promise<Embeddings>;
  /** Whether the target could take a call now, and if not, why, in words for an operator. */
  health(): ProviderHealth;
  /** Stops everything that runs for this provider and frees its memory. */
  close(): Promise<void>;
}

export interface ProviderHealth {
  readonly state: "ready" | "loading" | "failed" | "stopped" | "unknown";
  readonly detail?: string;
}
