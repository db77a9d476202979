import type { z } from "zod";
import type { ChatEvent, Dialect, GenerateRequest, Usage } from "../chat.ts";
import type { WeirError } from "../errors.ts";

/** What an answer says of itself. */
export interface AnswerHead {
  /** With the protocol's prefix: `chatcmpl-…`, `msg_…`. */
  readonly id: string;
  /** Epoch seconds. */
  readonly created: number;
  /** The name that the client asked for. */
  readonly model: string;
}

/**
 * One generation protocol as clients speak it: how its requests are read and its answers written.
 * Pure; the writer of a stream keeps its own state.
 */
export interface ClientProtocol {
  readonly dialect: Dialect;
  readonly idPrefix: string;
  /** What it knows of a body; for the API's description, and to find what it does not know. */
  readonly schema: z.ZodType;
  /** Checks a parsed body. Throws invalid_request that names the field at fault. */
  readonly request: (body: unknown) => GenerateRequest;
  /** The body of a whole answer. */
  readonly whole: (head: AnswerHead, events: readonly ChatEvent[], usage: Usage) => string;
  readonly stream: (head: AnswerHead, request: GenerateRequest) => StreamWriter;
  /** The protocol's error envelope. */
  readonly error: (error: WeirError, requestId?: string) => string;
}

/** Writes one answer as server-sent events, framed and ready to send. Any of them may be empty. */
export interface StreamWriter {
  events(events: readonly ChatEvent[]): string;
  /** What closes a complete answer; called once, after its last events. */
  end(usage: Usage): string;
  /** What closes an answer that broke off after its start. */
  fail(error: WeirError, requestId: string): string;
}
