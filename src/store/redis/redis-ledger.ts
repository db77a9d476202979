import { randomBytes } from "node:crypto";
import { WeirError, messageOf } from "../../core/errors.ts";
import {
  type Amounts,
  type Grant,
  type Ledger,
  type LedgerRow,
  type Meter,
  type Refusal,
  monthStart,
  windowAt,
  windowEnd,
} from "../../core/ledger.ts";
import type { Log } from "../../core/log.ts";
import type { Clock } from "../../core/time.ts";
import type { Message, Outbox } from "./outbox.ts";
import { readRows } from "./redis-rows.ts";
import type { Redis } from "./redis.ts";
import { BEAT, CHARGE, RESERVE, type RedisScript, SETTLE } from "./scripts.ts";

/** A ledger in this process, for while Redis is away. */
export interface LocalLedger {
  reserve(meters: readonly Meter[], amounts: Amounts): Grant | Refusal;
  restore(meter: Pick<Meter, "key" | "span">, used: number): void;
}

export interface RedisLedgerNeeds {
  readonly redis: Redis;
  readonly prefix: string;
  readonly whenDown: "refuse" | "local";
  /** A new one for each time that Redis is away. */
  readonly createLocal: () => LocalLedger;
  readonly outbox: Outbox;
  readonly now: Clock;
  readonly log: Log;
  /** Added to Redis' own clock: tests move time so. */
  readonly clockOffset?: () => number;
}

export interface RedisLedger extends Ledger {
  /** Says that this replica is alive; to be called every few seconds. */
  beat(): Promise<void>;
  /** Resolves when nothing is on its way to Redis any more. */
  idle(): Promise<void>;
}

const MOST_SEEN = 20_000;

/**
 * A ledger that replicas share: one script in Redis reserves, one settles. A replica that dies leaves
 * its reservations to the others, who charge them in full half a minute later. While Redis is away,
 * calls with limits are refused, or counted here and told to Redis afterwards, once.
 */
export function createRedisLedger(needs: RedisLedgerNeeds): RedisLedger {
  return new Shared(needs);
}

class Shared implements RedisLedger {
  private readonly needs: RedisLedgerNeeds;
  /** A new name for each process: what the one before had reserved is not this one's. */
  private readonly replica = randomBytes(6).toString("hex");
  private readonly tag: string;
  private lastCall = 0;
  private local: LocalLedger | undefined;
  /** What days and months stood at when Redis last said so: where to go on while it is away. */
  private readonly seen = new Map<string, { window: number; total: number }>();
  private readonly underWay = new Set<Promise<void>>();
  private telling: Promise<void> | undefined;

  constructor(needs: RedisLedgerNeeds) {
    this.needs = needs;
    this.tag = `{${needs.prefix}}`;
    needs.redis.onUp(() => {
      this.local = undefined;
      void this.tell();
    });
    if (needs.redis.isUp) void this.tell();
  }

  reserve(meters: readonly Meter[], amounts: Amounts): Grant | Refusal | Promise<Grant | Refusal> {
    if (!this.needs.redis.isUp) return this.reserveHere(meters, amounts);
    const call = `${this.replica}-${(++this.lastCall).toString(36)}`;
    const args = meters.flatMap(({ span, limit, unit, mode }) => [
      span,
      String(limit),
      String(amounts[unit]),
      mode,
    ]);
    return this.run(RESERVE, this.keysOf(meters), [call, ...args]).then(
      (answer) => this.toVerdict(answer as string[], { call, meters, amounts }), // our own script's
      (cause: unknown) => {
        this.needs.log.debug("redis_reserve_failed", { reason: messageOf(cause) });
        // It may have been counted all the same.
        this.settle(
          call,
          meters.map(() => 0),
        );
        return this.reserveHere(meters, amounts);
      },
    );
  }

  async rows(): Promise<readonly LedgerRow[]> {
    if (!this.needs.redis.isUp) throw away();
    return readRows(this.needs.redis, this.tag, (keys, args, script) =>
      this.run(script, keys, args),
    );
  }

  async beat(): Promise<void> {
    if (!this.needs.redis.isUp) return;
    await this.run(BEAT, [], []).catch(() => undefined);
    await this.tell();
  }

  async idle(): Promise<void> {
    while (this.underWay.size > 0) await Promise.all(this.underWay);
  }

  private toVerdict(
    [isGranted, ...rest]: readonly string[],
    { call, meters, amounts }: { call: string; meters: readonly Meter[]; amounts: Amounts },
  ): Grant | Refusal {
    if (isGranted === "0") {
      const [at = 0, used = 0, wait = 1000, swept = 0] = rest.map(Number);
      this.noteSwept(swept);
      const meter = meters[at];
      if (meter) this.note(meter, used);
      return { isGranted: false, at, used, retryAfterMs: wait < 0 ? undefined : Math.ceil(wait) };
    }
    const [places = "", swept = "0", ...totals] = rest;
    this.noteSwept(Number(swept));
    const used = totals.map(Number);
    for (const [place, meter] of meters.entries()) this.note(meter, used[place] ?? 0);
    let isSettled = false;
    return {
      isGranted: true,
      used,
      exceeded: places === "" ? [] : places.split(",").map(Number),
      settle: (actual) => {
        if (isSettled) return;
        isSettled = true;
        for (const { key, span, unit } of meters) {
          const seen = this.seen.get(key);
          if (seen && (span === "day" || span === "month"))
            seen.total += actual[unit] - amounts[unit];
        }
        this.settle(
          call,
          meters.map(({ unit }) => actual[unit]),
        );
      },
    };
  }

