import type { Finding } from "../guard/detector.ts";
import type { Piece, Seen } from "../guard/gate.ts";
import type { Place } from "../guard/policy/policy-for.ts";
import { personalIn } from "../guard/vault/personal.ts";
import type { GuardLine } from "./guard-line.ts";
import type { NameLook } from "./guard-names.ts";
import type { Live } from "./live.ts";

/** Characters of a request from which on a thread looks at them: here that would take tens of milliseconds. */
const LONG = 256 * 1024;

export interface LooksNeeds {
  readonly live: () => Live;
  readonly line: GuardLine;
  readonly names: NameLook;
}

/** Looks at texts: here, or in the thread, which rejects when nobody could; and asks for names where that is wished. */
export function createLooks({ live, line, names }: LooksNeeds) {
  const elsewhere = (pieces: readonly Piece[], place: Place | undefined) => {
    const { guard: rules } = live().config;
    return line.see(pieces, place, { rules, deadlineMs: rules.timeout });
  };

  const seeHere = (pieces: readonly Piece[], place: Place) => {
    const { gate } = live();
    if (isLong(pieces)) return elsewhere(pieces, place);
    return pieces.map((piece) => gate.see(piece, place));
  };

  return {
    see: (pieces: readonly Piece[], place: Place): readonly Seen[] | Promise<readonly Seen[]> => {
      const seen = seeHere(pieces, place);
      return names.isOn ? names.addTo(seen, pieces, place) : seen;
    },

    /** What there is of personal data. */
    personal: (texts: readonly string[]): Found | Promise<Found> => {
      const pieces = texts.map((text): Piece => ({ text, origin: "user" }));
      const found = isLong(pieces)
        ? elsewhere(pieces, undefined).then((seen) => seen.map(({ findings }) => findings))
        : texts.map(personalIn);
      return names.isOn ? withNames(found, names.findingsIn(texts)) : found;
    },
  };
}

type Found = readonly (readonly Finding[])[];

async function withNames(found: Found | Promise<Found>, names: Promise<Found>): Promise<Found> {
  const [one, other] = await Promise.all([found, names]);
  return one.map((findings, at) => [...findings, ...(other[at] ?? [])]);
}

function isLong(pieces: readonly Piece[]): boolean {
  return pieces.reduce((sum, { text }) => sum + text.length, 0) > LONG;
}
