import { WeirError, messageOf } from "../../../core/errors.ts";
import type { Amounts, Grant, Ledger, LedgerRow, Meter, Refusal } from "../../../core/ledger.ts";
import type { Log } from "../../../core/log.ts";
import type { Clock } from "../../../core/time.ts";
import { BudgetBook, type Taken, readBook } from "./budget-book.ts";
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
  /** Runs at the end of the event loop's turn. */
  readonly atTurnEnd: (run: () => void) => void;
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
 * A memory ledger whose days and months outlive a crash. A call that takes from one goes on only
 * when that is written down, together with all others of its turn; what is still reserved when the
 * process dies is charged in full by the next. With a full disk such calls are refused, and nothing
 * is lost.
 */
export function createDurableLedger(needs: DurableNeeds): DurableLedger {
  return new Durable(needs);
}

interface Waiting {
  readonly call: number;
  readonly lines: string;
  readonly grant: Grant;
  readonly resolve: (grant: Grant) => void;
  readonly reject: (error: WeirError) => void;
}

class Durable implements DurableLedger {
  private readonly needs: DurableNeeds;
  private readonly book: BudgetBook;
  private lastCall = 0;
  private waiting: Waiting[] = [];
  /** Settlements that are still to be written; they wait while the disk is full. */
  private settled = "";
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
    if (!this.renew()) this.settled = '["b"]\n';
  }

  rows() {
    return this.needs.ledger.rows();
  }

  reserve(meters: readonly Meter[], amounts: Amounts): Grant | Refusal | Promise<Grant | Refusal> {
    const answer = this.needs.ledger.reserve(meters, amounts);
    if (!answer.isGranted) return answer;
    const taken = takenOf(meters, amounts, answer);
    if (taken.length === 0) return answer;
    const call = ++this.lastCall;
    const lines = this.book.reserve(call, taken, this.needs.now());
    const grant = this.durable(answer, call, taken);
    return new Promise((resolve, reject) => {
      this.waiting.push({ call, lines, grant: answer, resolve: () => resolve(grant), reject });
      this.schedule();
    });
  }

  close(): void {
    this.flush();
  }

  private durable(grant: Grant, call: number, taken: readonly Taken[]): Grant {
    let isSettled = false;
    return {
      isGranted: true,
      used: grant.used,
      exceeded: grant.exceeded,
      settle: (actual) => {
        if (isSettled) return;
        isSettled = true;
        grant.settle(actual);
        this.settled += this.book.settle(
          call,
          taken.map(({ meter }) => actual[meter.unit]),
        );
        this.schedule();
      },
    };
  }

  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    this.needs.atTurnEnd(() => this.flush());
  }

  private flush(): void {
    this.isScheduled = false;
    const ready = this.waiting;
    this.waiting = [];
    const text = this.settled + ready.map(({ lines }) => lines).join("");
    if (text === "") return;
    try {
      this.needs.journal.append(text);
    } catch (cause) {
      this.turnAway(ready, cause);
      return;
    }
    this.settled = "";
    this.writtenBytes += text.length;
    if (this.writtenBytes > RENEW_BYTES) this.renew();
    for (const { resolve, grant } of ready) resolve(grant);
  }

  private turnAway(ready: readonly Waiting[], cause: unknown): void {
    this.needs.log.error("budget_not_kept", { reason: messageOf(cause), calls: ready.length });
    const error = new WeirError(
      "storage_full",
      "The server cannot write down what this call may cost, so it does not begin it: its disk is full or broken. Make room there, then try again.",
      { cause, retryAfterMs: 5000 },
    );
    for (const { call, lines, grant, reject } of ready) {
      this.book.drop(call);
      grant.settle(NOTHING_TAKEN);
      // A counter's number is used from now on: the line that gives it must not be lost.
      this.settled += lines.slice(0, lines.lastIndexOf("\n", lines.length - 2) + 1);
      reject(error);
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
