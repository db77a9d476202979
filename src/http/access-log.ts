import { type Caller, type CallRecord, DEFAULT_TENANT } from "../core/call.ts";
import type { ErrorCode } from "../core/errors.ts";
import type { AddressOf, FromWhere } from "./client-address.ts";
import type { Inbound } from "./lane/exchange.ts";

export type AccessLevel = "off" | "errors" | "all";

export interface AccessLogNeeds {
  readonly level: () => AccessLevel;
  /** Takes one line; may write it a moment later, with others. */
  readonly write: (fields: Readonly<Record<string, unknown>>) => void;
  readonly monotonic: () => number;
  readonly addressOf: AddressOf;
}

/** One line for each request that ended. Never a prompt, never a query: both hold secrets. */
export interface AccessLog {
  /** Undefined while it is off: then it costs nothing more. */
  open(exchange: Inbound, traceId: string): AccessEntry | undefined;
  /** A call was settled: its request ends in the same turn, and its line says what it was. */
  settled(call: CallRecord): void;
  /** A request that did not take the fast lane. */
  add(request: PlainRequest): void;
}

/** A request of the fast lane until its answer has ended. */
export interface AccessEntry {
  failed(code: ErrorCode): void;
  close(caller: Caller | undefined): void;
}

/** What is known of a request beside the fast lane. */
export interface PlainRequest {
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly durationMs: number;
  readonly bytesOut: number | undefined;
  readonly from: FromWhere;
  readonly httpVersion: string;
  readonly traceId: string;
  readonly caller: Caller | undefined;
  readonly error: ErrorCode | undefined;
}

const MAX_CHARS = 200;

export function createAccessLog({ level, write, monotonic, addressOf }: AccessLogNeeds): AccessLog {
  let last: CallRecord | undefined;

  function isWanted(status: number): boolean {
    const wanted = level();
    // Nobody was answered: the client left before, which is an end that one looks for.
    return wanted === "all" || (wanted === "errors" && (status >= 400 || status === 0));
  }

  function closed(entry: OpenEntry, caller: Caller | undefined): void {
    const { exchange, traceId, startedAt, code } = entry;
    const call = last?.id === traceId ? last : undefined;
    last = undefined;
    // A stream that broke off has its 200, and is an error all the same.
    const isFailed = call !== undefined && call.status !== "ok";
    if (!isWanted(isFailed ? 500 : exchange.status)) return;
    write({
      method: exchange.method,
      route: exchange.path.slice(0, MAX_CHARS),
      status: exchange.status || 499,
      durationMs: rounded(monotonic() - startedAt),
      bytesIn: exchange.bytesIn,
      bytesOut: exchange.bytesOut,
      ...toCaller(caller),
      ...(call && toFacts(call)),
      client: addressOf(exchange),
      httpVersion: exchange.httpVersion,
      traceId,
      ...((call?.errorCode ?? code) && { error: call?.errorCode ?? code }),
    });
  }

  return {
    open(exchange, traceId) {
      if (level() === "off") return undefined;
      return new OpenEntry(exchange, traceId, monotonic(), closed);
    },
    settled(call) {
      last = call;
    },
    add({ route, durationMs, caller, error, from, ...rest }) {
      if (!isWanted(rest.status)) return;
      write({
        ...rest,
        route: route.slice(0, MAX_CHARS),
        durationMs: rounded(durationMs),
        client: addressOf(from),
        ...toCaller(caller),
        ...(error && { error }),
      });
    },
  };
}

class OpenEntry implements AccessEntry {
  readonly exchange: Inbound;
  readonly traceId: string;
  readonly startedAt: number;
  code: ErrorCode | undefined;
  private readonly closed: (entry: OpenEntry, caller: Caller | undefined) => void;

  constructor(
    exchange: Inbound,
    traceId: string,
    startedAt: number,
    closed: (entry: OpenEntry, caller: Caller | undefined) => void,
  ) {
    this.exchange = exchange;
    this.traceId = traceId;
    this.startedAt = startedAt;
    this.closed = closed;
  }

  failed(code: ErrorCode): void {
    this.code = code;
  }

  close(caller: Caller | undefined): void {
    this.closed(this, caller);
  }
}

function toCaller(caller: Caller | undefined): Record<string, unknown> {
  if (!caller) return {};
  const { keyId, keyName, tenantId = DEFAULT_TENANT } = caller;
  return { keyId, keyName, tenant: tenantId };
}

function toFacts({ model, target, cache }: CallRecord): Record<string, unknown> {
  return { model: model.slice(0, MAX_CHARS), ...(target && { target }), ...(cache && { cache }) };
}

function rounded(ms: number): number {
  return Math.round(ms * 100) / 100;
}
