import type { ChatEvent } from "../../core/chat.ts";
import type {
  AnswerReader,
  UpstreamBody,
  UpstreamDialect,
} from "../../core/dialects/upstream-dialect.ts";
import { WeirError } from "../../core/errors.ts";
import type { Attempt, AttemptListener } from "../provider.ts";
import { type MessageReader, openMessages } from "./message-reader.ts";
import { MAX_ANSWER_BYTES } from "./send-whole.ts";
import type { ResponseHandlers, ResponseHead, Sending } from "./transport.ts";
import { toTransportError, toUpstreamError } from "./upstream-error.ts";

/** The target that an attempt speaks to. */
export interface AttemptTarget {
  readonly name: string;
  readonly dialect: UpstreamDialect;
  readonly timeoutMs: number;
  /** Hears how an attempt ended: undefined, or what failed. */
  settled(failure: string | undefined): void;
}

const MAX_ERROR_BYTES = 64 * 1024;

/** One generation at the upstream: the transport's callbacks in, the listener's out. */
export class UpstreamAttempt implements Attempt, ResponseHandlers {
  readonly dropped: readonly string[];
  readonly carried: readonly string[];
  readonly isRelayed: boolean;
  private readonly target: AttemptTarget;
  private readonly reader: AnswerReader;
  private readonly listener: AttemptListener;
  private readonly deadline: NodeJS.Timeout;
  private sending: Sending | undefined;
  private answer: ResponseHead = { status: 0, contentType: "", retryAfter: undefined };
  private messages: MessageReader | undefined;
  /** What came of an answer that is not a stream: decoded once, at its end. */
  private readonly held: Buffer[] = [];
  private heldBytes = 0;
  private batch: ChatEvent[] = [];
  private isOver = false;

  constructor(
    target: AttemptTarget,
    reader: AnswerReader,
    listener: AttemptListener,
    { dropped, carried = [], isRelayed = false }: Omit<UpstreamBody, "body">,
  ) {
    this.target = target;
    this.reader = reader;
    this.listener = listener;
    this.dropped = dropped;
    this.carried = carried;
    this.isRelayed = isRelayed;
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
    if (head.status >= 300) return;
    this.messages = openMessages(this.target.dialect, head.contentType, (data, name) => {
      if (!this.isOver) this.take(this.reader.message(data, name));
    });
  }

  data(chunk: Buffer): void {
    if (this.isOver) return;
    if (this.messages) {
      this.reading(() => this.messages?.push(chunk));
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
    this.reading(() => {
      if (!this.messages) {
        this.take(this.reader.whole(this.text()));
        return;
      }
      this.messages.end();
      const last = this.reader.end();
      if (last) this.take(last);
      else this.broke("broke off its answer");
    });
    this.flush();
    if (!this.over()) return;
    this.target.settled(undefined);
    this.listener.done();
  }

  failed(cause: unknown): void {
    this.fail(toTransportError(this.target.name, cause));
  }

  private text(): string {
    const [first, second] = this.held;
    if (first && !second) return first.toString();
    return Buffer.concat(this.held).toString();
  }

  /** Runs what may find that the answer is none. */
  private reading(read: () => void): void {
    try {
      read();
    } catch (cause) {
      this.failed(cause);
    }
  }

  private take(events: readonly ChatEvent[]): void {
    for (const event of events) this.batch.push(event);
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
