/**
 * The canonical chat: what a client asks and what a model answers, in no vendor's dialect.
 * Dialects translate into and out of these words; everything between works on them alone.
 */

/** Who wrote a text. The guard scans origins apart; a system prompt is never scanned. */
export type Role = "system" | "developer" | "user" | "assistant" | "tool";

/** A wire format: of a client's request, or of an upstream's answer. */
export type Dialect =
  | "openai-chat"
  | "openai-completions"
  | "openai-responses"
  | "anthropic-messages"
  | "gemini"
  | "bedrock-converse"
  | "ollama"
  | "tgi";

/** Everything up to and with the marked thing may be kept by the upstream's prompt cache. */
export interface CacheMark {
  readonly ttl?: "5m" | "1h";
}

/**
 * Something that only one dialect has a word for: relayed to targets of that dialect, and refused by
 * the others with unsupported_parameter. Never dropped in silence.
 */
export interface Foreign {
  readonly type: "foreign";
  readonly dialect: Dialect;
  /** What it is, for the message of a refusal: `a "web_search" tool`. */
  readonly what: string;
  readonly value: unknown;
}

export type ContentPart =
  | { readonly type: "text"; readonly text: string; readonly cache?: CacheMark }
  | {
      readonly type: "image";
      /** `https://…` or `data:image/png;base64,…`. */
      readonly url: string;
      readonly detail?: string;
      readonly cache?: CacheMark;
    }
  | { readonly type: "audio"; readonly format: string; readonly base64: string }
  | {
      readonly type: "file";
      /** `https://…` or `data:application/pdf;base64,…`. */
      readonly url: string;
      readonly name?: string;
      readonly cache?: CacheMark;
    }
  | Foreign;

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  /** JSON text, as the model wrote it. */
  readonly arguments: string;
  /** Opaque proof of the thought that led here (Gemini); goes back as it came. */
  readonly signature?: string;
  readonly cache?: CacheMark;
}

/** A stretch of the model's own thinking, as an earlier answer gave it. */
export interface ReasoningPart {
  /** Empty when the upstream hid it. */
  readonly text: string;
  /** Opaque; an upstream takes a thought back only with the signature that it gave. */
  readonly signature?: string;
  /** Encrypted thinking that only its upstream can read. */
  readonly redacted?: string;
  /** The Responses API's name for it. */
  readonly id?: string;
}

/** In an assistant's message the order is: reasoning, content, tool calls. */
export interface ChatMessage {
  readonly role: Role;
  readonly content: string | readonly ContentPart[] | null;
  readonly name?: string;
  readonly reasoning?: readonly ReasoningPart[];
  readonly toolCalls?: readonly ToolCall[];
  /** Which call a tool's message answers, and whether the tool failed. */
  readonly toolCallId?: string;
  readonly isError?: boolean;
}

export interface ToolDefinition {
  readonly name: string;
  readonly description?: string;
  /** JSON Schema of the arguments. */
  readonly parameters?: Record<string, unknown>;
  /** The arguments must follow the schema to the letter. */
  readonly strict?: boolean;
  readonly cache?: CacheMark;
}

export type ResponseFormat =
  | { readonly type: "text" }
  | { readonly type: "json_object" }
  | {
      readonly type: "json_schema";
      readonly name: string;
      readonly schema: unknown;
      readonly description?: string;
      readonly strict?: boolean;
    };

/** How much the model may think before it answers. */
export interface Reasoning {
  readonly effort?: "none" | "minimal" | "low" | "medium" | "high" | "xhigh";
  /** Most tokens of thinking; 0 turns it off. */
  readonly budgetTokens?: number;
  /** Whether the client wants to read a summary of it. */
  readonly summary?: "auto" | "concise" | "detailed" | "none";
}

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
  /** What the client sent, for targets of its dialect. Never traced: it is not redacted. */
  readonly source?: Source | undefined;
}

/** A client's request as it came. */
export interface Source {
  readonly dialect: Dialect;
  readonly body: Readonly<Record<string, unknown>>;
  /** Headers that belong to the dialect, as `anthropic-beta`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Texts that the guard changed, by their original: a relay must not send the originals. */
  readonly redacted?: ReadonlyMap<string, string>;
  /** What a relay puts behind the system prompt, as a paragraph of its own. */
  readonly suffix?: string;
}

export interface ChatRequest extends GenerationOptions {
  readonly kind: "chat";
  /** The upstream's model name by the time a provider sees it. */
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  readonly tools?: readonly ToolDefinition[];
  /** Tools that the upstream runs itself, and others that only one dialect knows. */
  readonly foreignTools?: readonly Foreign[];
  readonly toolChoice?: "auto" | "none" | "required" | { readonly name: string };
  /** False: at most one call in an answer. */
  readonly parallelToolCalls?: boolean;
  readonly reasoning?: Reasoning;
  readonly user?: string;
  /** The last message is the start of the answer: only its rest is wanted. Never a client's wish. */
  readonly continuesLast?: true;
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
  /** Fields without a canonical word, as `input_type`: relayed to targets of OpenAI's dialect. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

/**
 * Tokens as the model counted them. Of the prompt, `cachedTokens` were not computed again and
 * `cacheWriteTokens` were put into the upstream's cache: both are parts of `inputTokens`.
 */
export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedTokens?: number;
  readonly cacheWriteTokens?: number;
  /** Parts of `inputTokens`, as are cached and written ones. */
  readonly imageTokens?: number;
  readonly audioTokens?: number;
  /** A part of `outputTokens`. */
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
 * A piece of an answer as its upstream wrote it, for a client of the same dialect: it gets these
 * bytes, with everything in them that has no canonical word.
 */
export interface Frame {
  readonly dialect: Dialect;
  /** The server-sent event's name; empty where the dialect has none, and for a whole answer. */
  readonly name: string;
  readonly json: string;
  /** `json`, parsed; of chunks that differ in nothing but their text, the first one's. */
  readonly value: Readonly<Record<string, unknown>>;
  /** How many events carry this frame. */
  readonly size: number;
}

/**
 * What an attempt tells, in order. `index` says which of the `n` answers an event belongs to.
 * Every answer ends with one `finish`; one `usage` may come anywhere, once for all answers. An event
 * that the guard changed has lost its frame.
 */
export type ChatEvent = (
  | {
      readonly type: "text-delta";
      readonly index: number;
      readonly text: string;
      readonly logprobs?: readonly TokenLogprob[];
    }
  | { readonly type: "refusal-delta"; readonly index: number; readonly text: string }
  | {
      readonly type: "reasoning-delta";
      readonly index: number;
      readonly text: string;
      /** Which stretch of thinking, where an upstream tells them apart; 0 by default. */
      readonly part?: number;
      /** Come once, with or after a stretch's last text. */
      readonly signature?: string;
      readonly redacted?: string;
    }
  | {
      readonly type: "tool-call-delta";
      readonly index: number;
      /** Counts from 0 within the answer. */
      readonly call: number;
      /** With the first delta of a call: always there then. */
      readonly id?: string;
      readonly name?: string;
      readonly arguments: string;
      readonly signature?: string;
    }
  | {
      readonly type: "finish";
      readonly index: number;
      readonly reason: FinishReason;
      /** Which of the request's stop texts ended it, where the upstream says so. */
      readonly stopText?: string;
    }
  | { readonly type: "usage"; readonly usage: Usage; readonly timings?: EngineTimings }
  /** A frame that says nothing in canonical words: for clients of its dialect only. */
  | { readonly type: "frame"; readonly frame: Frame }
) & { readonly frame?: Frame };

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
