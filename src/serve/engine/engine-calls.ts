import type { ChatEvent, GenerateRequest } from "../../core/chat.ts";
import { toWeirError, WeirError } from "../../core/errors.ts";
import type { Clock } from "../../core/time.ts";
import { newId } from "../../core/ids.ts";
import { THINK_TAGS } from "./answer-form.ts";
import { AnswerParser } from "./answer-parser.ts";
import type { ChatTemplate } from "./chat-template.ts";
import type { EngineAttempt } from "./engine-attempt.ts";
import type { CallProgress, CallTotals, HostError, PromptPart, ToHost } from "./messages.ts";
import { toHostCall } from "./to-host-call.ts";

interface Entry {
  readonly id: number;
  readonly request: GenerateRequest;
  readonly attempt: EngineAttempt;
  readonly receivedAt: number;
  startedAt: number | undefined;
  /** Takes the answer's text apart, where there may be more than text in it. */
  parser: AnswerParser | undefined;
  sent: boolean;
  retried: boolean;
}

export interface CallsNeeds {
  readonly send: (message: ToHost) => void;
  readonly cancel: (id: number) => void;
  readonly now: Clock;
  readonly slots: number;
  readonly queueLimit: number;
}

/**
 * The calls that an engine has taken on: which wait, which run, what the host says of each, and what
 * becomes of them when the host is lost. Calls that have told nothing yet are run once more.
 */
export class EngineCalls {
  readonly #needs: CallsNeeds;
  readonly #entries = new Map<number, Entry>();
  #template: ChatTemplate | undefined;
  /** Whether a loaded host takes messages now. */
  #isOpen = false;
  #meanMs = 1000;
  promptTokens = 0;
  cachedTokens = 0;
  generatedTokens = 0;

  constructor(needs: CallsNeeds) {
    this.#needs = needs;
  }

  get running(): number {
    return this.#entries.size - this.waiting;
  }

  get waiting(): number {
    let waiting = 0;
    for (const { startedAt } of this.#entries.values()) if (startedAt === undefined) waiting++;
    return waiting;
  }

  /** Takes a call on, or fails it at once: not from inside `generate`. */
  add(id: number, request: GenerateRequest, attempt: EngineAttempt): void {
    const { now, queueLimit } = this.#needs;
    if (this.#entries.size >= queueLimit && this.waiting >= queueLimit) {
      attempt.failed(this.#busy());
      return;
    }
    const entry: Entry = {
      id,
      request,
      attempt,
      receivedAt: now(),
      startedAt: undefined,
      parser: undefined,
      sent: false,
      retried: false,
    };
    this.#entries.set(id, entry);
    if (this.#isOpen) this.#send(entry);
  }

  cancel(id: number): void {
    const entry = this.#entries.get(id);
    this.#entries.delete(id);
    if (entry?.sent) this.#needs.cancel(id);
  }

  /** A host is loaded: everything that waits goes there. */
  open(template: ChatTemplate): void {
    this.#template = template;
    this.#isOpen = true;
    for (const entry of this.#entries.values()) this.#send(entry);
  }

  /** The host is gone; another will come. */
  lost(error: WeirError): void {
    this.#isOpen = false;
    for (const entry of this.#entries.values()) {
      const again = !entry.sent || (!entry.attempt.touched && !entry.retried);
      if (!again) this.#fail(entry, error);
      entry.retried ||= entry.sent;
      entry.sent = false;
      entry.startedAt = undefined;
    }
  }

  failAll(error: WeirError): void {
    this.#isOpen = false;
    for (const entry of this.#entries.values()) this.#fail(entry, error);
  }

  progress({ id, started, events, soFar, done, error }: CallProgress): void {
    const entry = this.#entries.get(id);
    if (!entry) return;
    if (soFar) entry.attempt.counted = soFar;
    if (started) this.#started(entry);
    const told = events && entry.parser ? entry.parser.push(events) : events;
    if (told?.length) entry.attempt.events(told);
    if (error) this.#fail(entry, fromHostError(error));
    if (done) this.#done(entry, done);
  }

  #send(entry: Entry): void {
    if (entry.sent || !this.#template) return;
    try {
      const call = toHostCall(entry.id, entry.request, this.#template);
      entry.sent = true;
      entry.parser = parserFor(entry.request, this.#template, call.prompt);
      this.#needs.send({ type: "generate", call });
    } catch (cause) {
      this.#fail(entry, toWeirError(cause));
    }
  }

  #started(entry: Entry): void {
    entry.startedAt = this.#needs.now();
    const { request, attempt } = entry;
    if (request.kind !== "completion" || !request.echo) return;
    const text = request.prompt;
    const echo = Array.from({ length: request.n }, (_, index): ChatEvent => {
      return { type: "text-delta", index, text };
    });
    attempt.events(echo);
  }

  #done(entry: Entry, totals: CallTotals): void {
    const { inputTokens, outputTokens, cachedTokens, timings } = totals;
    this.promptTokens += inputTokens - cachedTokens;
    this.cachedTokens += cachedTokens;
    this.generatedTokens += outputTokens;
    const now = this.#needs.now();
    const startedAt = entry.startedAt ?? now;
    this.#meanMs += 0.2 * (now - startedAt - this.#meanMs);
    this.#entries.delete(entry.id);
    const queuedMs = startedAt - entry.receivedAt;
    entry.attempt.events([
      {
        type: "usage",
        usage: { inputTokens, outputTokens, cachedTokens },
        timings: { ...timings, queuedMs },
      },
    ]);
    entry.attempt.done();
  }

  #fail(entry: Entry, error: WeirError): void {
    this.#entries.delete(entry.id);
    entry.attempt.failed(error);
  }

  #busy(): WeirError {
    const { slots, queueLimit } = this.#needs;
    const waitMs = (this.#meanMs * queueLimit) / slots;
    return new WeirError(
      "engine_busy",
      `This model has ${queueLimit} calls waiting already; try again later.`,
      { retryAfterMs: Math.round(Math.min(60_000, Math.max(1000, waitMs))) },
    );
  }
}

function parserFor(
  request: GenerateRequest,
  { form }: ChatTemplate,
  prompt: readonly PromptPart[],
): AnswerParser | undefined {
  if (request.kind !== "chat") return undefined;
  const tools = request.toolChoice === "none" ? [] : (request.tools ?? []);
  if (tools.length === 0 && !form.thinks) return undefined;
  const end = prompt.at(-1)?.text.trimEnd() ?? "";
  return new AnswerParser({
    tools,
    thinks: form.thinks,
    startsThinking: form.thinks && end.endsWith(THINK_TAGS[0]),
    newCallId: () => newId("call_"),
  });
}

/** A refusal that the host has put into words, as the caller's error. */
export function fromHostError({ code, message, param }: HostError): WeirError {
  return new WeirError(code, message, param === undefined ? {} : { param });
}
