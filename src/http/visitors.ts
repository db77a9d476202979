import type { IncomingMessage } from "node:http";
import type { FastifyInstance } from "fastify";
import type { PerIpLimits } from "../config/limits.ts";
import { WeirError } from "../core/errors.ts";
import type { Amounts, Grant, Ledger, Meter, Refusal } from "../core/ledger.ts";
import type { Log } from "../core/log.ts";
import { whenKnown } from "../core/when-known.ts";
import { type AddressOf, type FromWhere, clientOf, createAddressOf } from "./client-address.ts";

/** To be called when the request is over; undefined: nothing is. */
export type Over = (() => void) | undefined;

/**
 * Limits of one client address, looked at before anything else: how many requests it may send, and
 * how many wrong keys.
 */
export interface Visitors {
  /** Throws, or rejects with, rate_limited. Synchronous where the counters stand in this process. */
  enter(request: FromWhere): Over | Promise<Over>;
  /** A key that is none came from there. */
  wrongKey(request: FromWhere): void;
}

export interface VisitorsNeeds {
  readonly limits: () => PerIpLimits;
  readonly trustedProxies: () => readonly string[];
  /** Counts requests, perhaps for several replicas. */
  readonly ledger: Pick<Ledger, "reserve">;
  /** Counts wrong keys, each process for itself, and requests while the other cannot. */
  readonly local: { reserve(meters: readonly Meter[], amounts: Amounts): Grant | Refusal };
  readonly refused: (meter: Meter) => void;
  readonly now: () => number;
  readonly log: Log;
}

const ONE = { requests: 1, tokens: 0, cost: 0, calls: 1 };
const NONE = { requests: 0, tokens: 0, cost: 0, calls: 0 };
const MINUTE_MS = 61_000;

export function createVisitors(needs: VisitorsNeeds): Visitors {
  const { limits, ledger, local, now, log } = needs;
  const whoIs = clientsOf(needs);
  /** Until then wrong keys are looked for: a while after the last one. */
  let watchedUntil = 0;

  function checkKeys(client: string): void {
    const most = limits().wrongKeysPerMinute;
    if (most === 0) return;
    // Asks for nothing: refused when the last place is taken.
    const answer = local.reserve([keyMeter(client, most - 1)], NONE);
    if (!answer.isGranted) throw tooManyWrongKeys(answer.retryAfterMs);
  }

  /** The dashboard is needed most when something is down: then each process counts for itself. */
  function count(meters: readonly Meter[]): ReturnType<Ledger["reserve"]> {
    try {
      const answer = ledger.reserve(meters, ONE);
      return answer instanceof Promise ? answer.catch(() => local.reserve(meters, ONE)) : answer;
    } catch {
      return local.reserve(meters, ONE);
    }
  }

  function admitted(answer: Grant | Refusal, meters: readonly Meter[]): Over {
    if (answer.isGranted) return () => answer.settle(ONE);
    const meter = meters[answer.at] as Meter; // the ledger names one of them
    needs.refused(meter);
    throw tooMany(meter, answer);
  }

  return {
    enter(request) {
      const { requestsPerMinute, concurrency } = limits();
      const isWatched = now() < watchedUntil;
      if (requestsPerMinute === undefined && concurrency === undefined && !isWatched)
        return undefined;
      const client = whoIs(request);
      if (client === undefined) return undefined;
      if (isWatched) checkKeys(client);
      const meters = metersOf(client, limits());
      if (meters.length === 0) return undefined;
      const answer = count(meters);
      if (!(answer instanceof Promise)) return admitted(answer, meters);
      return answer.then((known) => admitted(known, meters));
    },
    wrongKey(request) {
      const most = limits().wrongKeysPerMinute;
      const client = most === 0 ? undefined : whoIs(request);
      if (client === undefined) return;
      watchedUntil = now() + MINUTE_MS;
      const answer = local.reserve([keyMeter(client, most)], ONE);
      if (answer.isGranted && answer.used[0] === most) {
        log.warn("wrong_keys_throttled", { client, most });
        needs.refused(keyMeter(client, most));
      }
    },
  };
}

