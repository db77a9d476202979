import { AppendLog } from "../append-log.ts";

/**
 * What Redis must still be told, in order, kept in a file until it was. Every message has the id of
 * its call, and Redis takes each id once, so a message that is told twice does nothing.
 *
 *   ["o",call,…]  a call began while Redis was away: should this process die, it counts in full
 *   ["m",call,…]  a message that can be sent
 */
export interface Message {
  readonly call: string;
  readonly kind: "settle" | "charge";
  /** For a settlement: whose it is, then the amounts. For a charge: key, span, window, amount, each. */
  readonly parts: readonly string[];
}

const MOST = 100_000;

export class Outbox {
  private readonly log: AppendLog;
  private readonly waiting = new Map<string, Message>();
  private readonly begun = new Map<string, Message>();

  constructor(folder: string) {
    this.log = new AppendLog(folder);
    for (const line of this.log.lines()) this.take(line);
    // Of a process before this one: nobody will settle them any more.
    for (const [call, message] of this.begun) this.waiting.set(call, message);
    this.begun.clear();
  }

  get size(): number {
    return this.waiting.size + this.begun.size;
  }

  get isFull(): boolean {
    return this.size >= MOST;
  }

  /** The message to send should nothing more be heard of this call. Throws what the disk says. */
  begin(message: Message): void {
    this.log.append(lineOf("o", message));
    this.begun.set(message.call, message);
  }

  /** A message to send, in the place of what was begun. What cannot be written down is kept here. */
  add(message: Message): void {
    this.begun.delete(message.call);
    this.waiting.set(message.call, message);
    try {
      this.log.append(lineOf("m", message));
    } catch {
      // The disk is full: it is sent all the same, unless this process dies first.
    }
  }

  next(): Message | undefined {
    return this.waiting.values().next().value;
  }

  sent({ call }: Message): void {
    this.waiting.delete(call);
    if (this.size > 0) return;
    try {
      this.log.renew("");
    } catch {
      // What was sent is sent again after a restart, and does nothing then.
    }
  }

  close(): void {
    this.log.close();
  }

  private take(line: string): void {
    const message = parsed(line);
    if (message?.mark === "o") this.begun.set(message.call, message);
    if (message?.mark !== "m") return;
    this.begun.delete(message.call);
    this.waiting.set(message.call, message);
  }
}

function lineOf(mark: "o" | "m", { call, kind, parts }: Message): string {
  return `${JSON.stringify([mark, call, kind, ...parts])}\n`;
}

function parsed(line: string): (Message & { mark: unknown }) | undefined {
  try {
    const [mark, call, kind, ...parts] = JSON.parse(line) as string[]; // our own line, or cut short
    if (call === undefined || (kind !== "settle" && kind !== "charge")) return undefined;
    return { mark, call, kind, parts };
  } catch {
    return undefined;
  }
}
