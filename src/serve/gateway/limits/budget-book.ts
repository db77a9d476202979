import { type Meter, windowAt } from "../../../core/ledger.ts";
import { LiveList, type Placed } from "../../../core/live-list.ts";

/**
 * What the journal of budgets says, kept up to date while it is written: every counter of a day or a
 * month, and what is reserved for running calls. Pure: it makes lines and reads them, and knows no
 * disk and no clock.
 *
 *   ["k",number,key,span]                 a counter gets a number
 *   ["u",number,window,used]              what it had used, when the book was written anew
 *   ["r",call,[number,window,amount]…]    a call reserves
 *   ["s",call,amount…]                    it is settled: an amount for each of its counters
 *   ["b"]                                 a new process: what was reserved before is charged in full
 *   ["n"] … ["z"]                         all there is, written anew; what came before does not count
 */
export class BudgetBook {
  private readonly counters = new Map<string, BookCounter>();
  private readonly open = new LiveList<Booked>();
  private lastNumber = 0;
  private lastCall = 0;

  /** Books a call's reservation; its lines are still to be written. */
  reserve(taken: readonly Taken[], at: number): Booked {
    const call = ++this.lastCall;
    let numbers = "";
    const entries: BookEntry[] = [];
    for (const { meter, amount } of taken) {
      let counter = this.counters.get(meter.key);
      if (!counter) {
        counter = this.add(meter.key, meter.span, ++this.lastNumber);
        numbers += lineFor(counter);
      }
      const window = windowAt(meter.span, at);
      turn(counter, window);
      entries.push({ counter, window, amount });
    }
    const booked = { call, entries, numbers, line: lineOf(call, entries), place: -1 };
    this.open.add(booked);
    return booked;
  }

  /** The line for its settlement. */
  settle(booked: Booked, amounts: readonly number[]): string {
    const { call, entries } = booked;
    this.open.remove(booked);
    for (let place = 0; place < entries.length; place++) {
      const { counter, window } = entries[place] as BookEntry; // within its length
      if (counter.window === window) counter.used += amounts[place] ?? 0;
    }
    return `["s",${call},${amounts.join(",")}]\n`;
  }

  /** A reservation that was never written. */
  drop(booked: Booked): void {
    this.open.remove(booked);
  }

  /** What is reserved will not be settled any more: it counts as used. Gives how many calls' it was. */
  chargeOpen(): number {
    const open = this.open.all();
    for (const booked of open) {
      this.settle(
        booked,
        booked.entries.map(({ amount }) => amount),
      );
    }
    return open.length;
  }

  /** Every counter whose window is still the one of this moment. */
  *standing(at: number): Generator<Readonly<BookCounter>> {
    for (const counter of this.counters.values()) {
      if (counter.window === windowAt(counter.span, at)) yield counter;
    }
  }

  /** The whole book; what ended with its window is left out, and forgotten. */
  written(at: number): string {
    const needed = new Set<BookCounter>(this.standing(at));
    const open = this.open.all();
    for (const { entries } of open) for (const { counter } of entries) needed.add(counter);
    let lines = '["n"]\n';
    for (const [key, counter] of this.counters) {
      if (!needed.has(counter)) this.counters.delete(key);
      else
        lines += `${lineFor(counter)}["u",${counter.number},${counter.window},${counter.used}]\n`;
    }
    for (const { line } of open) lines += line;
    return `${lines}["z"]\n`;
  }

  /** Takes a line that was read; what is not a line of this book is passed over. */
  read({ numbers, calls }: Known, [kind, first, ...rest]: readonly unknown[]): void {
    if (kind === "b") this.chargeOpen();
    if (typeof first !== "number") return;
    const [key, span] = rest;
    if (kind === "k" && typeof key === "string" && (span === "day" || span === "month")) {
      numbers.set(first, this.add(key, span, first));
    } else if (kind === "u") {
      const [window = 0, used = 0] = rest.filter(isNumber);
      const counter = numbers.get(first);
      if (counter) Object.assign(counter, { window, used });
    } else if (kind === "r") {
      calls.set(first, this.readReserve(numbers, first, rest.filter(isNumber)));
    } else if (kind === "s") {
      const booked = calls.get(first);
      calls.delete(first);
      // One of before a crash was charged in full since.
      if (booked && booked.place >= 0) this.settle(booked, rest.filter(isNumber));
    }
  }

  private readReserve(
    numbers: ReadonlyMap<number, BookCounter>,
    call: number,
    rest: number[],
  ): Booked {
    const entries: BookEntry[] = [];
    for (let at = 0; at + 2 < rest.length; at += 3) {
      const [number = 0, window = 0, amount = 0] = rest.slice(at, at + 3);
      const counter = numbers.get(number);
      if (!counter) continue;
      turn(counter, window);
      entries.push({ counter, window, amount });
    }
    const booked = { call, entries, numbers: "", line: lineOf(call, entries), place: -1 };
    this.open.add(booked);
    return booked;
  }

  private add(key: string, span: "day" | "month", number: number): BookCounter {
    const counter = this.counters.get(key) ?? { key, span, number, window: 0, used: 0 };
    counter.number = number;
    this.lastNumber = Math.max(this.lastNumber, number);
    this.counters.set(key, counter);
    return counter;
  }
}

export interface Taken {
  readonly meter: Meter & { readonly span: "day" | "month" };
  readonly amount: number;
}

interface BookCounter {
  readonly key: string;
  readonly span: "day" | "month";
  number: number;
  window: number;
  used: number;
}

interface BookEntry {
  readonly counter: BookCounter;
  readonly window: number;
  readonly amount: number;
}

/** A call's reservation, while it is not settled. */
export interface Booked extends Placed {
  readonly call: number;
  readonly entries: readonly BookEntry[];
  /** The lines of counters that have their number since this call: it must be written whatever becomes of it. */
  readonly numbers: string;
  /** Its own. */
  readonly line: string;
}

/** What the lines that were read so far speak of by number. */
interface Known {
  readonly numbers: Map<number, BookCounter>;
  readonly calls: Map<number, Booked>;
}

/** The book that these lines are, whatever cut them short. */
export function readBook(lines: Iterable<string>): BudgetBook {
  let current = emptyBook();
  let anew: typeof current | undefined;
  for (const text of lines) {
    const line = parsed(text);
    if (line[0] === "n") anew = emptyBook();
    else if (line[0] === "z" && anew) {
      current = anew;
      anew = undefined;
    } else (anew ?? current).book.read((anew ?? current).known, line);
  }
  return current.book;
}

function emptyBook(): { readonly book: BudgetBook; readonly known: Known } {
  return { book: new BudgetBook(), known: { numbers: new Map(), calls: new Map() } };
}

function turn(counter: BookCounter, window: number): void {
  if (window > counter.window) Object.assign(counter, { window, used: 0 });
}

function lineOf(call: number, entries: readonly BookEntry[]): string {
  let line = `["r",${call}`;
  for (const { counter, window, amount } of entries) {
    line += `,${counter.number},${window},${amount}`;
  }
  return `${line}]\n`;
}

function lineFor({ number, key, span }: BookCounter): string {
  return `["k",${number},${JSON.stringify(key)},"${span}"]\n`;
}

function parsed(text: string): readonly unknown[] {
  try {
    const line = JSON.parse(text) as unknown;
    return Array.isArray(line) ? line : [];
  } catch {
    return [];
  }
}

function isNumber(value: unknown): value is number {
  return typeof value === "number";
}
