import type { Book } from "./book.ts";
import { BROKEN_SHARE, brokenBaseline } from "./broken-baseline.ts";
import type { News } from "./journal.ts";
import type { Stage } from "./plan.ts";
import { sayAgainst } from "./say.ts";

type Turn = Extract<News, { kind: "phase" }>;

/** Of stable's units, so many must have come while the candidate only failed. */
const STABLE_LEAST = 5;

/**
 * What follows from all that is known: the next stage, an end, or nothing. Only evidence leads on; the
 * limits of exposure and time only ever end a rollout as inconclusive.
 */
export function decide(book: Book): Turn | undefined {
  const { phase } = book;
  if (phase !== "running") return undefined;
  return net(book) ?? worse(book) ?? (book.isPaused ? undefined : (earned(book) ?? spent(book)));
}

/** The hard net: what nobody waits for evidence of. It is not part of the stated bound. */
function net(book: Book): Turn | undefined {
  const { never } = book.plan;
  const { failuresInRow, meanwhile, crashes, critical } = book;
  // Where stable fails too, or has not been asked, it is nobody's release.
  const stableAnswers =
    meanwhile.units >= STABLE_LEAST && meanwhile.failed <= meanwhile.units * BROKEN_SHARE;
  if (failuresInRow >= never.consecutiveErrors && stableAnswers) {
    return rollBack(
      book,
      `The candidate failed ${failuresInRow} times in a row while stable answered.`,
    );
  }
  if (crashes >= never.crashLoops) {
    return rollBack(book, `The candidate's engine died ${crashes} times.`);
  }
  if (critical.candidate >= never.guardCritical && critical.stable === 0) {
    return rollBack(
      book,
      `The guard stopped ${critical.candidate} of its answers, and none of stable's.`,
    );
  }
  return undefined;
}

function worse(book: Book): Turn | undefined {
  return book.evidence.isWorse ? rollBack(book, sayAgainst(book)) : undefined;
}

function earned(book: Book): Turn | undefined {
  const stage = book.current;
  if (!stage || brokenBaseline(book) !== undefined || !isEarned(book, stage)) return undefined;
  const next = book.stage + 1;
  if (next < book.plan.stages.length) {
    return { kind: "phase", phase: "running", stage: next, why: sayEarned(book, stage) };
  }
  const { missWorseThan, risk } = book.plan.promote;
  return {
    kind: "phase",
    phase: "promoted",
    stage: book.stage,
    why: `Every mark shows that it is not ${missWorseThan} times worse than stable (each at a risk of ${percent(risk)}).`,
  };
}

function isEarned(book: Book, stage: Stage): boolean {
  if (stage.kind === "shadow") return book.pairs >= stage.pairs;
  return book.evidence.awaited(book.step).length === 0;
}

function sayEarned({ pairs }: Book, stage: Stage): string {
  if (stage.kind === "shadow") return `${pairs} copies said nothing against it.`;
  return `Every mark earned the step after ${percent(stage.share)}.`;
}

function spent(book: Book): Turn | undefined {
  const { maxExposed, maxDurationMs, onInconclusive } = book.plan.promote;
  const { exposed, elapsedMs } = book;
  const isSeen = exposed >= maxExposed;
  if (!isSeen && elapsedMs < maxDurationMs) return undefined;
  const limit = isSeen ? `It was seen by ${exposed} units, as many as allowed` : "Its time is over";
  if (onInconclusive === "promote" && exposed > 0 && brokenBaseline(book) === undefined) {
    const why = `${limit}, and nothing was decided: promoted as asked for, without evidence.`;
    return { kind: "phase", phase: "promoted", stage: book.stage, why };
  }
  const why = `${limit}, and nothing was decided: all calls go to stable.`;
  return { kind: "phase", phase: "inconclusive", stage: book.stage, why };
}

function rollBack({ stage }: Book, why: string): Turn {
  return { kind: "phase", phase: "rolled-back", stage, why };
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(2))} %`;
}
