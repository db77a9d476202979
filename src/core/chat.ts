/**
 * The canonical chat: what a client asks and what a model answers, in no vendor's dialect.
 * Dialects translate into and out of these words; everything between works on them alone.
 */

/** Who wrote a text. The guard scans origins apart; a system prompt is never scanned. */
export type Role = "system" | "developer" | "user" | "assistant" | "tool";

export type ContentPart =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "image"; readonly url: string; readonly detail?: string };

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  /** JSON text, as the model wrote it. */
  readonly arguments: string;
}

export interface ChatMessage {
  readonly role: Role;
  readonly content: string | readonly ContentPart[] | null;
  readonly name?: string;
  readonly toolCalls?: readonly ToolCall[];
  readonly toolCallId?: string;
}

export interface ToolDefinition {
  readonly name: string;
  readonly description?: string;
  /** JSON Schema of the arguments. */
  readonly parameters?: Record<string, unknown>;
}

export type ResponseFormat =
  | { readonly type: "text" }
  | { readonly type: "json_object" }
  | { readonly type: "json_schema"; readonly name: string; readonly schema: unknown };

/** How tokens are chosen. Absent means the target's own default. */
export interface Sampling {
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly minP?: number;
  readonly frequencyPenalty?: number;
  readonly presencePenalty?: number;
  readonly repeatPenalty?: number;
  readonly seed?: number;
  /** Token id → added to its logit, −100…100. */
  readonly logitBias?: Readonly<Record<string, number>>;
}

/** What every generation asks for, whatever its prompt looks like. */
export interface GenerationOptions {
  readonly sampling: Sampling;
  /** Most tokens to make; absent means up to the end of the context. */
  readonly maxTokens?: number;
  readonly stop: readonly string[];
  /** How many answers to give, 1 or more. */
  readonly n: number;
  /** Number of most likely alternatives to report per token; absent means no logprobs. */
  readonly topLogprobs?: number;
  readonly responseFormat?: ResponseFormat;
  /** A GBNF grammar, as llama-server takes it. */
  readonly grammar?: string;
  readonly stream: boolean;
  /** Fields of the client's dialect that have no canonical word: relayed to a target of that dialect. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

export interface ChatRequest extends GenerationOptions {
  readonly kind: "chat";
  /** The upstream's model name by the time a provider sees it. */
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  readonly tools?: readonly ToolDefinition[];
  readonly toolChoice?: "auto" | "none" | "required" | { readonly name: string };
  readonly user?: string;
}

export interface CompletionRequest extends GenerationOptions {
  readonly kind: "completion";
  readonly model: string;
  readonly prompt: string;
  readonly echo: boolean;
  readonly user?: string;
}

export type GenerateRequest = ChatRequest | CompletionRequest;

export interface EmbedRequest {
  readonly kind: "embedding";
  readonly model: string;
  readonly input: readonly (string | readonly number[])[];
  readonly dimensions?: number;
}

/** Tokens as the model counted them. `cachedTokens` is the part of the prompt not computed again. */
export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedTokens?: number;
  readonly reasoningTokens?: number;
}

export interface TokenLogprob {
  readonly token: string;
  readonly logprob: number;
  readonly bytes: readonly number[];
  readonly top: readonly { token: string; logprob: number; bytes: readonly number[] }[];
}

export type FinishReason = "stop" | "length" | "tool_calls" | "content_filter";

/**
 * What an attempt tells, in order. `index` says which of the `n` answers an event belongs to.
 * Every answer ends with one `finish`; one `usage` may come anywhere, once for all answers.
 */
export type ChatEvent =
  | {
      readonly type: "text-delta";
      readonly index: number;
      readonly text: string;
      readonly logprobs?: readonly TokenLogprob[];
    }
  | { readonly type: "reasoning-delta"; readonly index: number; readonly text: string }
  | {
      readonly type: "tool-call-delta";
      readonly index: number;
      readonly call: number;
      readonly id?: string;
      readonly name?: string;
      readonly arguments: string;
    }
  | { readonly type: "finish"; readonly index: number; readonly reason: FinishReason }
  | { readonly type: "usage"; readonly usage: Usage; readonly timings?: EngineTimings };

/** Where an embedded generation's time went, in milliseconds. */
export interface EngineTimings {
  readonly queuedMs: number;
  readonly promptMs: number;
  readonly generationMs: number;
}

/** The plain text of a message's content; images are left out. */
export function textOf(content: ChatMessage["content"]): string {
  if (content === null) return "";
  if (typeof content === "string") return content;
  return content.map((part) => (part.type === "text" ? part.text : "")).join("");
}
