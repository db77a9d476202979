import { ApiError } from "../../api/api-error.ts";
import { asNumber, asText, at, isRecord, parseJson } from "../../api/json.ts";
import type { Answer } from "./answer.ts";
import { NO_DRAFT, type Draft, type Round, type Step } from "./conversation.ts";
import { NO_SETTINGS, type Settings } from "./settings.ts";

/** What a reload must not lose; it goes with the tab, and with signing out. */
export interface Kept {
  readonly settings: Settings;
  /** What is written and not yet sent. */
  readonly draft: Draft;
  readonly rounds: readonly Round[];
}

/** The part of `sessionStorage` that is used; it throws where it is full or forbidden. */
export type Store = Pick<Storage, "getItem" | "setItem">;

const PLACE = "weir.playground.1";

export function saveKept(store: Store, kept: Kept): void {
  // Images may be too much for the store: then the words alone are kept.
  if (trySave(store, JSON.stringify(kept, plainError))) return;
  const wordsAlone = (name: string, value: unknown) =>
    name === "images" ? [] : plainError(name, value);
  trySave(store, JSON.stringify(kept, wordsAlone));
}

function trySave(store: Store, text: string): boolean {
  try {
    store.setItem(PLACE, text);
    return true;
  } catch {
    return false;
  }
}

export function loadKept(store: Store): Kept {
  const kept = parseJson(tryRead(store) ?? "");
  const settings = at(kept, "settings");
  const draft = at(kept, "draft");
  const rounds = at(kept, "rounds");
  return {
    settings: isRecord(settings) ? { ...NO_SETTINGS, ...settings } : NO_SETTINGS,
    draft: isRecord(draft) ? { ...NO_DRAFT, ...draft } : NO_DRAFT,
    // Written by this file, under a name that changes with the shape.
    rounds: Array.isArray(rounds) ? (rounds as Round[]).map(revived) : [],
  };
}

function tryRead(store: Store): string | null {
  try {
    return store.getItem(PLACE);
  } catch {
    return null;
  }
}

/** JSON drops an error's message; the four fields of ours are written instead. */
function plainError(_name: string, value: unknown): unknown {
  if (!(value instanceof ApiError)) return value;
  const { message, status, code, requestId } = value;
  return { message, status, code, requestId };
}

function revived(round: Round): Round {
  const step = (one: Step): Step => ({ ...one, answer: revivedAnswer(one.answer) });
  return {
    ...round,
    replies: round.replies.map((reply) => ({ ...reply, steps: reply.steps.map(step) })),
  };
}

/** An answer that was under way when the page went is one that was stopped. */
function revivedAnswer(answer: Answer): Answer {
  const state = answer.state === "streaming" ? "stopped" : answer.state;
  const { error } = answer as { error: unknown };
  if (!isRecord(error)) return { ...answer, state };
  const facts = {
    status: asNumber(error["status"]) ?? 0,
    code: asText(error["code"]) ?? "unexpected_answer",
    requestId: asText(error["requestId"]),
  };
  return { ...answer, state, error: new ApiError(asText(error["message"]) ?? "", facts) };
}
