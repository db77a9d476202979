import type { ChatMessage } from "../../core/chat.ts";
import type { Category, Finding } from "../detector.ts";
import { crescendoIn } from "./crescendo.ts";
import { personaIn } from "./persona.ts";
import { joinedIn } from "./split-payload.ts";
import { type Turn, turnsOf } from "./turns.ts";

/** A finding in the message with this index: the user's last, which the turns before it led to. */
export interface ConversationFinding extends Finding {
  readonly message: number;
}

/** A joined text that scores so high is an attack; and so much higher than each piece of it. */
const LEAST_JOINED = 0.5;
const LEAST_GAIN = 0.2;
const MOST_JOINED = 4000;
const MOST_TRIED = 8;
const EVIDENCE = 200;

/**
 * Sees what no single message shows: requests that climb turn by turn, attacks handed over in pieces,
 * personas that are built until they may say anything. `scoreOf` is any detector's judgement of one text,
 * 0 to 1; it is asked once for each of the user's latest turns and at most eight times for joined texts.
 * Pure; nothing is kept between requests. Cues are English; climbing and joining work in any language
 * that `scoreOf` knows. Cost: `scoreOf` over the turns, and one pass.
 */
export function inspectConversation(
  messages: readonly ChatMessage[],
  scoreOf: (text: string) => number,
): ConversationFinding[] {
  const turns = turnsOf(messages);
  const users = turns.filter(({ role }) => role === "user");
  const last = users.at(-1);
  if (!last) return [];
  const scores = users.map(({ text }) => scoreOf(text));
  const found: ConversationFinding[] = [];
  const add = (name: string, category: Category, confidence: number | undefined) => {
    if (confidence !== undefined)
      found.push(toFinding(`${category}.${name}`, category, confidence, last));
  };
  if (users.length > 1) {
    add("crescendo", "jailbreak", crescendoIn(turns, scores));
    add("persona_over_turns", "jailbreak", personaIn(turns, scores));
  }
  const split = splitIn(turns, scores, scoreOf);
  if (split) {
    const finding = toFinding("injection.split_payload", "injection", split.score, last);
    const evidence = { text: split.text.slice(0, EVIDENCE).toWellFormed(), steps: [split.how] };
    found.push({ ...finding, evidence });
  }
  return found;
}

/** The worst of the texts that the pieces make, where it is worse than all of them. */
function splitIn(
  turns: readonly Turn[],
  scores: readonly number[],
  scoreOf: (text: string) => number,
) {
  const alone = Math.max(...scores);
  return joinedIn(turns)
    .slice(-MOST_TRIED)
    .map(({ text, how }) => ({ text, how, score: scoreOf(text.slice(0, MOST_JOINED)) }))
    .filter(({ score }) => score >= LEAST_JOINED && score - alone >= LEAST_GAIN)
    .toSorted((a, b) => b.score - a.score)[0];
}

function toFinding(
  detector: string,
  category: Category,
  confidence: number,
  { text, message }: Turn,
): ConversationFinding {
  return { detector, category, start: 0, end: text.length, confidence, message };
}
