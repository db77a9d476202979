import type { Turn } from "./turns.ts";

const LEAST_TURNS = 4;
/** The latest of them: an attack that rises more slowly than this is a conversation. */
const LOOKED_AT = 8;
const LEAST_LAST = 0.35;
const LEAST_RISE = 0.25;
/** Of all pairs of turns, the share in which the later is the riskier, less that of the others. */
const LEAST_ORDER = 0.5;

/** Asking for more of what was just said, and for it to be real. */
const MORE =
  /\b(?:go (?:further|deeper)|more (?:detail|explicit|realistic|specific|graphic)|in (?:more|full|greater) detail|(?:exact|real|actual|specific) (?:steps|amounts|names|quantities|values|commands)|step[- ]by[- ]step|without (?:the |any )?(?:warnings?|disclaimers?|caveats)|leave out the (?:warnings?|disclaimers?)|make it (?:real|work|practical)|continue (?:from|where)|as you (?:just )?(?:said|described|wrote|mentioned)|based on (?:that|your (?:last|previous)))\b/i;
const REFUSAL =
  /\b(?:i (?:can(?:no|')t|am (?:not able|unable)|won't|will not|must decline)|i'm (?:not able|unable|sorry, but)|as an ai)\b/i;

/**
 * How much a conversation looks like a climb: each turn asks a little more than the last, until the last
 * asks what no first turn could. Undefined where it does not. 0 to 1. `scores` are the user's turns'.
 */
export function crescendoIn(turns: readonly Turn[], scores: readonly number[]): number | undefined {
  const latest = scores.slice(-LOOKED_AT);
  const last = latest.at(-1) ?? 0;
  const first = Math.min(...latest.slice(0, 2));
  if (latest.length < LEAST_TURNS || last < LEAST_LAST || last - first < LEAST_RISE) {
    return undefined;
  }
  const order = orderOf(latest);
  if (order < LEAST_ORDER) return undefined;
  const asked = turns.filter(({ role, text }) => role === "user" && MORE.test(text)).length;
  const refused = turns.filter(
    ({ role, text }) => role === "assistant" && REFUSAL.test(text),
  ).length;
  const signs = 0.06 * Math.min(asked, 3) + 0.06 * Math.min(refused, 2);
  return Math.min(0.98, 0.35 + 0.3 * order + 0.3 * (last - first) + signs);
}

/** Kendall's tau of time and risk: 1 where each turn is riskier than all before it. */
function orderOf(scores: readonly number[]): number {
  let [rising, pairs] = [0, 0];
  for (const [index, earlier] of scores.entries()) {
    for (const later of scores.slice(index + 1)) {
      pairs += 1;
      rising += Math.abs(later - earlier) < 0.02 ? 0 : Math.sign(later - earlier);
    }
  }
  return pairs === 0 ? 0 : rising / pairs;
}
