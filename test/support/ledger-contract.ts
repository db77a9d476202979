import { expect, it } from "vitest";
import {
  type Amounts,
  type Grant,
  type Ledger,
  type Meter,
  NOTHING,
  type Refusal,
} from "../../src/core/ledger.ts";

/** What every ledger must do, wherever it counts: judged by one suite. */

export interface LedgerUnderTest {
  readonly ledger: Ledger;
  /** Moves its clock on. */
  wait(ms: number): void;
  now(): number;
}

type Open = () => LedgerUnderTest | Promise<LedgerUnderTest>;

const KINDS = {
  requestsPerMinute: { unit: "requests", span: "minute" },
  tokensPerMinute: { unit: "tokens", span: "minute" },
  costPerDay: { unit: "cost", span: "day" },
  costPerMonth: { unit: "cost", span: "month" },
  concurrency: { unit: "calls", span: "open" },
} as const;

export function meter(
  field: keyof typeof KINDS,
  limit: number,
  { subject = "k", mode = "hard" }: Partial<Pick<Meter, "subject" | "mode">> = {},
): Meter {
  const scope = "perKey";
  return {
    key: `${scope}/${subject}/${field}`,
    ...KINDS[field],
    limit,
    mode,
    scope,
    field,
    subject,
  };
}

const ask = (amounts: Partial<Amounts> = {}): Amounts => ({
  requests: 1,
  tokens: 0,
  cost: 0,
  calls: 1,
  ...amounts,
});
const spent = (cost: number, tokens = 0): Amounts => ({ ...NOTHING, requests: 1, cost, tokens });

async function granted(answer: Promise<Grant | Refusal> | Grant | Refusal): Promise<Grant> {
  const known = await answer;
  if (!known.isGranted) throw new Error(`refused at ${known.used}`);
  return known;
}

async function refused(answer: Promise<Grant | Refusal> | Grant | Refusal): Promise<Refusal> {
  const known = await answer;
  if (known.isGranted) throw new Error(`granted at ${String(known.used)}`);
  return known;
}

export function ledgerContract(name: string, open: Open): void {
  it(`${name}: says exactly when a minute has room again`, async () => {
    const { ledger, wait, now } = await open();
    const two = [meter("requestsPerMinute", 2)];
    await granted(ledger.reserve(two, ask()));
    wait(10_000);
    await granted(ledger.reserve(two, ask()));
    const { retryAfterMs = 0 } = await refused(ledger.reserve(two, ask()));
    expect(retryAfterMs).toBeGreaterThan(49_000);
    expect(retryAfterMs).toBeLessThanOrEqual(51_000);
    wait(retryAfterMs - 20 - (now() % 1)); // Redis' own clock runs on meanwhile
    if (now() % 1000 < 900) await refused(ledger.reserve(two, ask()));
    wait(40);
    await granted(ledger.reserve(two, ask()));
    await refused(ledger.reserve(two, ask()));
  });

  it(`${name}: takes from all meters or from none`, async () => {
    const { ledger } = await open();
    const wide = meter("requestsPerMinute", 10);
    const narrow = meter("costPerDay", 100);
    await granted(ledger.reserve([wide, narrow], ask({ cost: 80 })));
    expect(await refused(ledger.reserve([wide, narrow], ask({ cost: 30 })))).toMatchObject({
      at: 1,
      used: 80,
    });
    expect((await granted(ledger.reserve([wide, narrow], ask({ cost: 20 })))).used).toEqual([
      2, 100,
    ]);
  });

  it(`${name}: gives back what was not used, once`, async () => {
    const { ledger } = await open();
    const meters = [meter("costPerDay", 100), meter("tokensPerMinute", 100)];
    const first = await granted(ledger.reserve(meters, ask({ cost: 90, tokens: 90 })));
    await refused(ledger.reserve(meters, ask({ cost: 20 })));
    first.settle(spent(40, 10));
    first.settle(spent(0, 0));
    const second = await granted(ledger.reserve(meters, ask({ cost: 60, tokens: 90 })));
    expect(second.used).toEqual([100, 100]);
    await refused(ledger.reserve(meters, ask({ cost: 1 })));
  });

  it(`${name}: counts what was used beyond what was reserved`, async () => {
    const { ledger } = await open();
    const meters = [meter("costPerMonth", 100)];
    (await granted(ledger.reserve(meters, ask({ cost: 10 })))).settle(spent(95));
    expect(await refused(ledger.reserve(meters, ask({ cost: 10 })))).toMatchObject({ used: 95 });
  });

  it(`${name}: says that a call alone is too large`, async () => {
    const { ledger } = await open();
    const answer = await refused(ledger.reserve([meter("costPerDay", 100)], ask({ cost: 101 })));
    expect(answer.retryAfterMs).toBeUndefined();
  });

  it(`${name}: frees a place when a call is settled`, async () => {
    const { ledger } = await open();
    const one = [meter("concurrency", 1)];
    const first = await granted(ledger.reserve(one, ask()));
    expect((await refused(ledger.reserve(one, ask()))).retryAfterMs).toBe(1000);
    first.settle(spent(0));
    first.settle(spent(0));
    await granted(ledger.reserve(one, ask()));
    await refused(ledger.reserve(one, ask()));
  });

  it(`${name}: lets soft limits pass, and does not count what a shadow would refuse`, async () => {
    const { ledger } = await open();
    const soft = meter("requestsPerMinute", 1, { mode: "soft", subject: "soft" });
    const shadow = meter("requestsPerMinute", 1, { mode: "shadow", subject: "shadow" });
    const first = await granted(ledger.reserve([soft, shadow], ask()));
    expect(first).toMatchObject({ used: [1, 1], exceeded: [] });
    const second = await granted(ledger.reserve([soft, shadow], ask()));
    expect(second).toMatchObject({ used: [2, 1], exceeded: [0, 1] });
    second.settle(spent(0));
    expect(await ledger.rows()).toHaveLength(2);
  });

  it(`${name}: begins a new day with nothing, and charges a call to the day that it began in`, async () => {
    const { ledger, wait } = await open();
    const meters = [meter("costPerDay", 100)];
    const over = await granted(ledger.reserve(meters, ask({ cost: 100 })));
    const { retryAfterMs = 0 } = await refused(ledger.reserve(meters, ask({ cost: 1 })));
    expect(retryAfterMs).toBe(1000); // a running call may give back
    wait(86_400_000);
    const next = await granted(ledger.reserve(meters, ask({ cost: 100 })));
    expect(next.used).toEqual([100]);
    over.settle(spent(50));
    await refused(ledger.reserve(meters, ask({ cost: 1 })));
    next.settle(spent(100));
    expect((await refused(ledger.reserve(meters, ask({ cost: 1 })))).retryAfterMs).toBeGreaterThan(
      1000,
    );
  });

  it(`${name}: begins a new month with nothing, and says when it will`, async () => {
    const { ledger, wait, now } = await open();
    const meters = [meter("costPerMonth", 100)];
    (await granted(ledger.reserve(meters, ask({ cost: 100 })))).settle(spent(100));
    const { retryAfterMs = 0 } = await refused(ledger.reserve(meters, ask({ cost: 1 })));
    const then = new Date(now() + retryAfterMs);
    expect([then.getUTCDate(), then.getUTCHours()]).toEqual([1, 0]);
    wait(retryAfterMs + 100);
    const { used } = await granted(ledger.reserve(meters, ask({ cost: 70 })));
    expect(used).toEqual([70]);
    wait(86_400_000);
    await refused(ledger.reserve(meters, ask({ cost: 31 })));
  });

  for (const seed of [1, 2, 3]) {
    it(`${name}: is never over and never below nothing, whatever happens (seed ${seed})`, async () => {
      const { settled, refusals, ...found } = await play(await open(), seed);
      expect(found).toEqual({ wrong: [], isNegative: false, used: settled, reserved: 0 });
      expect(refusals).toBeGreaterThan(0);
    });
  }
}

