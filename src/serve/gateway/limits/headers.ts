import { type Meter, windowEnd } from "../../../core/ledger.ts";

/**
 * What a client is told of its limits: the IETF's RateLimit fields, and OpenAI's names for the same.
 * Of several limits only the tightest is told; a soft one only where there is no hard one.
 */

type Headers = Record<string, string>;

/** The places of the meters that are told, and the parts of the headers that never change. */
export interface HeaderPlan {
  readonly told: readonly Told[];
}

interface Told {
  readonly place: number;
  readonly policy: string;
  readonly name: string;
  readonly limit: string;
  readonly most: number;
  readonly span: Meter["span"];
  readonly vendor: "requests" | "tokens" | undefined;
}

const SECONDS = { minute: 60, day: 86_400, month: 2_592_000, open: 0 } as const;
const UNITS = {
  requests: "requests",
  tokens: "tokens",
  cost: "nano-dollars",
  calls: "concurrent-requests",
} as const;

export function toHeaderPlan(meters: readonly Meter[]): HeaderPlan {
  const isHard = meters.some(({ mode }) => mode === "hard");
  const told = meters.flatMap((meter, place) => {
    if (meter.mode !== (isHard ? "hard" : "soft")) return [];
    const { unit, span, limit } = meter;
    const window = span === "open" ? "" : `;w=${SECONDS[span]}`;
    const name = `"${nameOf(meter)}"`;
    return {
      place,
      name,
      policy: `${name};q=${limit};qu="${UNITS[unit]}"${window}`,
      limit: String(limit),
      most: limit,
      span,
      vendor: unit === "requests" || unit === "tokens" ? unit : undefined,
    };
  });
  return { told };
}

/** As `perKey.costPerDay`, which is how weir.yaml has it. */
export function nameOf({ scope, field }: Meter): string {
  return `${scope.replace(/^rule:/, "")}.${field}`;
}

/** The headers for a call that was let in; `used` has a number for each meter. */
export function limitHeaders({ told }: HeaderPlan, used: readonly number[], now: number): Headers {
  let tightest: Told | undefined;
  let requests: Told | undefined;
  let tokens: Told | undefined;
  for (const entry of told) {
    if (!tightest || shareLeft(entry, used) < shareLeft(tightest, used)) tightest = entry;
    if (entry.vendor === "requests") requests = tighter(entry, requests, used);
    else if (entry.vendor === "tokens") tokens = tighter(entry, tokens, used);
  }
  const headers: Headers = {};
  if (tightest) {
    const seconds = secondsLeft(tightest, now);
    const reset = seconds === 0 ? "" : `;t=${seconds}`;
    headers["ratelimit-policy"] = tightest.policy;
    headers["ratelimit"] = `${tightest.name};r=${left(tightest, used)}${reset}`;
  }
  if (requests) {
    headers["x-ratelimit-limit-requests"] = requests.limit;
    headers["x-ratelimit-remaining-requests"] = String(left(requests, used));
    headers["x-ratelimit-reset-requests"] = inWords(secondsLeft(requests, now));
  }
  if (tokens) {
    headers["x-ratelimit-limit-tokens"] = tokens.limit;
    headers["x-ratelimit-remaining-tokens"] = String(left(tokens, used));
    headers["x-ratelimit-reset-tokens"] = inWords(secondsLeft(tokens, now));
  }
  return headers;
}

function left({ place, most }: Told, used: readonly number[]): number {
  return Math.max(0, most - (used[place] ?? 0));
}

function shareLeft(entry: Told, used: readonly number[]): number {
  return left(entry, used) / Math.max(1, entry.most);
}

function tighter(entry: Told, other: Told | undefined, used: readonly number[]): Told {
  return !other || left(entry, used) < left(other, used) ? entry : other;
}

function secondsLeft({ span }: Told, now: number): number {
  if (span === "day" || span === "month") return Math.ceil((windowEnd(span, now) - now) / 1000);
  return span === "minute" ? 60 : 0;
}

/** The headers for a call that was refused by the meter at this place. */
export function refusalHeaders(plan: HeaderPlan, at: number, retryAfterMs?: number): Headers {
  const entry = plan.told.find(({ place }) => place === at);
  if (!entry) return {};
  const wait =
    retryAfterMs === undefined ? "" : `;t=${Math.max(1, Math.ceil(retryAfterMs / 1000))}`;
  const headers: Headers = {
    "ratelimit-policy": entry.policy,
    ratelimit: `${entry.name};r=0${wait}`,
  };
  if (entry.vendor) {
    headers[`x-ratelimit-limit-${entry.vendor}`] = entry.limit;
    headers[`x-ratelimit-remaining-${entry.vendor}`] = "0";
    if (retryAfterMs !== undefined)
      headers[`x-ratelimit-reset-${entry.vendor}`] = inWords(Math.ceil(retryAfterMs / 1000));
  }
  return headers;
}

/** OpenAI's way to write a duration: `6m0s`. */
function inWords(seconds: number): string {
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m${seconds % 60}s`;
  return `${Math.floor(minutes / 60)}h${minutes % 60}m${seconds % 60}s`;
}
