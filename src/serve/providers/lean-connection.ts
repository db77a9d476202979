import { type Socket, connect } from "node:net";
import { writeAtTurnEnd } from "../../core/turn-writes.ts";
import { ResponseReader } from "./response-reader.ts";
import { type ResponseHandlers, TransportTimeout } from "./transport.ts";

/** One request on its way, as a connection sees it. */
export interface Exchange {
  /** Head and body in one piece: one write. */
  readonly wire: string;
  /** `latin1` where every character is ASCII: the cheaper write of the same bytes. */
  readonly encoding: "latin1" | "utf8";
  readonly handlers: ResponseHandlers;
  /** How long the answer's head may take. */
  readonly headMs: number;
  readonly isPaused: boolean;
  connection: LeanConnection | undefined;
}

/** The pool, as its connections see it. */
export interface ConnectionOwner {
  readonly host: string;
  readonly port: number;
  readonly connectMs: number;
  readonly stallMs: number;
  readonly now: () => number;
  /** The connection may carry another request. */
  freed(connection: LeanConnection): void;
  /** The connection is gone. `unanswered` was lost to a close of an idle one: it may be sent again. */
  closed(connection: LeanConnection, unanswered: Exchange | undefined): void;
}

const BUFFER_BYTES = 64 * 1024;
const IDLE_MS = 4000;
const MAX_IDLE_MS = 600_000;
/** A server that says it keeps a connection for 5 s may close it a moment before we think so. */
const IDLE_MARGIN_MS = 1000;

/**
 * A server that closes an idle connection just when a request leaves has not seen that request.
 * One that closes later may have worked on it, or died of it: sending again is not for us to decide.
 */
const RACE_MS = 1000;

/**
 * Every connection reads into the same bytes, because a read is handed over before the next one
 * starts. On Windows reads are posted ahead, so there each has its own.
 */
const sharedBuffer =
  process.platform === "win32" ? undefined : Buffer.allocUnsafeSlow(BUFFER_BYTES);

/** One socket and the one request that it carries. Reads by callback, with no stream between. */
export class LeanConnection {
  /** When the pool's ticker ends this connection: what that means depends on what it waits for. */
  dueAt: number;
  private readonly owner: ConnectionOwner;
  private readonly socket: Socket;
  private readonly reader: ResponseReader;
  private exchange: Exchange | undefined;
  private isConnected = false;
  private isClosed = false;
  /** Sent on a connection that was idle, and not answered by a byte yet. */
  private isUnanswered = false;
  private sentAt = 0;

  constructor(owner: ConnectionOwner, exchange: Exchange) {
    this.owner = owner;
    this.exchange = exchange;
    exchange.connection = this;
    this.dueAt = owner.now() + owner.connectMs;
    this.reader = new ResponseReader({
      head: (head) => this.exchange?.handlers.head(head),
      body: (chunk) => this.exchange?.handlers.data(chunk),
    });
    const buffer = sharedBuffer ?? Buffer.allocUnsafeSlow(BUFFER_BYTES);
    const callback = (size: number): boolean => {
      this.took(size === buffer.length ? buffer : buffer.subarray(0, size));
      return true;
    };
    const { host, port } = owner;
    this.socket = connect({ host, port, noDelay: true, onread: { buffer, callback } });
    this.socket.on("connect", () => this.connected());
    this.socket.on("end", () => this.ended());
    this.socket.on("error", (cause) => this.lost(cause));
    this.socket.on("close", () => this.lost(new Error("closed the connection")));
  }

  /** Sends on this idle connection. */
  carry(exchange: Exchange): void {
    this.exchange = exchange;
    exchange.connection = this;
    this.isUnanswered = true;
    this.reader.reset();
    this.socket.ref();
    this.send(exchange);
  }

  pause(): void {
    if (!this.isConnected) return;
    this.socket.pause();
    this.dueAt = Infinity;
  }

  resume(): void {
    if (!this.isConnected) return;
    this.socket.resume();
    const { now, stallMs } = this.owner;
    this.dueAt = now() + (this.reader.isInBody ? stallMs : this.headMs);
  }

  /** Closes at once and tells no handler. */
  drop(): void {
    this.exchange = undefined;
    this.close(undefined);
  }

  /** Closes at once; the request, if any, fails with `cause`. */
  fail(cause: unknown): void {
    const { exchange } = this;
    this.drop();
    exchange?.handlers.failed(cause);
  }

  tick(now: number): void {
    if (now < this.dueAt) return;
    const { reader, owner } = this;
    if (!this.isConnected) this.fail(silent("no connection", owner.connectMs));
    else if (reader.isInBody) this.fail(silent("nothing more", owner.stallMs));
    else this.fail(silent("no answer", this.headMs));
  }

  private get headMs(): number {
    return this.exchange?.headMs ?? 0;
  }

  private connected(): void {
    if (this.isClosed) return;
    this.isConnected = true;
    if (this.exchange) this.send(this.exchange);
  }

  private send(exchange: Exchange): void {
    writeAtTurnEnd(this.socket, exchange.wire, exchange.encoding);
    this.sentAt = this.owner.now();
    this.dueAt = this.sentAt + exchange.headMs;
    if (exchange.isPaused) this.pause();
  }

  private took(bytes: Buffer): void {
    const { exchange } = this;
    if (this.isClosed) return;
    // Bytes that nobody asked for: an answer to come could not be told from them.
    if (!exchange) {
      this.drop();
      return;
    }
    this.isUnanswered = false;
    try {
      this.reader.push(bytes);
      if (this.exchange !== exchange) return;
      if (!this.reader.isDone) exchange.handlers.flush();
    } catch (cause) {
      if (this.exchange === exchange) this.fail(cause);
      return;
    }
    if (this.exchange !== exchange) return;
    if (this.reader.isDone) this.finish(exchange);
    else if (this.reader.isInBody && !exchange.isPaused) {
      this.dueAt = this.owner.now() + this.owner.stallMs;
    }
  }

  private finish(exchange: Exchange): void {
    const { reader, socket } = this;
    this.exchange = undefined;
    exchange.connection = undefined;
    const said = reader.keepAliveMs;
    const idleMs = said === undefined ? IDLE_MS : Math.min(said - IDLE_MARGIN_MS, MAX_IDLE_MS);
    // An answer that overtook its request leaves half a request behind on the connection.
    if (!reader.keepsAlive || idleMs <= 0 || socket.writableLength > 0) this.close(undefined);
    else {
      if (exchange.isPaused) socket.resume();
      socket.unref();
      this.dueAt = this.owner.now() + idleMs;
      this.owner.freed(this);
    }
    try {
      exchange.handlers.end();
    } catch (cause) {
      exchange.handlers.failed(cause);
    }
  }

  private ended(): void {
    const { exchange } = this;
    if (exchange && this.reader.endsHere() && !this.isClosed) {
      this.reader.stop();
      this.finish(exchange);
    } else this.lost(new Error("closed the connection before the end of its answer"));
  }

  private lost(cause: Error): void {
    if (this.isClosed) return;
    const { exchange } = this;
    const isRace = this.isUnanswered && this.owner.now() - this.sentAt < RACE_MS;
    if (!exchange || !isRace) {
      this.fail(cause);
      return;
    }
    this.exchange = undefined;
    this.close(exchange);
  }

  private close(unanswered: Exchange | undefined): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.reader.stop();
    this.socket.destroy();
    this.owner.closed(this, unanswered);
  }
}

function silent(what: string, afterMs: number): TransportTimeout {
  return new TransportTimeout(`${what} within ${afterMs / 1000} s`);
}
