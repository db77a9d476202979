import type { Caller } from "../core/call.ts";
import { type GenerateRequest, textOf } from "../core/chat.ts";
import { WeirError } from "../core/errors.ts";
import type { CalledTool } from "../guard/tools/tool-watch.ts";
import type { InputVerdict } from "../serve/gateway/needs.ts";
import type { ApprovalDesk } from "./guard-approval-desk.ts";

/** What a person who decides is shown of a prompt, after redaction. */
const SHOWN_CHARS = 2000;

/** What a client is told of a tool's call that waits, or was denied; undefined: it may pass. */
export function callRefusal(
  call: CalledTool,
  caller: Caller,
  desk: ApprovalDesk,
): WeirError | undefined {
  const waiting = desk({ ...call, identity: plain(call.arguments) }, caller);
  if (!waiting) return undefined;
  if (waiting.state === "denied") {
    return new WeirError(
      "blocked_by_guard",
      `The answer was stopped: a person has denied this call of the tool "${call.name}" (${waiting.id}).`,
    );
  }
  return new WeirError(
    "approval_needed",
    `The answer was stopped: it calls the tool "${call.name}", which changes something, after text that others wrote. The call waits for a person's approval as ${waiting.id}; send the request again when it was given.`,
  );
}

/** Arguments that say the same are the same, however they are spaced. */
function plain(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return text;
  }
}

/** A verdict that holds a request for review, with where that review stands. */
export function reviewed(
  verdict: InputVerdict,
  { request, caller }: { readonly request: GenerateRequest; readonly caller: Caller },
  desk: ApprovalDesk,
): InputVerdict {
  const { blocked } = verdict;
  if (blocked?.code !== "held_for_review") return verdict;
  const held = verdict.findings.filter(({ action }) => action === "hold");
  const shown = { found: held.map(({ detector }) => detector), text: lastText(verdict.request) };
  const identity = JSON.stringify(request.kind === "chat" ? request.messages : request.prompt);
  const waiting = desk({ name: "prompt", arguments: JSON.stringify(shown), identity }, caller);
  if (!waiting) return { ...verdict, blocked: undefined };
  const isDenied = waiting.state === "denied";
  const state = isDenied ? "A person has refused it" : "It waits for review";
  return {
    ...verdict,
    blocked: new WeirError(
      isDenied ? "blocked_by_guard" : "held_for_review",
      `${blocked.message} ${state} (${waiting.id}).`,
    ),
  };
}

function lastText(request: GenerateRequest): string {
  const text =
    request.kind === "completion"
      ? request.prompt
      : textOf(request.messages.findLast(({ role }) => role !== "assistant")?.content ?? null);
  return text.slice(0, SHOWN_CHARS);
}