/** Reserves and settles at random, and compares with a plain sum after every step. */
async function play({ ledger, wait }: LedgerUnderTest, seed: number) {
  const random = randomFrom(seed);
  const meters = [
    meter("requestsPerMinute", 40),
    meter("concurrency", 6),
    meter("costPerMonth", 5000),
  ];
  const running: { grant: Grant; cost: number }[] = [];
  const wrong: unknown[] = [];
  let settled = 0;
  let refusals = 0;
  for (let step = 0; step < 400; step++) {
    if (random() < 0.6) {
      const cost = Math.floor(random() * 60);
      const answer = await ledger.reserve(meters, ask({ cost }));
      if (answer.isGranted) {
        running.push({ grant: answer, cost });
        wrong.push(...faultsOf(answer.used, { running, settled }));
      } else refusals += 1;
    } else if (running.length > 0) {
      const [one] = running.splice(Math.floor(random() * running.length), 1);
      const cost = Math.floor(random() * ((one?.cost ?? 0) + 1));
      one?.grant.settle(spent(cost));
      if (random() < 0.2) one?.grant.settle(spent(0));
      settled += cost;
    }
    wait(Math.floor(random() * 1500));
  }
  for (const { grant } of running) grant.settle(spent(0));
  const rows = await ledger.rows();
  const money = rows.find(({ key }) => key.endsWith("costPerMonth"));
  const isNegative = rows.some(({ used, reserved }) => used < 0 || reserved < 0);
  return { wrong, isNegative, refusals, used: money?.used, reserved: money?.reserved, settled };
}

/** What of these totals is not as it must be. */
function faultsOf(
  [requests = 0, open = 0, money = 0]: readonly number[],
  { running, settled }: { running: readonly { cost: number }[]; settled: number },
): unknown[] {
  const promised = running.reduce((sum, one) => sum + one.cost, 0);
  const isRight =
    requests <= 40 && money <= 5000 && open === running.length && money === settled + promised;
  return isRight ? [] : [{ requests, open, money, settled, promised }];
}

/** Mulberry32: small, and the same everywhere. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296;
  };
}
