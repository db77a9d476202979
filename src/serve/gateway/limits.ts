import type { Caller, Limits } from "../../core/call.ts";
import { WeirError } from "../../core/errors.ts";
import { type Nanos, formatDollars } from "../../core/money.ts";
import type { Clock } from "../../core/time.ts";
import type { Admission, AdmissionAsk, Estimate, Reservation } from "./needs.ts";

/** What a key has used; `reserved` is promised to running calls and not yet spent. */
interface Account {
  requests: Bucket;
  tokens: Bucket;
  running: number;
  day: number;
  spent: Nanos;
  reserved: Nanos;
}

interface Bucket {
  /** What is left now, up to a minute's worth. Tokens may go below zero: estimates can be low. */
  level: number;
  at: number;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/**
 * Limits of one process, kept in memory. Every check and take is one synchronous step, so calls that
 * arrive together cannot pass together. `spentToday` gives what the traces say of a key's day, which
 * is how a budget survives a restart.
 */
export function createAdmission({
  allowance,
  now,
  spentToday,
}: {
  allowance: () => Limits;
  now: Clock;
  spentToday: (keyId: string, dayStart: number) => Nanos;
}): Admission {
  const accounts = new Map<string, Account>();

  function accountOf(keyId: string): Account {
    const at = now();
    const day = Math.floor(at / DAY_MS);
    let account = accounts.get(keyId);
    if (!account) {
      const spent = spentToday(keyId, day * DAY_MS);
      const full = { level: Number.POSITIVE_INFINITY, at };
      account = { requests: { ...full }, tokens: { ...full }, running: 0, day, spent, reserved: 0 };
      accounts.set(keyId, account);
    }
    if (account.day !== day) Object.assign(account, { day, spent: 0 });
    return account;
  }

  return {
    reserve({ caller, estimate }: AdmissionAsk): Reservation {
      const limits = allowance();
      const account = accountOf(caller.keyId);
      const at = now();
      checkConcurrency(account, limits, caller);
      checkBudget(account, limits, { caller, estimate, at });
      refill(account.requests, limits.requestsPerMinute, at);
      refill(account.tokens, limits.tokensPerMinute, at);
      checkRate(account.requests, limits.requestsPerMinute, 1, "requests");
      checkRate(account.tokens, limits.tokensPerMinute, estimate.tokens, "tokens");
      account.requests.level -= 1;
      account.tokens.level -= estimate.tokens;
      account.running += 1;
      account.reserved += estimate.costNanos;
      return {
        headers: {},
        settle(actual) {
          account.running -= 1;
          account.reserved -= estimate.costNanos;
          account.spent += actual.costNanos;
          account.tokens.level += estimate.tokens - actual.tokens;
        },
      };
    },
  };
}

function checkConcurrency(account: Account, { concurrency }: Limits, { keyName }: Caller): void {
  if (concurrency === undefined || account.running < concurrency) return;
  throw new WeirError(
    "rate_limited",
    `The key "${keyName}" already has ${account.running} calls running, its limit. Wait for one to end, or raise limits.perKey.concurrency.`,
    { retryAfterMs: 1000 },
  );
}

function checkBudget(
  account: Account,
  { costPerDay }: Limits,
  { caller, estimate, at }: { caller: Caller; estimate: Estimate; at: number },
): void {
  if (costPerDay === undefined) return;
  const left = costPerDay - account.spent - account.reserved;
  if (estimate.costNanos <= left) return;
  throw new WeirError(
    "budget_exceeded",
    `This call may cost up to ${formatDollars(estimate.costNanos)} and the key "${caller.keyName}" has ${formatDollars(Math.max(0, left))} left of its ${formatDollars(costPerDay)} a day. Lower max_tokens, wait for the next UTC day, or raise limits.perKey.costPerDay.`,
    { retryAfterMs: DAY_MS - (at % DAY_MS) },
  );
}

/** A minute's worth fills evenly over a minute. A new or changed limit starts full. */
function refill(bucket: Bucket, perMinute: number | undefined, at: number): void {
  const size = perMinute ?? Number.POSITIVE_INFINITY;
  const gained = ((at - bucket.at) / MINUTE_MS) * size;
  bucket.level = Math.min(size, Number.isNaN(gained) ? bucket.level : bucket.level + gained);
  bucket.at = at;
}

function checkRate(
  bucket: Bucket,
  perMinute: number | undefined,
  wanted: number,
  what: "requests" | "tokens",
): void {
  if (perMinute === undefined) return;
  if (wanted > perMinute) {
    throw new WeirError(
      "rate_limited",
      `This call may use up to ${wanted} ${what} and the key's limit is ${perMinute} a minute. Lower max_tokens or raise limits.perKey.${what}PerMinute.`,
    );
  }
  if (bucket.level >= wanted) return;
  const retryAfterMs = Math.ceil(((wanted - bucket.level) / perMinute) * MINUTE_MS);
  throw new WeirError(
    "rate_limited",
    `The key's limit of ${perMinute} ${what} a minute is used up. Try again in ${Math.ceil(retryAfterMs / 1000)} s.`,
    { retryAfterMs },
  );
}
