import type { ChatEvent, Dialect, GenerateRequest } from "../../chat.ts";
import { WeirError } from "../../errors.ts";
import type { AnswerReader, UpstreamDialect } from "../upstream-dialect.ts";
import { chatOnly } from "../wishes.ts";
import { ChunkRun } from "./chunk-run.ts";
import { QUIRKS, type QuirkName, type Quirks } from "./quirks.ts";
import { parseUpstreamAnswer } from "./upstream-answer.ts";
import { toUpstreamBody } from "./upstream-request.ts";

/** The dialect of one kind of server that speaks as OpenAI does, or nearly so. */
export function openAiUpstream(kind: QuirkName): UpstreamDialect {
  const quirks: Quirks = QUIRKS[kind];
  const taken = (request: GenerateRequest) => (quirks.completions ? request : chatOnly(request));
  return {
    dialect: "openai-chat",
    framing: "sse",
    path: ({ kind }) =>
      kind === "chat" || !quirks.completions ? "/chat/completions" : "/completions",
    body: (request) => toUpstreamBody(taken(request), quirks),
    // A chat's answer is none that a client of completions can have as it is.
    reader: (request) => new OpenAiReader(taken(request)),
  };
}

class OpenAiReader implements AnswerReader {
  private readonly relayTo: Dialect | undefined;
  private readonly run = new ChunkRun();
  private readonly answers: number;
  private finished = 0;
  private sawDone = false;

  constructor({ kind, n, source }: GenerateRequest) {
    const dialect = kind === "chat" ? "openai-chat" : "openai-completions";
    this.relayTo = source?.dialect === dialect ? dialect : undefined;
    this.answers = n;
  }

  message(data: string): readonly ChatEvent[] {
    // What comes after the end is no part of this answer.
    this.sawDone ||= data === "[DONE]";
    if (this.sawDone) return [];
    const known = this.run.read(data);
    if (known) return [known];
    const events = this.note(parseUpstreamAnswer(data, this.relayTo));
    this.run.learn(data, events);
    return events;
  }

  whole(json: string): readonly ChatEvent[] {
    const events = this.note(parseUpstreamAnswer(json, this.relayTo));
    if (this.end()) return events;
    throw new WeirError("provider_failed", "The upstream's answer has no end.");
  }

  /** Some servers end without `[DONE]`, others say it after half an answer. */
  end(): readonly ChatEvent[] | false {
    const isComplete = this.finished >= this.answers || (this.sawDone && this.finished > 0);
    return isComplete ? [] : false;
  }

  private note(events: readonly ChatEvent[]): readonly ChatEvent[] {
    for (const { type } of events) if (type === "finish") this.finished += 1;
    return events;
  }
}
