/**
 * Money is whole nano-dollars in a number: three tokens at $0.10 a million are 300. Integers stay
 * exact up to 9 million dollars, which is more than one row will ever hold.
 */
export type Nanos = number;

export const NANOS_PER_DOLLAR = 1_000_000_000;

const AMOUNT = /^\s*(\d+(?:\.\d{1,9})?)\s*USD\s*$/;

/** Reads `20 USD` or `0.5 USD`; undefined for anything else. */
export function parseDollars(text: string): Nanos | undefined {
  const amount = AMOUNT.exec(text)?.[1];
  return amount === undefined ? undefined : Math.round(Number(amount) * NANOS_PER_DOLLAR);
}

/** Nano-dollars for a reader: `$12.35`, `$0.0042`, `$0`. */
export function formatDollars(nanos: Nanos): string {
  const dollars = nanos / NANOS_PER_DOLLAR;
  if (dollars === 0) return "$0";
  if (dollars >= 1) return `$${dollars.toFixed(2)}`;
  return `$${Number(dollars.toPrecision(3))}`;
}
