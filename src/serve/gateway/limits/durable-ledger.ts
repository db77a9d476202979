import { WeirError, messageOf } from "../../../core/errors.ts";
import type { Amounts, Grant, Ledger, LedgerRow, Meter, Refusal } from "../../../core/ledger.ts";
import type { Log } from "../../../core/log.ts";
import type { Clock } from "../../../core/time.ts";
import { type Booked, BudgetBook, type Taken, readBook } from "./budget-book.ts";
import type { MemoryLedger } from "./memory-ledger.ts";

/** Where the book of budgets is kept. What these return from survives the death of this process. */
export interface BudgetJournal {
  /** Appends whole lines, or throws what the disk says: then nothing of them stays. */
  append(lines: string): void;
  /** Puts these lines in the place of all before. */
  renew(lines: string): void;
  lines(): Iterable<string>;
}

export interface DurableNeeds {
  readonly ledger: MemoryLedger;
  readonly journal: BudgetJournal;
  readonly now: Clock;
  /** Runs once, at the turn's end and before anything that was gathered in it leaves. */
  readonly beforeWrites: (run: () => void) => void;
  /** Runs once, later; a server may end without it. */
  readonly later: (ms: number, run: () => void) => void;
  readonly log: Log;
}

export interface DurableLedger extends Ledger {
  rows(): readonly LedgerRow[];
  /** Writes what is still to be written. */
  close(): void;
}

const RENEW_BYTES = 8 * 1024 * 1024;
const RETRY_MS = 1000;
const NOTHING_TAKEN: Amounts = { requests: 0, tokens: 0, cost: 0, calls: 0 };

/**
 * A memory ledger whose days and months outlive a crash. Nothing of a call that takes from one leaves
 * this process before that is written down, together with all others of its turn; what is still
 * reserved when the process dies is charged in full by the next. With a full disk such calls are
 * refused, and nothing is lost.
 */
export function createDurableLedger(needs: DurableNeeds): DurableLedger {
  return new Durable(needs);
}

/** A reservation that is to be written at this turn's end. */
interface Waiting {
  readonly grant: DurableGrant;
  /** Absent where the call did not wait for it. */
  readonly kept?: () => void;
  readonly lost: (error: WeirError) => void;
}

class Durable implements DurableLedger {
  private readonly needs: DurableNeeds;
  private readonly book: BudgetBook;
  private waiting: Waiting[] = [];
  /** Settlements and counters' numbers that are still to be written; they wait while the disk is full. */
  private owed = "";
  private writtenBytes = 0;
  private isScheduled = false;

  constructor(needs: DurableNeeds) {
    this.needs = needs;
    const { journal, ledger, log, now } = needs;
    this.book = readBook(journal.lines());
    const charged = this.book.chargeOpen();
    if (charged > 0) log.warn("budget_reservations_charged", { calls: charged });
    for (const { key, span, used } of this.book.standing(now()))
      ledger.restore({ key, span }, used);
    if (!this.renew()) this.owed = '["b"]\n';
  }

  rows() {
    return this.needs.ledger.rows();
  }

  reserve(
    meters: readonly Meter[],
    amounts: Amounts,
    lost?: (error: WeirError) => void,
  ): Grant | Refusal | Promise<Grant | Refusal> {
    const answer = this.needs.ledger.reserve(meters, amounts);
    if (!answer.isGranted) return answer;
    const taken = takenOf(meters, amounts, answer);
    if (taken.length === 0) return answer;
    const booked = this.book.reserve(taken, this.needs.now());
    this.owed += booked.numbers;
    const grant = new DurableGrant(answer, booked, taken, this);
    this.schedule();
    if (lost) {
      this.waiting.push({ grant, lost });
      return grant;
    }
    return new Promise((resolve, reject) => {
      this.waiting.push({ grant, kept: () => resolve(grant), lost: reject });
    });
  }

  settled(grant: DurableGrant, actual: Amounts): void {
    const { booked, taken } = grant;
    const line = this.book.settle(
      booked,
      taken.map(({ meter }) => actual[meter.unit]),
    );
    this.owed += grant.isWritten ? line : booked.line + line;
    this.schedule();
  }

  close(): void {
    this.flush();
  }

  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    this.needs.beforeWrites(() => this.flush());
  }

  private flush(): void {
    this.isScheduled = false;
    const ready = this.waiting;
    this.waiting = [];
    let text = this.owed;
    // What was settled in the turn that it began in is owed already.
    for (const { grant } of ready) if (!grant.isOver) text += grant.booked.line;
    if (text === "") return;
    try {
      this.needs.journal.append(text);
    } catch (cause) {
      this.turnAway(ready, cause);
      return;
    }
    this.owed = "";
    this.writtenBytes += text.length;
    if (this.writtenBytes > RENEW_BYTES) this.renew();
    for (const { grant, kept } of ready) {
      grant.isWritten = true;
      kept?.();
    }
  }

  private turnAway(ready: readonly Waiting[], cause: unknown): void {
    this.needs.log.error("budget_not_kept", { reason: messageOf(cause), calls: ready.length });
    const error = new WeirError(
      "storage_full",
      "The server cannot write down what this call may cost, so it does not begin it: its disk is full or broken. Make room there, then try again.",
      { cause, retryAfterMs: 5000 },
    );
    for (const { grant, lost } of ready) {
      if (grant.isOver) continue;
      this.book.drop(grant.booked);
      grant.takeBack();
      lost(error);
    }
    this.needs.later(RETRY_MS, () => this.schedule());
  }

  private renew(): boolean {
    this.writtenBytes = 0;
    try {
      this.needs.journal.renew(this.book.written(this.needs.now()));
      return true;
    } catch (cause) {
      this.needs.log.error("budget_not_kept", { reason: messageOf(cause), calls: 0 });
      return false;
    }
  }
}

class DurableGrant implements Grant {
  readonly isGranted = true;
  readonly used: readonly number[];
  readonly exceeded: readonly number[];
  readonly booked: Booked;
  readonly taken: readonly Taken[];
  isWritten = false;
  isOver = false;
  private readonly counted: Grant;
  private readonly ledger: Durable;

  constructor(counted: Grant, booked: Booked, taken: readonly Taken[], ledger: Durable) {
    this.used = counted.used;
    this.exceeded = counted.exceeded;
    this.counted = counted;
    this.booked = booked;
    this.taken = taken;
    this.ledger = ledger;
  }

  settle(actual: Amounts): void {
    if (this.isOver) return;
    this.isOver = true;
    this.counted.settle(actual);
    this.ledger.settled(this, actual);
  }

  /** It was never written: nothing was reserved. */
  takeBack(): void {
    this.isOver = true;
    this.counted.settle(NOTHING_TAKEN);
  }
}

/** What a grant takes from counters that outlive the process. */
function takenOf(meters: readonly Meter[], amounts: Amounts, { exceeded }: Grant): Taken[] {
  const taken: Taken[] = [];
  for (let place = 0; place < meters.length; place++) {
    const meter = meters[place];
    if (!meter || (meter.span !== "day" && meter.span !== "month")) continue;
    const amount = amounts[meter.unit];
    if (amount === 0 || (meter.mode === "shadow" && exceeded.includes(place))) continue;
    taken.push({ meter: meter as Taken["meter"], amount });
  }
  return taken;
}
