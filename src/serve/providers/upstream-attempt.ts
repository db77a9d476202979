import { StringDecoder } from "node:string_decoder";
import type { ChatEvent, GenerateRequest } from "../../core/chat.ts";
import { parseUpstreamAnswer } from "../../core/dialects/openai/upstream.ts";
import { WeirError } from "../../core/errors.ts";
import { type SseParser, createSseParser } from "../../core/sse.ts";
import type { Attempt, AttemptListener } from "../provider.ts";
import { MAX_ANSWER_BYTES } from "./post-whole.ts";
import type { ResponseHandlers, ResponseHead, Sending } from "./transport.ts";
import { toTransportError, toUpstreamError } from "./upstream-error.ts";

/** The target that an attempt speaks to. */
export interface AttemptTarget {
  readonly name: string;
  readonly timeoutMs: number;
  /** Hears how an attempt ended: undefined, or what failed. */
  settled(failure: string | undefined): void;
}

const MAX_ERROR_BYTES = 64 * 1024;

/** One generation at the upstream: the transport's callbacks in, the listener's out. */
export class UpstreamAttempt implements Attempt, ResponseHandlers {
  private readonly target: AttemptTarget;
  private readonly request: GenerateRequest;
  private readonly listener: AttemptListener;
  private readonly deadline: NodeJS.Timeout;
  private sending: Sending | undefined;
  private answer: ResponseHead = { status: 0, contentType: "", retryAfter: undefined };
  private sse: SseParser | undefined;
  private decoder: StringDecoder | undefined;
  /** What came of an answer that is not a stream: decoded once, at its end. */
  private readonly held: Buffer[] = [];
  private heldBytes = 0;
  private batch: ChatEvent[] = [];
  private finished = 0;
  private sawDone = false;
  private isOver = false;

  constructor(target: AttemptTarget, request: GenerateRequest, listener: AttemptListener) {
    this.target = target;
    this.request = request;
    this.listener = listener;
    this.deadline = setTimeout(() => this.timedOut(), target.timeoutMs);
  }

  /** Takes the handle of its own request. */
  start(sending: Sending): void {
    this.sending = sending;
  }

  pause(): void {
    this.sending?.pause();
  }

  resume(): void {
    this.sending?.resume();
  }

  cancel(): void {
    if (this.over()) this.sending?.cancel();
  }

  head(head: ResponseHead): void {
    this.answer = head;
    if (head.status < 300 && head.contentType.startsWith("text/event-stream")) {
      this.decoder = new StringDecoder("utf8");
      this.sse = createSseParser(({ data }) => this.tookData(data));
    }
  }

  data(chunk: Buffer): void {
    if (this.isOver) return;
    if (this.sse && this.decoder) {
      try {
        this.sse.push(this.decoder.write(chunk));
      } catch (cause) {
        this.failed(cause);
      }
      return;
    }
    this.heldBytes += chunk.length;
    const most = this.answer.status < 300 ? MAX_ANSWER_BYTES : MAX_ERROR_BYTES;
    if (this.heldBytes > most) this.broke("sent an answer without end");
    else this.held.push(Buffer.from(chunk));
  }

  flush(): void {
    if (this.batch.length === 0 || this.isOver) return;
    const { batch } = this;
    this.batch = [];
    this.listener.events(batch);
  }

  end(): void {
    if (this.isOver) return;
    if (this.answer.status >= 300) {
      this.fail(toUpstreamError(this.target.name, this.answer, this.text()));
      return;
    }
    if (!this.sse) this.readWhole();
    this.flush();
    if (this.isOver) return;
    const isComplete = this.finished >= this.request.n || (this.sawDone && this.finished > 0);
    if (!isComplete) this.broke(this.sawDone ? "ended without an answer" : "broke off its answer");
    else if (this.over()) {
      this.target.settled(undefined);
      this.listener.done();
    }
  }

  failed(cause: unknown): void {
    this.fail(toTransportError(this.target.name, cause));
  }

  private text(): string {
    const [first, second] = this.held;
    if (first && !second) return first.toString();
    return Buffer.concat(this.held).toString();
  }

  private tookData(data: string): void {
    if (this.isOver) return;
    if (data === "[DONE]") this.sawDone = true;
    else this.take(parseUpstreamAnswer(data));
  }

  private readWhole(): void {
    try {
      this.take(parseUpstreamAnswer(this.text()));
    } catch (cause) {
      this.failed(cause);
    }
  }

  private take(events: readonly ChatEvent[]): void {
    for (const event of events) {
      if (event.type === "finish") this.finished += 1;
      this.batch.push(event);
    }
  }

  private timedOut(): void {
    const { name, timeoutMs } = this.target;
    const message = `${name} took longer than ${timeoutMs / 1000} s.`;
    this.fail(new WeirError("provider_timed_out", message));
  }

  private broke(what: string): void {
    this.fail(new WeirError("provider_failed", `${this.target.name} ${what}.`));
  }

  private fail(error: WeirError): void {
    if (!this.over()) return;
    this.sending?.cancel();
    this.target.settled(error.message);
    this.listener.failed(error);
  }

  /** Marks the end; false when it had come before. */
  private over(): boolean {
    if (this.isOver) return false;
    this.isOver = true;
    clearTimeout(this.deadline);
    return true;
  }
}
