import type { Book } from "./book.ts";
import type { MarkEvidence, Tally } from "./evidence.ts";

/** What each mark says of a unit that has it. */
const WORDS: Readonly<Record<string, string>> = {
  errors: "failed",
  schema: "gave JSON or tool calls that were not well formed",
  refusals: "refused",
  guard: "had something that the guard acted on",
  aborts: "were left by their clients",
  "ttft.p50": "began later than stable's middle",
  "ttft.p95": "began later than 95 % of stable's",
  "itl.p95": "were slower by the token than 95 % of stable's",
  "length.p95": "were longer than 95 % of stable's",
  "length.p5": "were shorter than 95 % of stable's",
  "cost.p90": "cost more than 90 % of stable's",
  "judge.p10": "were judged worse than 90 % of stable's",
};

/** Why the evidence speaks against the candidate: the bound, and the marks that say most. */
export function sayAgainst({ evidence }: Pick<Book, "evidence">): string {
  const head = `Evidence ${round(evidence.against)} against a bound of ${round(evidence.bound)}`;
  const marks = heaviest(evidence.report()).slice(0, 3).map(sayMark);
  return `${head}: ${marks.join("; ")}.`;
}

/** `12 of 80 failed, 3 of 720 of stable's`. */
export function sayMark({ name, candidate, stable }: MarkEvidence): string {
  return `${tally(candidate)} ${WORDS[name] ?? name}, ${tally(stable)} of stable's`;
}

/** Marks that say something, those that say most first. */
function heaviest(marks: readonly MarkEvidence[]): MarkEvidence[] {
  const said = marks.filter(({ against }) => against > 1.5);
  return said.toSorted((a, b) => b.against * b.weight - a.against * a.weight);
}

function tally({ marked, units }: Tally): string {
  return `${marked} of ${units}`;
}

function round(value: number): string {
  return value < 100 ? String(Number(value.toFixed(1))) : value.toPrecision(3);
}
