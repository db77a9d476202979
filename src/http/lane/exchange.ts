import type { IncomingMessage, ServerResponse } from "node:http";
import type { Caller } from "../../core/call.ts";
import { WeirError } from "../../core/errors.ts";
import type { Asked } from "../identify.ts";

export type AnswerHeaders = Readonly<Record<string, string>>;

/**
 * One request and its answer, as the lane sees them: over `node:http`, or over a bare socket. Nothing
 * here blocks or throws. Once `isOver`, whatever is still answered is dropped.
 */
export interface Exchange extends Asked {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** Set where this server itself asks on somebody's behalf; never by what a client sends. */
  readonly caller?: Caller;
  /**
   * Collects the body. Calls exactly one of the two, perhaps at once, and neither when the client
   * goes away first. A body that is left unread is never taken for the next request.
   */
  readBody(
    maxBytes: number,
    done: (body: Buffer) => void,
    failed: (error: WeirError) => void,
    /** Hears of bytes that no Content-Length announced; what it gives is the body's end. */
    grew?: (bytes: number) => WeirError | undefined,
  ): void;
  /** Whether a status line was given: what follows can only be an event. */
  readonly hasBegun: boolean;
  /** The client reads too slowly: what is written now only piles up. */
  readonly isFull: boolean;
  /** The answer has ended, or the client has left. */
  readonly isOver: boolean;
  /** A whole answer: its length is added to the headers. */
  respond(status: number, headers: AnswerHeaders, body: string): void;
  /** Starts a streamed answer, with status 200; it goes out with the first `write`. */
  begin(headers: AnswerHeaders): void;
  /** False when the client reads too slowly: hold until the next drain. */
  write(text: string): boolean;
  end(text: string): void;
  /** What to do when the client reads again. One listener; a second replaces the first. */
  onDrain(listener: () => void): void;
  /** What to do when the client leaves before the answer has ended. One listener, called once. */
  onLeave(listener: () => void): void;
}

/** An exchange as it comes in, with what is counted and logged of it. */
export interface Inbound extends Exchange {
  /** The other end of the connection; undefined where this server asks itself. */
  readonly address: string | undefined;
  /** `1.1`. */
  readonly httpVersion: string;
  /** What Content-Length says of the body; undefined where it says nothing. */
  readonly announcedBytes: number | undefined;
  /** Of the answer; 0 while there is none. */
  readonly status: number;
  /** Bytes of the body that came, and of the answer's that went. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** The connection ends with this answer. To be said before it begins. */
  closeAfter(): void;
  /** What to do once the answer has ended or the client has left, after `onLeave`. One listener. */
  onOver(listener: () => void): void;
}

/** How long a body may take, in milliseconds. */
export interface BodyTimes {
  readonly totalMs: () => number;
  /** The longest pause within it. */
  readonly idleMs: () => number;
}

/** What a lane over `node:http` is told of its listener. */
export interface NodeLimits {
  readonly bodyTimes: BodyTimes;
  /** A client that takes nothing for so long is cut. */
  readonly slowReaderMs: () => number;
}

/** An exchange over `node:http`, which takes whatever the socket reader does not. */
export class NodeExchange implements Inbound {
  readonly method: string;
  bytesIn = 0;
  bytesOut = 0;
  private readonly request: IncomingMessage;
  private readonly response: ServerResponse;
  private readonly limits: NodeLimits;
  private mustClose = false;
  private leaveListener: (() => void) | undefined;
  private overListener: (() => void) | undefined;
  private drainListener: (() => void) | undefined;

  constructor(request: IncomingMessage, response: ServerResponse, limits: NodeLimits) {
    this.method = request.method ?? "";
    this.request = request;
    this.response = response;
    this.limits = limits;
    response.on("close", () => {
      if (!response.writableFinished) this.leaveListener?.();
      this.overListener?.();
    });
    response.on("drain", () => {
      request.socket.setTimeout(0);
      this.drainListener?.();
    });
  }

  get headers(): IncomingMessage["headers"] {
    return this.request.headers;
  }

  get path(): string {
    const { url = "" } = this.request;
    const query = url.indexOf("?");
    return query === -1 ? url : url.slice(0, query);
  }

  get address(): string | undefined {
    return this.request.socket.remoteAddress;
  }

  get httpVersion(): string {
    return this.request.httpVersion;
  }

  get announcedBytes(): number | undefined {
    const length = this.request.headers["content-length"];
    return length === undefined ? undefined : Number(length);
  }