/** Which client a request counts for; follows weir.yaml. */
function clientsOf({ limits, trustedProxies }: VisitorsNeeds) {
  let proxies = trustedProxies();
  let addressOf: AddressOf = createAddressOf(proxies);
  return (request: FromWhere): string | undefined => {
    if (proxies !== trustedProxies()) {
      proxies = trustedProxies();
      addressOf = createAddressOf(proxies);
    }
    const address = addressOf(request);
    return address === undefined ? undefined : clientOf(address, limits().ipv6Prefix);
  };
}

function metersOf(subject: string, { requestsPerMinute, concurrency }: PerIpLimits): Meter[] {
  const common = { mode: "hard", scope: "perIp", subject } as const;
  const meters: Meter[] = [];
  const key = (field: string) => `perIp/${subject}/${field}`;
  if (concurrency !== undefined) {
    const field = "concurrency";
    meters.push({
      ...common,
      key: key(field),
      unit: "calls",
      span: "open",
      limit: concurrency,
      field,
    });
  }
  if (requestsPerMinute !== undefined) {
    const field = "requestsPerMinute";
    const limit = requestsPerMinute;
    meters.push({ ...common, key: key(field), unit: "requests", span: "minute", limit, field });
  }
  return meters;
}

function keyMeter(subject: string, limit: number): Meter {
  return {
    key: `perIp/${subject}/wrongKeys`,
    unit: "requests",
    span: "minute",
    limit,
    mode: "hard",
    scope: "perIp.wrongKeys",
    field: "requestsPerMinute",
    subject,
  };
}

function tooMany({ field, limit }: Meter, { retryAfterMs = 1000 }: Refusal): WeirError {
  const what =
    field === "concurrency" ? `${limit} requests at the same time` : `${limit} requests a minute`;
  return new WeirError(
    "rate_limited",
    `Your address may send ${what}. Try again in ${Math.ceil(retryAfterMs / 1000)} s. Behind a proxy that Weir does not know (server.trustedProxies) all clients count as one.`,
    { retryAfterMs },
  );
}

function tooManyWrongKeys(retryAfterMs = 1000): WeirError {
  return new WeirError(
    "rate_limited",
    `Too many wrong API keys came from your address. Try again in ${Math.ceil(retryAfterMs / 1000)} s. Behind a proxy that Weir does not know (server.trustedProxies) all clients count as one.`,
    { retryAfterMs },
  );
}

const PROBES: ReadonlySet<string> = new Set(["/health", "/ready", "/metrics", "/version"]);
const SIGN_IN = "/admin/v1/session";

/** The same for everything that takes no fast lane, but for probes. To be called before there are routes. */
export function followVisitors(fastify: FastifyInstance, visitors: Visitors): void {
  fastify.addHook("onRequest", (request, reply, next) => {
    const { raw, url } = request;
    if (PROBES.has(url.replace(/\?.*$/s, ""))) {
      next();
      return;
    }
    const entered = (over: Over) => {
      if (over && reply.raw.closed) over();
      else if (over) reply.raw.once("close", over);
      next();
    };
    whenKnown(() => visitors.enter(fromWhere(raw)), entered, next);
  });
  fastify.addHook("onResponse", (request, reply, next) => {
    const { raw, method, url } = request;
    const isSignIn = method === "POST" && url.startsWith(SIGN_IN);
    if (reply.statusCode === 401 && (isSignIn || sendsKey(raw.headers)))
      visitors.wrongKey(fromWhere(raw));
    next();
  });
}

/** Whether somebody tried a key: to send none is no guess. */
export function sendsKey({ authorization, "x-api-key": key }: FromWhere["headers"]): boolean {
  return authorization !== undefined || key !== undefined;
}

function fromWhere({ headers, socket }: IncomingMessage): FromWhere {
  return { address: socket.remoteAddress, headers };
}
