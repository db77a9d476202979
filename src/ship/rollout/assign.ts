import { createHash } from "node:crypto";
import type { Arm } from "./units.ts";

/** How a model's calls are parted now. */
export interface Share {
  /** Names the rollout: whoever is the candidate's in one need not be in the next. */
  readonly id: string;
  /** The candidate's share of all units, 0 to 1. */
  readonly candidate: number;
  /** Of stable's units, the share of all that is compared with it. */
  readonly control: number;
  /** Of the calls, the share that is also sent to the candidate without anybody seeing its answer. */
  readonly shadow: number;
  /** Whether anything is to be learned of calls. */
  readonly isJudged: boolean;
}

export interface Assigned {
  readonly arm: Arm;
  /** The candidate's share of what is observed. */
  readonly probability: number;
  readonly key?: string | undefined;
}

/** Of stable's calls, so many are compared for each of the candidate's: more would say hardly more. */
const CONTROLS = 9;

/** The share of units that is compared with a candidate of this weight. */
export function controlFor(candidate: number): number {
  return Math.min(1 - candidate, candidate * CONTROLS);
}

/**
 * Puts a unit into an arm. Who has a name always gets the same place between 0 and 1, so it stays with
 * the candidate while exposure grows; who has none gets any.
 */
export function assign(
  { id, candidate, control }: Share,
  name: string | undefined,
  random: () => number,
): Assigned {
  const key = name === undefined ? undefined : keyOf(id, name);
  const place = key === undefined ? random() : placeOf(key);
  const observed = candidate + control;
  const probability = observed > 0 ? candidate / observed : 0;
  const arm = armAt(place, candidate, observed);
  return { arm, probability, key };
}

function armAt(place: number, candidate: number, observed: number): Arm {
  if (place < candidate) return "candidate";
  return place < observed ? "control" : "outside";
}

function keyOf(id: string, name: string): string {
  return createHash("sha256").update(`${id}\0${name}`).digest("hex").slice(0, 16);
}

function placeOf(key: string): number {
  return Number.parseInt(key.slice(0, 13), 16) / 2 ** 52;
}
