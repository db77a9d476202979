import type { Row } from "./read-rows.ts";

export const TECHNIQUES = [
  "role-play",
  "hypothetical",
  "encoding",
  "multi-step",
  "optimiser suffix",
  "direct",
  "indirect",
  "code",
] as const;
export type Technique = (typeof TECHNIQUES)[number];

/** Families of the data by technique; the first that fits. What stands in documents is indirect. */
const FAMILIES: readonly (readonly [RegExp, Technique])[] = [
  [/^code\/|CODE_EXECUTION|code_technical/, "code"],
  [/hypothetical/, "hypothetical"],
  [/ENCODING|SMUGGLING|encoding_based/, "encoding"],
  [/few_shot|overload|MANY_SHOT|MULTI_TURN|CRESCENDO|CHAIN_OF|multi_layered/, "multi-step"],
  [/persona|PERSONA|role_play|^JAILBREAK|^Jailbreak|^community|^source|system_mode/, "role-play"],
];

/** No set of ours has optimised suffixes: the bench makes its own. */
export function techniqueOf({ label, surface, family }: Row): Technique {
  const known = FAMILIES.find(([pattern]) => pattern.test(family))?.[1];
  if (known === "code" || (known && surface === "user")) return known;
  if (surface === "document") return "indirect";
  return label === "jailbreak" ? "role-play" : "direct";
}
