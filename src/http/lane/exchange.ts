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
  ): void;
  /** Whether a status line was given: what follows can only be an event. */
  readonly hasBegun: boolean;
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

/** An exchange over `node:http`, which takes whatever the socket reader does not. */
export class NodeExchange implements Exchange {
  readonly method: string;
  private readonly request: IncomingMessage;
  private readonly response: ServerResponse;
  private mustClose = false;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.method = request.method ?? "";
    this.request = request;
    this.response = response;
  }

  get headers(): IncomingMessage["headers"] {
    return this.request.headers;
  }

  get path(): string {
    const { url = "" } = this.request;
    const query = url.indexOf("?");
    return query === -1 ? url : url.slice(0, query);
  }

  get hasBegun(): boolean {
    return this.response.headersSent;
  }

  get isOver(): boolean {
    return this.response.destroyed || this.response.writableEnded;
  }

  readBody(
    maxBytes: number,
    done: (body: Buffer) => void,
    failed: (error: WeirError) => void,
  ): void {
    const tooMuch = () => {
      // The rest of a body that nobody will read must not be taken for the next request.
      this.mustClose = true;
      failed(tooLarge(maxBytes));
    };
    if (Number(this.request.headers["content-length"] ?? 0) > maxBytes) {
      tooMuch();
      return;
    }
    const chunks: Buffer[] = [];
    let size = 0;
    this.request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBytes) chunks.push(chunk);
      else if (!this.mustClose) {
        chunks.length = 0;
        tooMuch();
      }
    });
    this.request.on("end", () => {
      if (size <= maxBytes) done(joined(chunks));
    });
  }

  respond(status: number, headers: AnswerHeaders, body: string): void {
    this.response.writeHead(status, {
      ...headers,
      "content-length": Buffer.byteLength(body),
      ...(this.mustClose && { connection: "close" }),
    });
    this.response.end(body);
  }

  begin(headers: AnswerHeaders): void {
    this.response.writeHead(200, headers);
  }

  write(text: string): boolean {
    return this.response.write(text);
  }

  end(text: string): void {
    this.response.end(text);
  }

  onDrain(listener: () => void): void {
    this.response.on("drain", listener);
  }

  onLeave(listener: () => void): void {
    this.response.on("close", () => {
      if (!this.response.writableFinished) listener();
    });
  }
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
