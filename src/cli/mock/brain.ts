import { sampleOf } from "./schema-sample.ts";

/** A tool that the model may call. */
export interface Tool {
  readonly name: string;
  readonly schema: unknown;
}

/** What is asked, in nobody's dialect. */
export interface Ask {
  readonly model: string;
  /** The size of what was sent, in characters: the input tokens are counted from it. */
  readonly characters: number;
  readonly tools: readonly Tool[];
  /** A name forces that tool. */
  readonly toolChoice: "auto" | "none" | "required" | { readonly name: string };
  readonly parallelAllowed: boolean;
  /** Set when the last message answers a tool: then the model speaks. */
  readonly lastIsToolResult: boolean;
  /** `true` asks for any object, otherwise a JSON Schema. */
  readonly schema?: unknown;
  readonly images: number;
  readonly n: number;
  readonly wantsReasoning: boolean;
  readonly stop: readonly string[];
  readonly maxTokens?: number | undefined;
  /** The start of the answer, where only its rest is wanted. */
  readonly begun?: string | undefined;
}

/** A call of a tool; vendors reshape its id as theirs look. */
export interface ToolCall {
  readonly id: string;
  readonly name: string;
  /** JSON. */
  readonly arguments: string;
}

/** Tokens, of all answers together. */
export interface Usage {
  readonly input: number;
  readonly output: number;
  /** Part of `input`. */
  readonly cached: number;
  /** Part of `output`. */
  readonly reasoning: number;
}

/** What the model says and does, in nobody's dialect; the same for the same ask. */
export interface Script {
  readonly reasoning: readonly string[];
  readonly pieces: readonly string[];
  readonly toolCalls: readonly ToolCall[];
  readonly finish: "stop" | "length" | "tool_calls";
  /** The stop sequence that ended it. */
  readonly stopped?: string;
  /** Of all `n` answers together. */
  readonly usage: Usage;
}

/** What the brain is told apart from the ask. */
export interface Habits {
  readonly tokens: number;
  readonly reply: string | undefined;
}

/** What an ask holds when nothing special is asked. */
export const PLAIN_ASK = {
  model: "mock",
  characters: 0,
  tools: [],
  toolChoice: "auto",
  parallelAllowed: true,
  lastIsToolResult: false,
  images: 0,
  n: 1,
  wantsReasoning: false,
  stop: [],
} as const satisfies Ask;

const THOUGHT = ["First, ", "the question is read. ", "Then “it” ", "is answered."];

/** Decides what the model answers: tool calls first, then JSON, images, and plain words. */
export function think(ask: Ask, habits: Habits): Script {
  const toolCalls = callsFor(ask);
  const isCalling = toolCalls.length > 0;
  const said = isCalling ? { pieces: [], finish: "tool_calls" as const } : speak(ask, habits);
  const reasoning = ask.wantsReasoning ? THOUGHT : [];
  const input = Math.ceil(ask.characters / 4);
  const callTokens = toolCalls.reduce((sum, call) => sum + Math.ceil(call.arguments.length / 4), 0);
  return {
    ...said,
    reasoning,
    toolCalls,
    usage: {
      input,
      output: (said.pieces.length + reasoning.length + callTokens) * ask.n,
      cached: Math.floor(input / 4),
      reasoning: reasoning.length * ask.n,
    },
  };
}

/** The pieces as one text, as a whole answer has it. */
export function textOf({ pieces }: Pick<Script, "pieces">): string {
  return pieces.join("").trimEnd();
}

/** The text in small parts of odd sizes, never inside a character. */
export function fragmentsOf(text: string): string[] {
  const letters = Array.from(text);
  const fragments: string[] = [];
  for (let at = 0, size = 1; at < letters.length; at += size, size = (size * 3) % 7)
    fragments.push(letters.slice(at, at + size).join(""));
  return fragments;
}

function callsFor({ tools, toolChoice, parallelAllowed, lastIsToolResult }: Ask): ToolCall[] {
  if (toolChoice === "none" || lastIsToolResult) return [];
  const forced = typeof toolChoice === "object" ? toolChoice.name : undefined;
  const usable = forced === undefined ? tools : tools.filter(({ name }) => name === forced);
  return usable.slice(0, parallelAllowed ? usable.length : 1).map(({ name, schema }, index) => ({
    id: `call_${index}_${name}`.slice(0, 40),
    name,
    arguments: JSON.stringify(sampleOf(schema) ?? {}),
  }));
}

function speak(ask: Ask, habits: Habits): Pick<Script, "pieces" | "finish" | "stopped"> {
  const spoken = piecesFor(ask, habits);
  const cut = atStop(spoken, ask.stop);
  const most = ask.maxTokens ?? cut.pieces.length;
  if (most < cut.pieces.length) return { pieces: cut.pieces.slice(0, most), finish: "length" };
  return { ...cut, finish: "stop" };
}

function piecesFor({ begun = "", ...ask }: Ask, habits: Habits): string[] {
  const pieces = wholeFor(ask, habits);
  const isRest = begun !== "" && pieces.join("").startsWith(begun);
  return isRest
    ? (pieces
        .join("")
        .slice(begun.length)
        .match(/\S+\s*/g) ?? [])
    : pieces;
}

function wholeFor({ schema, images }: Omit<Ask, "begun">, { reply, tokens }: Habits): string[] {
  if (schema === true) return fragmentsOf('{"mock": true, "text": "Zürich \\"HB\\""}');
  if (schema !== undefined) return fragmentsOf(JSON.stringify(sampleOf(schema)));
  if (images > 0) return ["I ", "see ", `${images} `, images === 1 ? "image." : "images."];
  return reply?.match(/\S+\s*/g) ?? Array.from({ length: tokens }, (_, index) => `word${index} `);
}

function atStop(
  pieces: readonly string[],
  stop: readonly string[],
): Pick<Script, "pieces" | "stopped"> {
  const text = pieces.join("");
  const ends = stop
    .filter((one) => one !== "" && text.includes(one))
    .map((one) => ({ at: text.indexOf(one), one }))
    .toSorted((a, b) => a.at - b.at);
  const [first] = ends;
  if (first === undefined) return { pieces };
  const kept: string[] = [];
  let left = first.at;
  for (const piece of pieces) {
    if (left > 0) kept.push(piece.slice(0, left));
    left -= piece.length;
  }
  return { pieces: kept, stopped: first.one };
}
