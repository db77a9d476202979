import type { Caller } from "../../core/call.ts";
import type { WeirError } from "../../core/errors.ts";
import { type AnswerHeaders, type Inbound, tooLarge } from "./exchange.ts";

export interface InnerAnswer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly text: string;
}

/** A request that this server asks of itself: a batch's line takes the same way as any call. */
export class InnerExchange implements Inbound {
  readonly method = "POST";
  readonly headers = {};
  readonly path: string;
  readonly caller: Caller;
  private readonly body: Buffer;
  private readonly answered: (answer: InnerAnswer) => void;
  private leave: (() => void) | undefined;
  private over: (() => void) | undefined;
  readonly address = undefined;
  readonly httpVersion = "";
  readonly isFull = false;
  status = 0;
  bytesOut = 0;
  hasBegun = false;
  isOver = false;
  private text = "";

  constructor(
    path: string,
    body: unknown,
    caller: Caller,
    answered: (answer: InnerAnswer) => void,
  ) {
    this.path = path;
    this.caller = caller;
    this.body = Buffer.from(JSON.stringify(body));
    this.answered = answered;
  }

  get announcedBytes(): number {
    return this.body.length;
  }

  get bytesIn(): number {
    return this.body.length;
  }

  readBody(
    maxBytes: number,
    done: (body: Buffer) => void,
    failed: (error: WeirError) => void,
  ): void {
    if (this.body.length > maxBytes) failed(tooLarge(maxBytes));
    else done(this.body);
  }

  respond(status: number, headers: AnswerHeaders, body: string): void {
    if (this.isOver) return;
    this.isOver = true;
    this.status = status;
    this.bytesOut = body.length;
    this.over?.();
    this.answered({ status, headers, text: body });
  }

  begin(): void {
    this.hasBegun = true;
  }

  write(text: string): boolean {
    this.text += text;
    return true;
  }

  end(text: string): void {
    this.respond(200, {}, this.text + text);
  }

  onDrain(): void {
    // Nobody reads slowly here.
  }

  onLeave(listener: () => void): void {
    this.leave = listener;
  }

  onOver(listener: () => void): void {
    this.over = listener;
  }

  closeAfter(): void {
    // There is no connection.
  }

  /** Breaks the call off; its answer is not wanted any more. */
  abort(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.leave?.();
    this.over?.();
  }
}
