import { WeirError } from "../../core/errors.ts";
import { formatSseComment } from "../../core/sse.ts";
import type { AnswerHeaders, Exchange } from "./exchange.ts";

export interface ResumableOptions {
  /** How long a stream without its client goes on, and how long an ended one can still be fetched. */
  readonly keepMs: () => number;
  /** Most bytes kept of one stream, sent or not. */
  readonly bufferBytes: () => number;
  /** Calls `run` after `ms`; gives what stops it. */
  readonly later: (ms: number, run: () => void) => () => void;
}

/** Streams that survive the loss of their client for a while. */
export interface Resumables {
  /** A stream of this caller in the place of its exchange; undefined when too many are kept. */
  open(exchange: Exchange, id: string, keyId: string): Exchange | undefined;
  /**
   * Goes on with a stream after the event that the client saw last (`<id>.<number>`). Throws
   * not_found for what is not kept, or not this key's.
   */
  resume(exchange: Exchange, lastEventId: string, keyId: string): void;
}

const MAX_KEPT = 1000;
const LAST_EVENT_ID = /^([0-9a-f]{32})(?:\.(\d{1,12}))?$/;

export function createResumables(options: ResumableOptions): Resumables {
  const kept = new Map<string, ResumableStream>();
  return {
    open(exchange, id, keyId) {
      if (kept.size >= MAX_KEPT || kept.has(id)) return undefined;
      const stream = new ResumableStream(id, keyId, options, () => kept.delete(id));
      kept.set(id, stream);
      stream.attach(exchange);
      return stream;
    },
    resume(exchange, lastEventId, keyId) {
      const [, id = "", number = "0"] = LAST_EVENT_ID.exec(lastEventId) ?? [];
      const stream = kept.get(id);
      if (stream?.keyId !== keyId) {
        throw new WeirError(
          "not_found",
          "There is no such stream to go on with: it ended some time ago, its client was away for too long, or it was not opened with x-weir-resume: 1. Send the request again.",
        );
      }
      stream.resume(exchange, Number(number));
    },
  };
}

interface Kept {
  readonly text: string;
  readonly bytes: number;
}

/** So many let-go events may stand in front of the ring before it is moved up. */
const MAX_GONE = 1024;

/**
 * The exchange of one stream, whichever connection carries it now. Every event gets an id and stays
 * in a ring for a client that comes back. Without a client the ring fills, and then the upstream is
 * held: memory stays bounded, and nothing that was not yet sent is thrown away.
 */
class ResumableStream implements Exchange {
  readonly method = "POST";
  readonly path = "";
  readonly headers = {};
  readonly keyId: string;
  hasBegun = false;
  private readonly id: string;
  private readonly options: ResumableOptions;
  private readonly forget: () => void;
  private client: Exchange | undefined;
  private answerHeaders: AnswerHeaders = {};
  private ring: Kept[] = [];
  /** Where the ring begins: what stands before was let go. */
  private start = 0;
  private ringBytes = 0;
  private lastNumber = 0;
  /** The last event that a client's connection took. */
  private sentNumber = 0;
  private hasEnded = false;
  /** The upstream was told to wait, because nobody was there to read. */
  private isHeld = false;
  private isGivenUp = false;
  private stopTimer: (() => void) | undefined;
  private drained: (() => void) | undefined;
  private left: (() => void) | undefined;

  constructor(id: string, keyId: string, options: ResumableOptions, forget: () => void) {
    this.id = id;
    this.keyId = keyId;
    this.options = options;
    this.forget = forget;
  }

  get isFull(): boolean {
    return this.client?.isFull ?? false;
  }

  get isOver(): boolean {
    return this.hasEnded || this.isGivenUp;
  }

  attach(client: Exchange): void {
    this.stopTimer?.();
    this.client = client;
    client.onDrain(() => this.drained?.());
    client.onLeave(() => this.lost(client));
  }

  resume(client: Exchange, after: number): void {
    if (after > this.lastNumber || after + 1 < this.firstNumber) {
      throw new WeirError(
        "not_found",
        `The events after ${after} are not kept any more. Send the request again.`,
      );
    }
    // Whoever held it before is most likely gone and has not been noticed yet.
    const before = this.client;
    this.attach(client);
    if (before && !before.isOver) before.end(formatSseComment("taken up elsewhere"));
    client.begin(this.answerHeaders);
    this.sentNumber = after;
    this.send();
    if (this.hasEnded) this.await();
  }

  readBody(): void {
    // The request was read before there was a stream.
  }

  /** A whole answer means that no stream began: nothing to come back for. */
  respond(status: number, headers: AnswerHeaders, body: string): void {
    this.client?.respond(status, headers, body);
    this.giveUp();
  }

  begin(headers: AnswerHeaders): void {
    this.hasBegun = true;
    this.answerHeaders = { ...headers, "x-weir-resume": this.id };
    this.client?.begin(this.answerHeaders);
  }

  write(text: string): boolean {
    if (text.startsWith(":")) return this.client?.write(text) ?? true;
    this.keep(text);
    if (this.client) return this.send();
    this.isHeld = this.ringBytes >= this.options.bufferBytes();
    return !this.isHeld;
  }

  end(text: string): void {
    this.keep(text);
    this.hasEnded = true;
    this.send();
    this.await();
  }

  onDrain(listener: () => void): void {
    this.drained = listener;
  }

  onLeave(listener: () => void): void {
    this.left = listener;
  }

  private keep(text: string): void {
    for (let start = 0; start < text.length;) {
      const stop = text.indexOf("\n\n", start);
      const end = stop === -1 ? text.length : stop + 2;
      const number = ++this.lastNumber;
      const event = `id: ${this.id}.${number}\n${text.slice(start, end)}`;
      const bytes = Buffer.byteLength(event);
      this.ring.push({ text: event, bytes });
      this.ringBytes += bytes;
      start = end;
    }
  }

  /** Sends what the client has not had; false when it reads too slowly. */
  private send(): boolean {
    const { client } = this;
    if (!client) return true;
    const from = this.start + this.sentNumber + 1 - this.firstNumber;
    let text = "";
    for (let at = from; at < this.ring.length; at++) text += this.ring[at]?.text ?? "";
    this.sentNumber = this.lastNumber;
    this.trim();
    if (this.hasEnded) {
      client.end(text);
      return true;
    }
    const isFlowing = text === "" || client.write(text);
    if (isFlowing && this.isHeld) {
      this.isHeld = false;
      this.drained?.();
    }
    return isFlowing;
  }

  /** What was sent may go when there is too much; what was not may not. */
  private trim(): void {
    const most = this.options.bufferBytes();
    while (this.ringBytes > most && this.firstNumber <= this.sentNumber) {
      this.ringBytes -= this.ring[this.start]?.bytes ?? 0;
      this.start += 1;
    }
    if (this.start < MAX_GONE) return;
    this.ring = this.ring.slice(this.start);
    this.start = 0;
  }

  private get firstNumber(): number {
    return this.lastNumber - (this.ring.length - this.start) + 1;
  }

  private lost(client: Exchange): void {
    if (this.client !== client) return;
    this.client = undefined;
    if (!this.hasBegun) this.giveUp();
    else this.await();
  }

  private await(): void {
    this.stopTimer?.();
    this.stopTimer = this.options.later(this.options.keepMs(), () => this.giveUp());
  }

  private giveUp(): void {
    if (this.isGivenUp) return;
    this.stopTimer?.();
    this.forget();
    const mustCancel = !this.hasEnded;
    this.isGivenUp = true;
    this.ring = [];
    if (mustCancel) this.left?.();
  }
}
