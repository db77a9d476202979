import type { z } from "zod";

/** What a scenario asks, in no protocol's words; each client says it in its own. */
export interface Asked {
  readonly model: string;
  readonly isStreamed: boolean;
  readonly user?: string;
  readonly system?: string;
  readonly sampling?: {
    readonly temperature: number;
    readonly stop: string;
    readonly maxTokens: number;
  };
  /** A data URL. */
  readonly image?: string;
  /** Names of tools that take a place. */
  readonly tools?: readonly string[];
  /** An earlier answer that called tools, and what they said. */
  readonly loop?: { readonly answer: Answer; readonly result: string };
  readonly schema?: z.ZodObject;
  readonly thinks?: boolean;
  readonly wantsLogprobs?: boolean;
  readonly n?: number;
  /** Fields of nobody's protocol. */
  readonly extra?: Readonly<Record<string, unknown>>;
  /** Told each piece of text as the SDK gives it. */
  readonly onText?: (text: string) => void;
}

export interface Call {
  readonly id: string;
  readonly name: string;
  readonly input: unknown;
}

/** What the SDK made of the answer. */
export interface Answer {
  /** One for each choice. */
  readonly texts: readonly string[];
  readonly calls: readonly Call[];
  /** The thinking, at the place that the protocol has for it. */
  readonly thought: string;
  readonly reasoningTokens: number;
  readonly logprobs: readonly { readonly token: string; readonly logprob: number }[];
  /** By the SDK's own helper. */
  readonly parsed?: unknown;
  readonly finish: string;
  readonly outputTokens: number;
  /** What this client sends back to go on. */
  readonly turn: unknown;
  readonly wire: Wire;
}

/** What went over the line. */
export interface Wire {
  readonly headers: Headers;
  readonly body: string;
}

export interface Failure {
  /** The SDK's class, by its name. */
  readonly kind: string;
  readonly status: number | undefined;
  readonly message: string;
  /** The field at fault, where the protocol has a place for it. */
  readonly param?: unknown;
  /** The envelope has what the protocol says it has. */
  readonly isEnveloped: boolean;
}

/** One protocol, spoken by its own package. */
export interface Client {
  readonly name: "chat" | "completions" | "responses" | "messages";
  /** What `extra` must hold to ask for what the protocol has no field for. */
  readonly alien: Readonly<Partial<Record<string, Readonly<Record<string, unknown>>>>>;
  /** Throws what the package throws. */
  ask(asked: Asked): Promise<Answer>;
  /** Reads what was thrown; undefined for what this package does not throw. */
  failureOf(thrown: unknown): Failure | undefined;
}

/** A fetch that remembers what came last. */
export function recorder(): { fetch: typeof fetch; last: () => Promise<Wire> } {
  let wire: Promise<Wire> | undefined;
  return {
    async fetch(input, init) {
      const answer = await fetch(input, init);
      const { headers } = answer;
      // Read at once: until then, the package could not close its own half.
      const text = answer.clone().text();
      wire = text.then(
        (body) => ({ headers, body }),
        (cause: unknown) => ({ headers, body: String(cause) }),
      );
      return answer;
    },
    last() {
      if (wire === undefined) throw new Error("nothing was asked");
      return wire;
    },
  };
}

export const DEFAULT_TEXT = "What is it?";

/** What a tool takes. */
export const PLACE_SCHEMA = {
  type: "object" as const,
  properties: { city: { type: "string" }, days: { type: "integer" } },
  required: ["city", "days"],
};

/** A value as an object; anything else as an empty one. */
export function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

/** A text, or nothing. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
