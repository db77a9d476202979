import type { Category } from "./detector.ts";
import { ATTACKS, leaksOf } from "./detectors/all.ts";

const LEAKING: ReadonlySet<Category> = new Set(["secrets", "pii"]);

type Judged = Extract<Category, "injection" | "jailbreak" | "secrets" | "pii">;

/** What the guard's detectors see in a text, whatever the policy: the surest finding a category, 0 to 1. */
export function moderate(text: string): Record<Judged, number> {
  const scores: Partial<Record<Category, number>> & Record<Judged, number> = {
    injection: 0,
    jailbreak: 0,
    secrets: 0,
    pii: 0,
  };
  const found = [
    ...ATTACKS.flatMap((detector) => detector.inspect(text)),
    ...(leaksOf(LEAKING)?.look(text, true).findings ?? []),
  ];
  for (const { category, confidence } of found) {
    const score = scores[category];
    if (score !== undefined) scores[category] = Math.max(score, confidence);
  }
  return scores;
}
