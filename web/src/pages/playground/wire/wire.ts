import type { ChatUsage } from "../answer.ts";
import type { Question } from "../question.ts";
import type { Protocol } from "../settings.ts";
import { chatWire } from "./chat.ts";
import { messagesWire } from "./messages.ts";
import { responsesWire } from "./responses.ts";

/** What an answer tells, in order, in nobody's format. */
export type ChatEvent =
  /** First, as soon as the server has answered. */
  | { readonly type: "start"; readonly traceId: string | null }
  | { readonly type: "text-delta"; readonly text: string }
  | { readonly type: "reasoning-delta"; readonly text: string }
  /** A call begins (with a name) or goes on; `index` tells calls apart. */
  | {
      readonly type: "tool-delta";
      readonly index: number;
      readonly id?: string;
      readonly name?: string;
      readonly text: string;
    }
  | { readonly type: "finish"; readonly reason: string }
  | { readonly type: "usage"; readonly usage: Partial<ChatUsage> };

/** How one protocol writes a question down and reads the stream that answers. Pure. */
export interface Wire {
  readonly path: string;
  body(question: Question): Record<string, unknown>;
  /** The events of one `data:` line, parsed; throws an ApiError when it tells of one. */
  read(chunk: unknown): Iterable<ChatEvent>;
  /** Whether this line is the stream's last. */
  isEnd(data: string, chunk: unknown): boolean;
}

export const WIRES: Readonly<Record<Protocol, Wire>> = {
  chat: chatWire,
  messages: messagesWire,
  responses: responsesWire,
};
