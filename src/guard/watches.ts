import type { ChatMessage, GenerateRequest } from "../core/chat.ts";
import { openLeakageWatch } from "./detectors/leakage.ts";
import { openRepetitionWatch } from "./detectors/repetition.ts";
import { type Policy, wantedFor } from "./policy/policy.ts";
import type { AnswerWatch } from "./stream/output-scan.ts";

/** What looks at an answer as a whole; undefined where the policy asks for nothing of the kind. */
export function watchesFor(
  request: GenerateRequest,
  policy: Policy,
): (() => readonly AnswerWatch[]) | undefined {
  const wanted = wantedFor("assistant", policy);
  const [isLeakage, isRepetition] = [wanted.has("leakage"), wanted.has("repetition")];
  if (!isLeakage && !isRepetition) return undefined;
  return () => [
    ...(isLeakage ? leakageOf(request) : []),
    ...(isRepetition ? [openRepetitionWatch()] : []),
  ];
}

/** What the answer may not read out: the system's prompt, and what tools say of themselves. */
function leakageOf(request: GenerateRequest): AnswerWatch[] {
  if (request.kind !== "chat") return [];
  const textsOf = (...roles: readonly string[]) =>
    request.messages.filter(({ role }) => roles.includes(role)).map(textOf);
  const watch = openLeakageWatch({
    systemPrompt: textsOf("system", "developer").join("\n"),
    tools: request.tools,
    known: textsOf("user"),
  });
  return watch ? [watch] : [];
}

function textOf({ content }: ChatMessage): string {
  if (typeof content === "string") return content;
  return (content ?? []).map((part) => (part.type === "text" ? part.text : "")).join("\n");
}
