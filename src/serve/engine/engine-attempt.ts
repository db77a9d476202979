import type { ChatEvent, Usage } from "../../core/chat.ts";
import type { WeirError } from "../../core/errors.ts";
import type { Attempt, AttemptListener } from "../provider.ts";

/**
 * One generation on its way to its listener. While the reader is slow its events wait here: they are
 * bounded by the context, and the slot is free for others sooner than if it waited too.
 */
export class EngineAttempt implements Attempt {
  readonly #listener: AttemptListener;
  readonly #onCancel: () => void;
  readonly dropped: readonly string[];
  #paused = false;
  #over = false;
  #held: ChatEvent[] = [];
  #ending: (() => void) | undefined;
  /** Whether the listener has heard anything yet: if not, the call may be run again. */
  touched = false;
  /** Tokens counted so far, from the moment that a slot computes this call. */
  counted: Usage | undefined;

  constructor(
    listener: AttemptListener,
    onCancel: () => void,
    /** What the engine has no word for. */
    dropped: readonly string[] = [],
  ) {
    this.#listener = listener;
    this.#onCancel = onCancel;
    this.dropped = dropped;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    queueMicrotask(() => this.#flush());
  }

  cancel(): void {
    if (this.#over) return;
    this.#over = true;
    this.#onCancel();
  }

  usage(): Usage | undefined {
    return this.counted;
  }

  get isOver(): boolean {
    return this.#over;
  }

  events(events: readonly ChatEvent[]): void {
    if (this.#over || this.#ending) return;
    this.touched = true;
    if (this.#paused || this.#held.length > 0) this.#held.push(...events);
    else this.#listener.events(events);
  }

  done(): void {
    this.#end(() => this.#listener.done());
  }

  failed(error: WeirError): void {
    this.#end(() => this.#listener.failed(error));
  }

  #end(ending: () => void): void {
    if (this.#over || this.#ending) return;
    this.#ending = ending;
    if (!this.#paused) this.#flush();
  }

  #flush(): void {
    if (this.#over || this.#paused) return;
    const held = this.#held;
    this.#held = [];
    if (held.length > 0) this.#listener.events(held);
    // The listener may have paused or cancelled just now.
    if (this.#over || this.#paused || !this.#ending) return;
    this.#over = true;
    this.#ending();
  }
}
