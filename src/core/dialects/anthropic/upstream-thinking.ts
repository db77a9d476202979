import type { ChatRequest, Reasoning } from "../../chat.ts";

/** How much a Claude is asked to think. Its generations take different words for it. Pure. */

/** `budget`: up to 4.5, and servers with Anthropic's dialect. `adaptive`: since 4.6. */
type Manner = "budget" | "adaptive" | "adaptive without sampling";

/** How a model wants to be asked, by its name. A Claude of unknown number is a new one. */
export function mannerOf(model: string): Manner {
  if (!/claude/i.test(model)) return "budget";
  if (/claude-(?:instant|v?[12]\b|3)/i.test(model)) return "budget";
  const found = /claude-(?:opus|sonnet|haiku)-(\d+)(?:[-.](\d{1,2})(?!\d))?/i.exec(model);
  if (!found) return "adaptive without sampling";
  const version = Number(found[1]) * 100 + Number(found[2] ?? 0);
  if (version <= 405) return "budget";
  return version === 406 ? "adaptive" : "adaptive without sampling";
}

/** The fields that ask for thinking, and whether they could. */
export interface Thinking {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly maxTokens: number;
  readonly isOn: boolean;
  /** Set when the client's wish to think could not be met. */
  readonly isRefused: boolean;
}

/** What Weir asks for when the client names no limit: the API wants one, and models' own differ. */
const DEFAULT_MAX_TOKENS = 4096;
const LEAST_BUDGET = 1024;

const BUDGETS = { minimal: 1024, low: 2048, medium: 8192, high: 16_384, xhigh: 32_768 } as const;

/**
 * `isBroken`: the prompt ends in the middle of a chain of calls whose thought is lost; a model that is
 * asked by budget takes no such chain while it thinks.
 */
export function toThinking(request: ChatRequest, isBroken: boolean): Thinking {
  const { reasoning, maxTokens = DEFAULT_MAX_TOKENS, toolChoice } = request;
  const off = { fields: {}, maxTokens, isOn: false, isRefused: false };
  if (!reasoning || !isAsked(reasoning)) return off;
  if (reasoning.effort === "none" || reasoning.budgetTokens === 0) {
    return { ...off, fields: { thinking: { type: "disabled" } } };
  }
  // A call that must come leaves no room for a thought before it.
  if (toolChoice === "required" || typeof toolChoice === "object")
    return { ...off, isRefused: true };
  if (mannerOf(request.model) !== "budget") {
    const effort = toEffort(reasoning);
    const fields = { thinking: { type: "adaptive", ...toDisplay(reasoning) }, effort };
    return { ...off, fields, isOn: true };
  }
  const wanted = reasoning.budgetTokens ?? BUDGETS[reasoning.effort ?? "medium"];
  const most = request.maxTokens === undefined ? Infinity : request.maxTokens - 1;
  const budget = Math.min(Math.max(wanted, LEAST_BUDGET), most);
  if (budget < LEAST_BUDGET || isBroken) return { ...off, isRefused: true };
  return {
    fields: { thinking: { type: "enabled", budget_tokens: budget, ...toDisplay(reasoning) } },
    // The budget is a part of max_tokens, so the default must leave room for the answer.
    maxTokens: request.maxTokens ?? budget + DEFAULT_MAX_TOKENS,
    isOn: true,
    isRefused: false,
  };
}

/** A client that only wants to read the thoughts leaves their length to the model. */
function isAsked({ effort, budgetTokens, summary = "none" }: Reasoning): boolean {
  return effort !== undefined || budgetTokens !== undefined || summary !== "none";
}

function toDisplay({ summary }: Reasoning): object {
  if (summary === undefined) return {};
  return { display: summary === "none" ? "omitted" : "summarized" };
}

function toEffort({ effort, budgetTokens }: Reasoning): string | undefined {
  if (effort !== undefined) return effort === "minimal" ? "low" : effort;
  if (budgetTokens === undefined) return undefined;
  if (budgetTokens <= BUDGETS.low) return "low";
  return budgetTokens <= BUDGETS.medium ? "medium" : "high";
}