  get status(): number {
    return this.response.headersSent ? this.response.statusCode : 0;
  }

  get hasBegun(): boolean {
    return this.response.headersSent;
  }

  get isFull(): boolean {
    return this.response.writableNeedDrain;
  }

  get isOver(): boolean {
    return this.response.destroyed || this.response.writableEnded;
  }

  readBody(
    maxBytes: number,
    done: (body: Buffer) => void,
    failed: (error: WeirError) => void,
    grew?: (bytes: number) => WeirError | undefined,
  ): void {
    const { request } = this;
    const isAnnounced = this.announcedBytes !== undefined;
    if ((this.announcedBytes ?? 0) > maxBytes) {
      this.refuse(tooLarge(maxBytes), failed);
      return;
    }
    let chunks: Buffer[] | undefined = [];
    const give = (error: WeirError): void => {
      chunks = undefined;
      timer.stop();
      this.refuse(error, failed);
    };
    const timer = bodyTimer(this.limits.bodyTimes, give);
    request.on("data", (chunk: Buffer) => {
      if (!chunks) return;
      timer.refresh();
      this.bytesIn += chunk.length;
      const error =
        this.bytesIn > maxBytes
          ? tooLarge(maxBytes)
          : isAnnounced
            ? undefined
            : grew?.(chunk.length);
      if (error) give(error);
      else chunks.push(chunk);
    });
    request.on("end", () => {
      timer.stop();
      if (chunks) done(joined(chunks));
    });
    request.on("close", () => timer.stop());
  }

  respond(status: number, headers: AnswerHeaders, body: string): void {
    const bytes = Buffer.byteLength(body);
    this.response.writeHead(status, {
      ...headers,
      "content-length": bytes,
      ...(this.mustClose && { connection: "close" }),
    });
    this.bytesOut += bytes;
    this.response.end(body);
    this.watch();
  }

  begin(headers: AnswerHeaders): void {
    this.response.writeHead(200, this.mustClose ? { ...headers, connection: "close" } : headers);
  }

  write(text: string): boolean {
    this.bytesOut += Buffer.byteLength(text);
    const flows = this.response.write(text);
    if (!flows) this.watch();
    return flows;
  }

  end(text: string): void {
    this.bytesOut += Buffer.byteLength(text);
    this.response.end(text);
    this.watch();
  }

  closeAfter(): void {
    this.mustClose = true;
  }

  onDrain(listener: () => void): void {
    this.drainListener = listener;
  }

  onLeave(listener: () => void): void {
    this.leaveListener = listener;
  }

  onOver(listener: () => void): void {
    this.overListener = listener;
  }

  /** The rest of a body that nobody will read must not be taken for the next request. */
  private refuse(error: WeirError, failed: (error: WeirError) => void): void {
    this.mustClose = true;
    failed(error);
  }

  /** From now on the client has to take something now and then. */
  private watch(): void {
    const { socket } = this.request;
    if (socket.writableLength > 0) socket.setTimeout(this.limits.slowReaderMs());
  }
}

/** Calls `failed` once, when a body takes too long or pauses for too long. */
function bodyTimer({ totalMs, idleMs }: BodyTimes, failed: (error: WeirError) => void) {
  const total = setTimeout(() => over(tooSlow(totalMs())), totalMs());
  const idle = setTimeout(() => over(silentBody(idleMs())), idleMs());
  const stop = (): void => {
    clearTimeout(total);
    clearTimeout(idle);
  };
  function over(error: WeirError): void {
    stop();
    failed(error);
  }
  return { stop, refresh: () => void idle.refresh() };
}

export function tooSlow(ms: number): WeirError {
  const message = `The body did not come whole within ${ms / 1000} s (server.bodyTimeout).`;
  return new WeirError("request_timed_out", message);
}

export function silentBody(ms: number): WeirError {
  const message = `Nothing more of the body came for ${ms / 1000} s (server.bodyIdleTimeout).`;
  return new WeirError("request_timed_out", message);
}

/** The chunks as one buffer, without a copy where there is only one. */
export function joined(chunks: readonly Buffer[]): Buffer {
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
}

export function tooLarge(maxBytes: number): WeirError {
  const limit = Math.round((maxBytes / 1024 / 1024) * 10) / 10;
  return new WeirError(
    "request_too_large",
    `The body is larger than ${limit} MiB, this server's limit. Send less, or raise server.maxBodyMiB in weir.yaml.`,
  );
}
