import type { UpstreamTrace } from "../provider.ts";

/**
 * How a provider's requests travel: one message out, callbacks back. Two ways exist: our own client
 * for plain `http://` (`lean-client.ts`) and undici for `https://` (`undici-transport.ts`).
 */
export interface Transport {
  /** Sends at once or when a connection is free. Never throws; no handler is called from inside it. */
  send(message: Outgoing, handlers: ResponseHandlers): Sending;
  /** Whether nothing leaves before the turn's end: by `core/turn-writes.ts`. */
  readonly sendsAtTurnEnd: boolean;
  /** Messages that are being answered, or wait to be sent. */
  readonly underWay: number;
  /** Breaks off whatever is under way. */
  close(): Promise<void>;
}

export interface Outgoing {
  readonly path: string;
  /** POST unless said. */
  readonly method?: "GET" | "POST" | "DELETE";
  readonly body?: string | Buffer;
  /** Beside the transport's own; a name that both have is this one's. Visible ASCII only. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly trace?: UpstreamTrace | undefined;
  /** How long the answer's head may take, where not as long as the transport says. */
  readonly headMs?: number | undefined;
}

/** Called one at a time and in order; after `end` or `failed` nothing more is called. */
export interface ResponseHandlers {
  head(head: ResponseHead): void;
  /** A slice of the body. Its bytes are overwritten after the call: what is kept must be copied. */
  data(chunk: Buffer): void;
  /** Everything that came with this network read was handed over. */
  flush(): void;
  /** The answer is complete, as its framing says. */
  end(): void;
  /** No connection, a broken or malformed answer, or silence. */
  failed(cause: unknown): void;
}

export interface ResponseHead {
  readonly status: number;
  /** Empty when the upstream named none. */
  readonly contentType: string;
  readonly retryAfter: string | undefined;
  /** Where AWS says which error it is. */
  readonly errorType?: string | undefined;
}

/** A request under way. All three may be called at any time, also after its end. */
export interface Sending {
  pause(): void;
  resume(): void;
  /** Closes the connection at once, or leaves the queue. The handlers hear nothing more. */
  cancel(): void;
}

export interface TransportOptions {
  /** Scheme, host and port are used. */
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly connections: number;
  readonly connectMs: number;
  /** From the request to the answer's head. */
  readonly headMs: number;
  /** Longest silence inside the body. */
  readonly stallMs: number;
}

/** The upstream stayed silent for too long. */
export class TransportTimeout extends Error {
  override readonly name = "TransportTimeout";
}
