import type { Caller } from "../../core/call.ts";
import type { ChatEvent, Usage } from "../../core/chat.ts";
import type { AnswerHead, ClientProtocol } from "../../core/dialects/client-protocol.ts";
import { type Echo, ResponseAnswer } from "../../core/dialects/responses/answer.ts";
import { openAiResponses } from "../../core/dialects/responses/responses.ts";
import type { WeirError } from "../../core/errors.ts";
import type { AnswerFacts, Reply, RunningCall } from "../gateway/needs.ts";
import { EventRing } from "./event-ring.ts";

/** How a run ended: decides what is kept of it. */
export type Outcome = "completed" | "canceled" | { readonly error: WeirError };

export interface RunOptions {
  readonly head: AnswerHead;
  readonly caller: Caller;
  readonly echo: Echo;
  readonly isStreamed: boolean;
  readonly isBackground: boolean;
  /** Called once, before the client hears of the end. */
  readonly settled: (run: Run, outcome: Outcome) => void;
}

/**
 * One response while it is made. It stands between the call and the client's reply: it writes the
 * events once, and hands them to the client, to those who follow a background response, and to the
 * store. A background run goes on without its client.
 */
export class Run implements Reply, RunningCall {
  readonly caller: Caller;
  /** As the client calls it. */
  readonly model: string;
  readonly isBackground: boolean;
  readonly answer: ResponseAnswer;
  readonly ring: EventRing | undefined;
  readonly protocol: ClientProtocol;
  hasBegun = false;
  private readonly settled: RunOptions["settled"];
  private reply: Reply | undefined;
  private call: RunningCall | undefined;
  private isOver = false;
  /** Events that the client's reply has yet to fetch. */
  private waiting = "";

  constructor({ head, caller, echo, isStreamed, isBackground, settled }: RunOptions) {
    this.caller = caller;
    this.model = head.model;
    this.isBackground = isBackground;
    this.settled = settled;
    this.answer = new ResponseAnswer(head, echo, isStreamed || isBackground);
    this.ring = isBackground ? new EventRing() : undefined;
    this.protocol = {
      ...openAiResponses,
      whole: () => JSON.stringify(this.answer.response()),
      stream: () => ({
        events: () => this.fetch(),
        end: () => this.fetch(),
        fail: () => this.fetch(),
      }),
    };
  }

  /** What is made goes to this client, and ends when it leaves. */
  attach(reply: Reply): void {
    this.reply = reply;
  }

  /** Answers the client at once: with the queued response, or with its first events. */
  detach(reply: Reply, isStreamed: boolean): void {
    this.reply = isStreamed ? reply : undefined;
    reply.begin({ dropped: [], carried: [], isRelayed: false });
    this.publish(this.answer.queued());
    if (isStreamed) reply.events([]);
    else reply.end({ inputTokens: 0, outputTokens: 0 });
  }

  /** Starts the call that writes into this run. */
  work(begin: (reply: Reply) => RunningCall): void {
    const call = begin(this);
    if (!this.isOver) this.call = call;
  }

  begin(answer: AnswerFacts): void {
    this.hasBegun = true;
    if (!this.isBackground) this.reply?.begin(answer);
  }

  events(events: readonly ChatEvent[]): boolean {
    this.publish(this.answer.events(events));
    const isReady = this.reply?.events(events) ?? true;
    // A slow reader must not hold what goes on without it.
    return isReady || this.isBackground;
  }

  end(usage: Usage): void {
    this.publish(this.answer.end(usage));
    this.settle("completed");
    this.reply?.end(usage);
  }

  fail(error: WeirError): void {
    if (this.isOver) return;
    this.publish(this.answer.fail(error));
    this.settle({ error });
    this.reply?.fail(error);
  }

  /** The client left. */
  cancel(): void {
    if (this.isBackground) this.reply = undefined;
    else this.stop();
  }

  resume(): void {
    this.call?.resume();
  }

  /** Ends the work; what has come so far is kept. */
  stop(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.call?.cancel();
    this.answer.cancel();
    this.settle("canceled");
    if (this.isBackground) this.reply?.end({ inputTokens: 0, outputTokens: 0 });
  }

  /** Ends the work because of something that is not the client's doing. */
  breakOff(error: WeirError): void {
    this.call?.breakOff(error);
    this.fail(error);
  }

  private settle(outcome: Outcome): void {
    this.isOver = true;
    this.settled(this, outcome);
    this.ring?.end();
  }

  private publish(text: string): void {
    if (this.reply) this.waiting += text;
    this.ring?.push(text, this.answer.lastNumber);
  }

  private fetch(): string {
    const { waiting } = this;
    this.waiting = "";
    return waiting;
  }
}
