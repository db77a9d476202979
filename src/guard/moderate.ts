import type { Category, Detector, Finding } from "./detector.ts";
import { leaksOf } from "./detectors/all.ts";
import type { HarmDetector } from "./detectors/harmful.ts";

const LEAKING: ReadonlySet<Category> = new Set(["secrets", "pii"]);
/** What OpenAI's endpoint has no category for, and ours adds. */
const OWN = ["injection", "jailbreak", "secrets", "pii"] as const satisfies Category[];

/** More innocent texts than this look like it: a hint, and below what counts as seen. */
const SEEN_RATE = 0.01;
const HINT = 0.45;

export interface HarmJudges {
  readonly rules: HarmDetector;
  readonly learned: HarmDetector;
}

/** By category, 0 to 1: the surest sign of each, whatever the policy. */
export type Moderate = (text: string) => Readonly<Record<string, number>>;

/** What `/v1/moderations` answers: OpenAI's categories, and the guard's own. */
export function createModerate(detectors: readonly Detector[], harm: HarmJudges): Moderate {
  const own: readonly string[] = OWN;
  const judges = detectors.filter(({ category }) => own.includes(category));
  return (text) => {
    const scores: Record<string, number> = { ...harm.rules.score(text) };
    for (const [category, score] of Object.entries(harm.learned.score(text))) {
      scores[category] = Math.max(scores[category] ?? 0, Math.min(score, HINT));
    }
    for (const category of OWN) scores[category] = 0;
    const found = [
      ...judges.flatMap((detector) => detector.inspect(text)),
      ...(leaksOf(LEAKING)?.look(text, true).findings ?? []),
    ];
    for (const finding of found) {
      const { category } = finding;
      scores[category] = Math.max(scores[category] ?? 0, scoreOf(finding));
    }
    return scores;
  };
}

function scoreOf({ confidence, falsePositiveRate = 0 }: Finding): number {
  return falsePositiveRate > SEEN_RATE ? Math.min(confidence, HINT) : confidence;
}
