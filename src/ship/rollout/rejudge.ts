import { Book } from "./book.ts";
import { decide } from "./decide.ts";
import type { Entry, Phase } from "./journal.ts";
import type { RolloutPlan } from "./plan.ts";

/** What a recorded rollout would have come to by other rules. */
export interface Rejudged {
  readonly phase: Phase;
  readonly stage: number;
  readonly why: string;
  /** When it would have ended; null: it would still run. */
  readonly endedAt: number | null;
  /** Of the units of the candidate's that were recorded, so many would have been needed. */
  readonly exposed: number;
  readonly against: number;
}

/**
 * Judges recorded traffic anew. Each unit counts with the probability that it was given with, so the verdict
 * is as sound as the first; traffic that other rules would have parted in another way is not invented.
 */
export function rejudge(entries: Iterable<Entry>, plan: RolloutPlan): Rejudged {
  const book = new Book(plan);
  let endedAt: number | null = null;
  for (const entry of entries) {
    if (entry.kind === "phase" || entry.kind === "pause") continue;
    book.apply(entry);
    for (let turn = decide(book); turn; turn = decide(book)) {
      book.apply({ at: entry.at, ...turn });
    }
    if (book.phase === "running") continue;
    endedAt = entry.at;
    break;
  }
  const { phase, stage, why, exposed, evidence } = book;
  return { phase, stage, why, endedAt, exposed, against: evidence.against };
}
