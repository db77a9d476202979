import { type Meter, windowAt } from "../../../core/ledger.ts";

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
  private readonly open = new Map<number, readonly BookEntry[]>();
  private lastNumber = 0;

  /** The lines for a call's reservation. */
  reserve(call: number, taken: readonly Taken[], at: number): string {
    let lines = "";
    let line = `["r",${call}`;
    const entries: BookEntry[] = [];
    for (const { meter, amount } of taken) {
      let counter = this.counters.get(meter.key);
      if (!counter) {
        counter = this.add(meter.key, meter.span, ++this.lastNumber);
        lines += lineFor(counter);
      }
      const window = windowAt(meter.span, at);
      turn(counter, window);
      entries.push({ counter, window, amount });
      line += `,${counter.number},${window},${amount}`;
    }
    this.open.set(call, entries);
    return `${lines}${line}]\n`;
  }

  /** The line for its settlement; empty when the book does not know of it. */
  settle(call: number, amounts: readonly number[]): string {
    const entries = this.open.get(call);
    if (!entries) return "";
    this.open.delete(call);
    for (const [place, { counter, window }] of entries.entries()) {
      if (counter.window === window) counter.used += amounts[place] ?? 0;
    }
    return `["s",${call},${amounts.join(",")}]\n`;
  }

  /** A reservation that was never written. */
  drop(call: number): void {
    this.open.delete(call);
  }

  /** What is reserved will not be settled any more: it counts as used. Gives how many calls' it was. */
  chargeOpen(): number {
    const calls = this.open.size;
    for (const [call, entries] of this.open) {
      this.settle(
        call,
        entries.map(({ amount }) => amount),
      );
    }
    return calls;
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
    for (const entries of this.open.values())
      for (const { counter } of entries) needed.add(counter);
    let lines = '["n"]\n';
    for (const [key, counter] of this.counters) {
      if (!needed.has(counter)) this.counters.delete(key);
      else
        lines += `${lineFor(counter)}["u",${counter.number},${counter.window},${counter.used}]\n`;
    }
    for (const [call, entries] of this.open) {
      const parts = entries.map(
        ({ counter, window, amount }) => `${counter.number},${window},${amount}`,
      );
      lines += `["r",${call},${parts.join(",")}]\n`;
    }
    return `${lines}["z"]\n`;
  }

  /** Takes a line that was read; what is not a line of this book is passed over. */
  read(numbers: Map<number, BookCounter>, [kind, first, ...rest]: readonly unknown[]): void {
    if (kind === "b") this.chargeOpen();
    if (typeof first !== "number") return;
    const [key, span] = rest;
    if (kind === "k" && typeof key === "string" && (span === "day" || span === "month")) {
      numbers.set(first, this.add(key, span, first));
    } else if (kind === "u") {
      const [window = 0, used = 0] = rest.filter(isNumber);
      const counter = numbers.get(first);
      if (counter) Object.assign(counter, { window, used });
    } else if (kind === "r") this.readReserve(numbers, first, rest.filter(isNumber));
    else if (kind === "s") this.settle(first, rest.filter(isNumber));
  }

  private readReserve(numbers: Map<number, BookCounter>, call: number, rest: number[]): void {
    const entries: BookEntry[] = [];
    for (let at = 0; at + 2 < rest.length; at += 3) {
      const [number = 0, window = 0, amount = 0] = rest.slice(at, at + 3);
      const counter = numbers.get(number);
      if (!counter) continue;
      turn(counter, window);
      entries.push({ counter, window, amount });
    }
    this.open.set(call, entries);
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

/** The book that these lines are, whatever cut them short. */
export function readBook(lines: Iterable<string>): BudgetBook {
  let current = { book: new BudgetBook(), numbers: new Map<number, BookCounter>() };
  let anew: typeof current | undefined;
  for (const text of lines) {
    const line = parsed(text);
    if (line[0] === "n") anew = { book: new BudgetBook(), numbers: new Map() };
    else if (line[0] === "z" && anew) {
      current = anew;
      anew = undefined;
    } else (anew ?? current).book.read((anew ?? current).numbers, line);
  }
  return current.book;
}

function turn(counter: BookCounter, window: number): void {
  if (window > counter.window) Object.assign(counter, { window, used: 0 });
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
