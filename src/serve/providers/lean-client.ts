import type { UpstreamTrace } from "../provider.ts";
import { type ConnectionOwner, type Exchange, LeanConnection } from "./lean-connection.ts";
import type {
  Outgoing,
  ResponseHandlers,
  Sending,
  Transport,
  TransportOptions,
} from "./transport.ts";

/** Time as the client sees it; tests hand in their own. */
export interface Ticker {
  now(): number;
  /** Calls `tick` again and again; returns what stops it. */
  every(ms: number, tick: () => void): () => void;
}

const realTime: Ticker = {
  now: () => performance.now(),
  every(ms, tick) {
    const timer = setInterval(tick, ms).unref();
    return () => clearInterval(timer);
  },
};

/**
 * Our own HTTP/1.1 client for `http://` upstreams: a bounded pool of keep-alive connections, the
 * one used last first. Timeouts are dates that one coarse ticker compares, so no request and no
 * chunk sets a timer; they fire up to a quarter of the shortest one late.
 */
export function leanTransport(options: TransportOptions, time: Ticker = realTime): Transport {
  return new LeanClient(options, time);
}

/** Whether these headers can be written as they are. Anything else is left to undici's judgement. */
export function canSendPlainly({
  url,
  headers,
}: Pick<TransportOptions, "url" | "headers">): boolean {
  const isVisible = Object.values(headers).every((value) =>
    /^[\x21-\x7e][\x20-\x7e]*$/.test(value),
  );
  return url.protocol === "http:" && url.port !== "0" && isVisible;
}

class LeanClient implements Transport, ConnectionOwner {
  readonly sendsAtTurnEnd = true;
  readonly host: string;
  readonly port: number;
  readonly connectMs: number;
  readonly headMs: number;
  readonly stallMs: number;
  readonly now: () => number;
  private readonly most: number;
  private readonly time: Ticker;
  private readonly constantHead: string;
  private readonly fields: Readonly<Record<string, string>>;
  private readonly open = new Set<LeanConnection>();
  private readonly idle: LeanConnection[] = [];
  private readonly waiting = new Set<LeanExchange>();
  private stopTicking: (() => void) | undefined;
  private isClosed = false;

  constructor(options: TransportOptions, time: Ticker) {
    const { url, headers } = options;
    this.host = url.hostname.replace(/^\[|\]$/g, "");
    this.port = Number(url.port || 80);
    this.connectMs = options.connectMs;
    this.headMs = options.headMs;
    this.stallMs = options.stallMs;
    this.most = options.connections;
    this.time = time;
    this.now = () => time.now();
    this.fields = { host: url.host, connection: "keep-alive", ...headers };
    this.constantHead = toHead(this.fields);
  }

  send(message: Outgoing, handlers: ResponseHandlers): Sending {
    const { path, method = "POST", body = "", headers, trace, headMs = this.headMs } = message;
    const length = Buffer.byteLength(body);
    const head = headers ? toHead({ ...this.fields, ...headers }) : this.constantHead;
    // Bytes are written as the characters of the same numbers.
    const text = typeof body === "string" ? body : body.toString("latin1");
    const wire = `${method} ${path}${head}${length}\r\n${traceLines(trace)}\r\n${text}`;
    const exchange = new LeanExchange(this, { wire, headMs, handlers });
    if (length === text.length) exchange.encoding = "latin1";
    if (this.isClosed) process.nextTick(() => exchange.failUnsent());
    else this.place(exchange);
    return exchange;
  }

  get underWay(): number {
    return this.open.size - this.idle.length + this.waiting.size;
  }

  close(): Promise<void> {
    this.isClosed = true;
    const left = [...this.waiting];
    this.waiting.clear();
    for (const connection of this.open) connection.fail(new Error("the target was closed"));
    for (const exchange of left) exchange.failUnsent();
    return Promise.resolve();
  }

  freed(connection: LeanConnection): void {
    const next = this.takeWaiting();
    if (next) connection.carry(next);
    else this.idle.push(connection);
  }

  closed(connection: LeanConnection, unanswered: Exchange | undefined): void {
    this.open.delete(connection);
    const at = this.idle.lastIndexOf(connection);
    if (at !== -1) this.idle.splice(at, 1);
    if (this.isClosed) unanswered?.handlers.failed(new Error("the target was closed"));
    else {
      // A fresh connection: another idle one may have been closed in the same moment.
      const next = unanswered ?? this.takeWaiting();
      if (next) this.connect(next);
    }
    if (this.open.size > 0) return;
    this.stopTicking?.();
    this.stopTicking = undefined;
  }

  /** Takes a canceled request out of the queue. */
  forget(exchange: LeanExchange): void {
    this.waiting.delete(exchange);
  }

  private place(exchange: LeanExchange): void {
    const connection = this.takeIdle();
    if (connection) connection.carry(exchange);
    else if (this.open.size < this.most) this.connect(exchange);
    else this.waiting.add(exchange);
  }

  private connect(exchange: Exchange): void {
    this.open.add(new LeanConnection(this, exchange));
    const shortest = Math.min(this.connectMs, this.headMs, this.stallMs);
    const everyMs = Math.min(500, Math.max(5, shortest / 4));
    this.stopTicking ??= this.time.every(everyMs, () => this.tick());
  }

  private takeIdle(): LeanConnection | undefined {
    const connection = this.idle.pop();
    if (!connection || connection.dueAt > this.now()) return connection;
    connection.drop();
    return this.takeIdle();
  }

  private takeWaiting(): LeanExchange | undefined {
    if (this.waiting.size === 0) return undefined;
    const [first] = this.waiting;
    if (first) this.waiting.delete(first);
    return first;
  }

  private tick(): void {
    const now = this.now();
    for (const connection of this.open) connection.tick(now);
  }
}

/** All of a head between the path and the body's length. */
function toHead(fields: Readonly<Record<string, string>>): string {
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return ` HTTP/1.1\r\n${lines.join("")}content-length: `;
}

/** Its values hold visible ASCII only: whoever read them from a client looked. */
function traceLines(trace: UpstreamTrace | undefined): string {
  if (!trace) return "";
  const { traceparent, tracestate } = trace;
  const state = tracestate === undefined ? "" : `tracestate: ${tracestate}\r\n`;
  return `traceparent: ${traceparent}\r\n${state}`;
}

class LeanExchange implements Exchange, Sending {
  readonly wire: string;
  readonly headMs: number;
  readonly handlers: ResponseHandlers;
  encoding: "latin1" | "utf8" = "utf8";
  isPaused = false;
  connection: LeanConnection | undefined;
  private readonly client: LeanClient;
  private isCanceled = false;

  constructor(
    client: LeanClient,
    { wire, headMs, handlers }: Pick<Exchange, "wire" | "headMs" | "handlers">,
  ) {
    this.client = client;
    this.wire = wire;
    this.headMs = headMs;
    this.handlers = handlers;
  }

  pause(): void {
    this.isPaused = true;
    this.connection?.pause();
  }

  resume(): void {
    this.isPaused = false;
    this.connection?.resume();
  }

  cancel(): void {
    this.isCanceled = true;
    this.client.forget(this);
    this.connection?.drop();
    this.connection = undefined;
  }

  failUnsent(): void {
    if (!this.isCanceled) this.handlers.failed(new Error("the target was closed"));
  }
}
