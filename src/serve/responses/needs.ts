import type { Caller } from "../../core/call.ts";
import type { ChatRequest, GenerateRequest } from "../../core/chat.ts";
import type { Log } from "../../core/log.ts";
import type { Clock } from "../../core/time.ts";
import type { CallContext, Reply, RunningCall } from "../gateway/needs.ts";

/** An item as clients see it; only its id means something here. */
export interface KeptItem {
  readonly id: string;
  readonly [field: string]: unknown;
}

export interface KeptResponse {
  readonly id: string;
  readonly status: string;
  /** The Response without its output. */
  readonly body: Readonly<Record<string, unknown>>;
  /** The number of its stream's last event. */
  readonly lastEvent: number;
}

/** Where responses are kept. What belongs to another key is as if it were not there. */
export interface ResponseShelf {
  put(
    response: KeptResponse & {
      readonly keyId: string;
      readonly previousId: string | null;
      readonly input: readonly KeptItem[];
      readonly output: readonly KeptItem[];
    },
  ): void;
  find(keyId: string, id: string): KeptResponse | undefined;
  items(id: string, kind: "input" | "output"): readonly KeptItem[];
  /** Everything said up to and with a response; undefined when a part of it is gone. */
  history(keyId: string, id: string): readonly KeptItem[] | undefined;
  /** An item of any of a key's responses or conversations. */
  item(keyId: string, itemId: string): KeptItem | undefined;
  remove(keyId: string, id: string): boolean;
  failUnfinished(error: { readonly code: string; readonly message: string }): void;
}

export interface KeptConversation {
  readonly id: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Epoch milliseconds. */
  readonly createdAt: number;
}

/** Where conversations are kept. */
export interface ConversationShelf {
  add(
    keyId: string,
    conversation: Omit<KeptConversation, "createdAt">,
    items: readonly KeptItem[],
  ): void;
  find(keyId: string, id: string): KeptConversation | undefined;
  update(keyId: string, id: string, metadata: Readonly<Record<string, unknown>>): void;
  remove(keyId: string, id: string): boolean;
  items(id: string): readonly KeptItem[];
  append(keyId: string, id: string, items: readonly KeptItem[]): void;
  removeItem(id: string, itemId: string): boolean;
}

/** An uploaded file's content, for a model to read. */
export interface ReadableFile {
  readonly name: string;
  /** `data:application/pdf;base64,…` */
  readonly url: string;
}

/** A request as the guard lets it through by its caller's policy: only that is kept. */
export type Inspect = (request: ChatRequest, caller: Caller) => GenerateRequest;

export interface ResponsesNeeds {
  readonly responses: ResponseShelf;
  readonly conversations: ConversationShelf;
  /** Undefined for a file that is not there, or is another key's. */
  readonly file: (keyId: string, id: string) => ReadableFile | undefined;
  readonly inspect: Inspect;
  readonly generate: (request: GenerateRequest, context: CallContext, reply: Reply) => RunningCall;
  readonly now: Clock;
  readonly newId: (prefix: string) => string;
  readonly log: Log;
}
