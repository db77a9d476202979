import type { Terminal } from "./command.ts";

/** How far long work is. Call it as often as you like; `end` leaves an empty line behind. */
export interface Progress {
  (done: number, all: number): void;
  end(): void;
}

const WIDTH = 28;
const EVERY_MS = 100;
const SECOND_MS = 1000;

/**
 * A bar on a terminal, with what is left and how long that may take; nothing elsewhere. `format` writes an
 * amount: bytes, tokens.
 */
export function openProgress(
  what: string,
  format: (amount: number) => string,
  { redraw, now = Date.now }: Pick<Terminal, "redraw"> & { readonly now?: () => number },
): Progress {
  const began = now();
  let last = -Infinity;
  const draw = (done: number, all: number): void => {
    if (!redraw || (now() - last < EVERY_MS && done < all)) return;
    last = now();
    const share = all === 0 ? 1 : done / all;
    const full = Math.floor(share * WIDTH);
    const bar = "█".repeat(full) + "░".repeat(WIDTH - full);
    redraw(`${what} ${bar} ${Math.floor(share * 100)} % of ${format(all)}${left(share)}`);
  };
  const left = (share: number): string => {
    const spent = now() - began;
    if (share === 0 || spent < SECOND_MS) return "";
    const seconds = Math.ceil((spent / share - spent) / SECOND_MS);
    const text = seconds < 60 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`;
    return share < 1 ? `, ${text} left` : "";
  };
  return Object.assign(draw, { end: () => redraw?.("") });
}
