import type { Finding } from "../guard/detector.ts";
import type { Piece, Seen } from "../guard/gate.ts";
import type { Place } from "../guard/policy/policy-for.ts";
import { personalIn } from "../guard/vault/vault.ts";
import type { GuardLine } from "./guard-line.ts";
import type { Live } from "./house.ts";

/** Characters of a request from which on a thread looks at them: here that would take tens of milliseconds. */
const LONG = 256 * 1024;

/** Looks at texts: here, or in the thread, which rejects when nobody could. */
export function createLooks(live: () => Live, line: GuardLine) {
  const elsewhere = (pieces: readonly Piece[], place: Place | undefined) => {
    const { guard: rules } = live().config;
    return line.see(pieces, place, { rules, deadlineMs: rules.timeout });
  };

  return {
    see: (pieces: readonly Piece[], place: Place): readonly Seen[] | Promise<readonly Seen[]> => {
      const { gate } = live();
      if (isLong(pieces)) return elsewhere(pieces, place);
      return pieces.map((piece) => gate.see(piece, place));
    },

    /** What there is of personal data. */
    personal: (
      texts: readonly string[],
    ): readonly (readonly Finding[])[] | Promise<readonly (readonly Finding[])[]> => {
      const pieces = texts.map((text): Piece => ({ text, origin: "user" }));
      if (!isLong(pieces)) return texts.map(personalIn);
      return elsewhere(pieces, undefined).then((seen) => seen.map(({ findings }) => findings));
    },
  };
}

function isLong(pieces: readonly Piece[]): boolean {
  return pieces.reduce((sum, { text }) => sum + text.length, 0) > LONG;
}
