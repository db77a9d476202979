import { parentPort, workerData } from "node:worker_threads";
import { type Piece, type Seen, createGate } from "../guard/gate.ts";
import type { GuardRules, Place } from "../guard/policy/policy-for.ts";
import { personalIn } from "../guard/vault/personal.ts";
import { guardDetectors } from "./guard-detectors.ts";

/** The thread that looks at long texts, so that calls beside them do not wait. */

export interface GuardThreadData {
  readonly rules: GuardRules;
  readonly dataFolder: string | undefined;
}

export interface GuardAsk {
  readonly ask: number;
  readonly pieces: readonly Piece[];
  /** Absent: personal data is looked for, and nothing else. */
  readonly place: Place | undefined;
}

export interface GuardAnswer {
  readonly ask: number;
  readonly seen: readonly Seen[];
}

const port = parentPort;
if (!port) throw new Error("guard-thread.ts runs as a worker thread");
const { rules, dataFolder } = workerData as GuardThreadData; // set by guard-line.ts alone
const gate = createGate(rules, guardDetectors(dataFolder));

port.on("message", ({ ask, pieces, place }: GuardAsk) => {
  const answer: GuardAnswer = { ask, seen: pieces.map((piece) => see(piece, place)) };
  port.postMessage(answer);
});

function see(piece: Piece, place: Place | undefined): Seen {
  if (place) return gate.see(piece, place);
  const { text, origin } = piece;
  return { findings: personalIn(text).map((finding) => ({ ...finding, origin })), failures: [] };
}
