import type { ChatEvent, Dialect, GenerateRequest } from "../chat.ts";

/** How one kind of upstream is asked and read. Pure; each attempt has a reader of its own. */
export interface UpstreamDialect {
  /** Requests from clients of this dialect are relayed, not translated. */
  readonly dialect: Dialect;
  /** How a streamed answer is cut into messages. */
  readonly framing: "sse" | "ndjson" | "aws-event-stream";
  /** Below the target's base URL, with a leading slash. */
  path(request: GenerateRequest): string;
  /** Throws unsupported_parameter for what this upstream cannot do and must not ignore. */
  body(request: GenerateRequest): UpstreamBody;
  reader(request: GenerateRequest): AnswerReader;
}

export interface UpstreamBody {
  readonly body: Readonly<Record<string, unknown>>;
  /** Wishes that this upstream has no word for and that change no meaning: told to the client. */
  readonly dropped: readonly string[];
  /** Fields that Weir has no word for and that went along all the same. */
  readonly carried?: readonly string[];
  /** The client's own body, with whatever Weir does not know in it. */
  readonly isRelayed?: boolean;
}

/**
 * Reads one answer. Both methods throw a WeirError: for a message of unknown shape, and for an error
 * that the upstream reports inside an answer.
 */
export interface AnswerReader {
  /** One message of a stream: a server-sent event's data, a line, a binary message's payload. */
  message(data: string, name: string): readonly ChatEvent[];
  /** A whole answer. Throws also when it is not complete. */
  whole(json: string): readonly ChatEvent[];
  /**
   * Called once a stream has ended without a fault: the events that only its end makes known.
   * False when the stream ended too early.
   */
  end(): readonly ChatEvent[] | false;
}
