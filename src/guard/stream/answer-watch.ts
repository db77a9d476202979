import { type ChatEvent, type GenerateRequest, textOf } from "../../core/chat.ts";
import type { Category, Finding } from "../detector.ts";
import { type LeakageSources, openLeakageWatch } from "../detectors/leakage.ts";
import { openRepetitionWatch } from "../detectors/repetition.ts";

/** Sees what shows only over a stretch of an answer: it is told of what has left, and takes nothing out. */
export interface AnswerWatch {
  /** What this event brought to light; of a source, or a loop, once in each answer. */
  push(event: ChatEvent): readonly Finding[];
}

/** Looks at one text while it is written. */
export type Watch = { push(text: string): readonly Finding[]; end?(): readonly Finding[] };

const NONE: readonly Finding[] = [];

/**
 * Watches answers for leakage and for loops, as far as these categories are wanted: each answer's text,
 * reasoning and tool arguments for themselves. Reasoning goes over its instructions, which is no
 * leakage: there only loops are looked for. `own` looks at each answer's text beside. Undefined where there is nothing
 * to look for.
 */
export function openAnswerWatch(
  wanted: ReadonlySet<Category>,
  sources: LeakageSources,
  own?: () => readonly Watch[],
): AnswerWatch | undefined {
  const hasLeakage = wanted.has("leakage") && openLeakageWatch(sources) !== undefined;
  const hasLoops = wanted.has("repetition");
  if (!hasLeakage && !hasLoops && !own) return undefined;
  const open = (type: string): Watch[] => {
    const leakage =
      hasLeakage && type !== "reasoning-delta" ? openLeakageWatch(sources) : undefined;
    return [
      ...(leakage ? [leakage] : []),
      ...(hasLoops ? [openRepetitionWatch()] : []),
      ...(type === "text-delta" ? (own?.() ?? []) : []),
    ];
  };
  const channels = new Map<string, readonly Watch[]>();
  return {
    push(event) {
      if (event.type === "finish") return endOf(channels, event.index);
      const text = textIn(event);
      if (text === undefined || !("index" in event)) return NONE;
      const key = `${event.index}:${event.type}`;
      let watches = channels.get(key);
      if (!watches) channels.set(key, (watches = open(event.type)));
      const found = watches.map((watch) => watch.push(text));
      return found.every((findings) => findings.length === 0) ? NONE : found.flat();
    },
  };
}

function textIn(event: ChatEvent): string | undefined {
  if (event.type === "tool-call-delta") return event.arguments;
  return "text" in event && typeof event.text === "string" ? event.text : undefined;
}

function endOf(channels: ReadonlyMap<string, readonly Watch[]>, index: number): Finding[] {
  return Array.from(channels)
    .filter(([key]) => key.startsWith(`${index}:`))
    .flatMap(([, watches]) => watches.flatMap((watch) => watch.end?.() ?? []));
}

/** What an answer to this request may not give away, and what the user knows already. */
export function leakageSourcesOf(request: GenerateRequest): LeakageSources {
  if (request.kind === "completion") return {};
  const textsOf = (...roles: string[]) =>
    request.messages
      .filter(({ role }) => roles.includes(role))
      .map(({ content }) => textOf(content ?? ""));
  return {
    systemPrompt: textsOf("system", "developer").join("\n"),
    tools: request.tools,
    known: textsOf("user"),
  };
}
