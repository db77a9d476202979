import { WeirError } from "../../core/errors.ts";
import { fromHostError } from "./engine-calls.ts";
import type { HostError, ToHost } from "./messages.ts";

/** A message that the host answers once. */
export type Question = Extract<ToHost, { type: "embed" | "tokenize" | "detokenize" }>;

interface Asked {
  readonly question: Question;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: WeirError) => void;
  retried: boolean;
}

/** Questions to the host and who waits for their answers. A question lost in a crash is asked again, once. */
export class EngineQuestions {
  readonly #send: (message: ToHost) => void;
  readonly #cancel: (id: number) => void;
  readonly #asked = new Map<number, Asked>();
  #isOpen = false;

  constructor(send: (message: ToHost) => void, cancel: (id: number) => void) {
    this.#send = send;
    this.#cancel = cancel;
  }

  get waiting(): number {
    return this.#asked.size;
  }

  /** Rejects with a WeirError; an abort takes the question back. */
  async ask(question: Question, signal: AbortSignal): Promise<unknown> {
    if (signal.aborted) throw leftEarly();
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const { id } = question;
    this.#asked.set(id, { question, resolve, reject, retried: false });
    const leave = (): void => {
      if (this.#isOpen) this.#cancel(id);
      reject(leftEarly());
    };
    signal.addEventListener("abort", leave, { once: true });
    if (this.#isOpen) this.#send(question);
    try {
      return await promise;
    } finally {
      signal.removeEventListener("abort", leave);
      this.#asked.delete(id);
    }
  }

  answer(id: number, value: unknown): void {
    this.#asked.get(id)?.resolve(value);
  }

  rejected(id: number, error: HostError): void {
    this.#asked.get(id)?.reject(fromHostError(error));
  }

  open(): void {
    this.#isOpen = true;
    for (const { question } of this.#asked.values()) this.#send(question);
  }

  lost(error: WeirError): void {
    this.#isOpen = false;
    for (const asked of this.#asked.values()) {
      if (asked.retried) asked.reject(error);
      asked.retried = true;
    }
  }

  failAll(error: WeirError): void {
    this.#isOpen = false;
    for (const { reject } of this.#asked.values()) reject(error);
  }
}

function leftEarly(): WeirError {
  return new WeirError("client_closed", "The caller left before the answer was there.");
}
