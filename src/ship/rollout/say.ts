import { formatDuration } from "../../core/time.ts";
import type { Book } from "./book.ts";
import { brokenBaseline } from "./broken-baseline.ts";
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
  judge: "were judged worse than the other side's",
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

/** What a mark says of a unit that has it, for people. */
export function meaningOf(mark: string): string {
  return WORDS[mark] ?? mark;
}

/** So long nothing came: that is said. */
const SILENT_MS = 2 * 60_000;

/** Why a rollout that runs does not go on now; empty where it goes on by itself. */
export function standing(
  book: Book,
  learned: { readonly seen: number; readonly needed: number },
  now: number,
): string[] {
  if (book.phase !== "running") return [];
  const notes: string[] = [];
  if (book.isPaused)
    notes.push(
      "It is paused: no step is taken. It is still rolled back where the evidence says so.",
    );
  const broken = brokenBaseline(book);
  if (broken !== undefined) notes.push(broken);
  const silentMs = now - Math.max(book.heardAt, book.begunAt);
  if (silentMs > SILENT_MS) {
    notes.push(
      `No call has come for ${formatDuration(silentMs)}. Silence promotes nothing and rolls nothing back.`,
    );
  }
  if (learned.seen < learned.needed) {
    notes.push(
      `Stable's traffic is being learned: ${learned.seen} of ${learned.needed} calls. Until then speed, length and cost are not judged.`,
    );
  }
  const awaited = book.current?.kind === "share" ? book.evidence.awaited(book.step) : [];
  if (awaited.length > 0) notes.push(`The step waits for evidence on ${awaited.join(", ")}.`);
  return notes;
}