  private settle(call: string, amounts: readonly number[]): void {
    const message = {
      call,
      kind: "settle",
      parts: [this.replica, ...amounts.map(String)],
    } as const;
    if (!this.needs.redis.isUp) {
      this.needs.outbox.add(message);
      return;
    }
    const sending = this.send(message)
      .catch(() => this.needs.outbox.add(message))
      .finally(() => this.underWay.delete(sending));
    this.underWay.add(sending);
  }

  private reserveHere(meters: readonly Meter[], amounts: Amounts): Grant | Refusal {
    const { whenDown, outbox, createLocal, now } = this.needs;
    if (whenDown === "refuse" || outbox.isFull) throw away();
    this.local ??= createLocal();
    for (const { key, span } of meters) {
      const seen = this.seen.get(key);
      if (seen && (span === "day" || span === "month") && seen.window === windowAt(span, now()))
        this.local.restore({ key, span }, seen.total);
    }
    const answer = this.local.reserve(meters, amounts);
    return answer.isGranted ? this.toldLater(answer, meters, amounts) : answer;
  }

  /** A call that was counted here: Redis hears of it when it is there again. */
  private toldLater(grant: Grant, meters: readonly Meter[], amounts: Amounts): Grant {
    const call = `${this.replica}-${(++this.lastCall).toString(36)}`;
    const at = this.needs.now();
    const message = (came: Amounts): Message => ({
      call,
      kind: "charge",
      parts: meters.flatMap(({ key, span, unit }) =>
        span === "day" || span === "month"
          ? [key, span, String(windowAt(span, at)), String(came[unit])]
          : [],
      ),
    });
    // What cannot have cost anything need not be told.
    const isOfUse = meters.some(
      ({ span, unit }) => (span === "day" || span === "month") && amounts[unit] > 0,
    );
    try {
      if (isOfUse) this.needs.outbox.begin(message(amounts));
    } catch (cause) {
      grant.settle({ requests: 0, tokens: 0, cost: 0, calls: 0 });
      throw new WeirError(
        "storage_full",
        "The server cannot write down what this call may cost, so it does not begin it: its disk is full or broken.",
        { cause, retryAfterMs: 5000 },
      );
    }
    let isSettled = false;
    return {
      ...grant,
      settle: (actual) => {
        if (isSettled) return;
        isSettled = true;
        grant.settle(actual);
        if (isOfUse) this.needs.outbox.add(message(actual));
        if (this.needs.redis.isUp) void this.tell();
      },
    };
  }

  /** Sends what waits, one after the other, until it is all told or Redis is away again. */
  private tell(): Promise<void> {
    this.telling ??= this.tellAll().finally(() => (this.telling = undefined));
    return this.telling;
  }

  private async tellAll(): Promise<void> {
    const { outbox, redis, log } = this.needs;
    let told = 0;
    try {
      for (let message = outbox.next(); message && redis.isUp; message = outbox.next()) {
        await this.send(message);
        outbox.sent(message);
        told += 1;
      }
    } catch (cause) {
      log.debug("redis_telling_failed", { reason: messageOf(cause) });
    }
    if (told > 0) log.info("redis_told", { calls: told });
  }

  private async send({ call, kind, parts }: Message): Promise<void> {
    if (kind === "settle") {
      await this.run(SETTLE, [`${this.tag}:beat`], [call, ...parts]);
      return;
    }
    const keys: string[] = [];
    const args: string[] = [];
    for (let at = 0; at < parts.length; at += 4) {
      keys.push(this.counterKey(parts[at] ?? ""));
      args.push(...parts.slice(at + 1, at + 4));
    }
    await this.run(CHARGE, keys, [call, ...args]);
  }

  private run(
    script: RedisScript,
    keys: readonly string[],
    args: readonly string[],
  ): Promise<unknown> {
    const at = this.needs.now();
    const [month, to] = [windowAt("month", at), windowEnd("month", at)];
    const offset = this.needs.clockOffset?.() ?? 0;
    const common = [this.tag, this.replica, offset, month, monthStart(at), to].map(String);
    return this.needs.redis.run(script, keys, [...common, ...args]);
  }

  private keysOf(meters: readonly Meter[]): string[] {
    return meters.map(({ key }) => this.counterKey(key));
  }

  private counterKey(key: string): string {
    return `${this.tag}:c:${key}`;
  }

  private note({ key, span }: Meter, total: number): void {
    if (span !== "day" && span !== "month") return;
    if (this.seen.size >= MOST_SEEN) this.seen.clear();
    this.seen.set(key, { window: windowAt(span, this.needs.now()), total });
  }

  private noteSwept(calls: number): void {
    if (calls > 0) this.needs.log.warn("budget_reservations_charged", { calls });
  }
}

function away(): WeirError {
  return new WeirError(
    "storage_unavailable",
    "The limits of this call cannot be checked: Redis gives no answer. Try again in a few seconds.",
    { retryAfterMs: 2000 },
  );
}
