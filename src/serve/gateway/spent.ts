import type { GenerateRequest, Usage } from "../../core/chat.ts";
import type { Attempts } from "./attempts.ts";
import { estimateTokens } from "./estimate.ts";
import type { Target } from "./needs.ts";
import { type CallCost, priced } from "./record.ts";

/** What a call used: `usage` is the client's answer's, `tokens` and `cost` those of all attempts. */
export interface Spent {
  readonly usage: Usage;
  readonly isEstimated: boolean;
  readonly tokens: number;
  readonly cost: CallCost | null;
}

const FREE: CallCost = { input: 0, output: 0, version: null };
const NOTHING = { usage: { inputTokens: 0, outputTokens: 0 }, isEstimated: true };

/** An answer that was given again. */
export function nothingSpent(usage: Usage | undefined): Spent {
  return { ...(usage ? { usage, isEstimated: false } : NOTHING), tokens: 0, cost: FREE };
}

/** What the client's answer came to, and what all attempts together did. */
export function spentOn(
  attempts: Attempts | undefined,
  usage: Usage | undefined,
  request: GenerateRequest,
): Spent {
  // The usage that went to the client stands: a continued answer's is put together.
  const told = usage && { usage, isEstimated: false };
  const all = attempts?.spent(() => estimateTokens(request)) ?? [];
  return {
    ...(told ?? all.find(({ isAnswer }) => isAnswer) ?? all.at(-1) ?? NOTHING),
    ...sumOf(all),
  };
}

/** All attempts are paid for; null where the price of one that used something is not known. */
function sumOf(all: readonly { usage: Usage; target: Target }[]): Pick<Spent, "tokens" | "cost"> {
  let tokens = 0;
  let cost: CallCost | null = all.length > 0 ? FREE : null;
  for (const { usage, target } of all) {
    tokens += usage.inputTokens + usage.outputTokens;
    const own = priced(usage, target);
    cost = cost &&
      own && {
        input: cost.input + own.input,
        output: cost.output + own.output,
        version: own.version,
      };
  }
  return { tokens, cost };
}
