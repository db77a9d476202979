import type { ModelList } from "../../../../src/http/admin-schemas.ts";
import { formatPrice } from "../../format.ts";

export type Model = ModelList["models"][number];
export type Target = Model["targets"][number];

/** Engines that stand in one's own house: asking them costs nobody anything. */
const SELF_HOSTED = new Set([
  "vllm",
  "sglang",
  "llama-server",
  "ollama",
  "tgi",
  "openai-compatible",
]);

/** Whether the page asks the upstream about itself without being told to. */
export function isAskedByItself({ provider, abilities }: Target): boolean {
  return abilities.includes("facts") && SELF_HOSTED.has(provider);
}

/** What a target gets of its model's traffic, in words. */
export function shareOf(target: Target, siblings: readonly Target[]): string {
  if (target.fallback) return "fallback, asked when the others fail";
  const total = siblings.reduce((sum, one) => sum + (one.fallback ? 0 : one.weight), 0);
  const share = total === 0 ? 0 : Math.round((target.weight / total) * 100);
  return `${target.weight} (${share}% of the weight)`;
}

/** How many calls run there, of how many that may. */
export function runningOf({ inFlight, concurrency }: Target["routing"]): string {
  return concurrency === null ? String(inFlight) : `${inFlight} of ${concurrency}`;
}

export function priceOf({
  inputPricePerMillion: input,
  outputPricePerMillion: output,
}: Target): string {
  if (input === null || output === null) return "not known";
  if (input === 0 && output === 0) return "free of charge";
  return `${formatPrice(input)} in, ${formatPrice(output)} out per million tokens`;
}
