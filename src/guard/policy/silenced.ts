import { shapeOf } from "./own-patterns.ts";
import type { Policy } from "./policy.ts";

/** Detectors that find nothing at all. */
export function silencedBy(allow: Policy["allow"]): (detector: string) => boolean {
  const names = allow.flatMap((one) =>
    typeof one === "string" || shapeOf(one) !== undefined ? [] : (one.detectors ?? []),
  );
  return (detector) => names.some((name) => isMeant(name, detector));
}

/** `pii` and `pii.*` mean each detector of the category. */
export function isMeant(name: string, detector: string): boolean {
  if (name === detector) return true;
  const category = name.endsWith(".*") ? name.slice(0, -2) : name;
  return detector === category || detector.startsWith(`${category}.`);
}
