import type { FindRates } from "./price-run.ts";
import { type Rate, type Rates, rateFor } from "./rates.ts";

/** What tokens of a target cost, as the gateway asks for it: it prices each call as it ends. */

/** Nano-dollars for one token; may be a fraction. */
interface PlainPrice {
  readonly input: number;
  readonly output: number;
  readonly cached: number;
  readonly cacheWrite?: number;
  readonly reasoning?: number;
  readonly image?: number;
  readonly audio?: number;
}

export interface TokenPrice extends PlainPrice {
  readonly version: string;
  /** What stands instead for prompts that are longer, the longest last. */
  readonly steps?: readonly (PlainPrice & { readonly over: number })[];
}

/** The price of a provider's model now, or undefined where nobody knows one. */
export function tokenPrice(
  find: FindRates,
  provider: string,
  model: string,
  now: number,
): TokenPrice | undefined {
  const found = find(provider, model, now);
  if (!found) return undefined;
  const { rates, version } = found;
  const steps = Array.from(new Set(Object.values(rates).flatMap(stepsOf)))
    .toSorted((a, b) => a - b)
    .map((over) => ({ over, ...priceFor(rates, over + 1) }));
  return { ...priceFor(rates, 0), version, ...(steps.length > 0 && { steps }) };
}

function stepsOf(rate: Rate | undefined): number[] {
  return typeof rate === "object" ? rate.steps.map(({ over }) => over) : [];
}

function priceFor(rates: Rates, inputTokens: number): PlainPrice {
  const at = (rate: Rate) => rateFor(rate, inputTokens);
  const { input, output, cached, cacheWrite, reasoning, image, audio } = rates;
  return {
    input: at(input),
    output: at(output),
    cached: at(cached ?? input),
    ...(cacheWrite !== undefined && { cacheWrite: at(cacheWrite) }),
    ...(reasoning !== undefined && { reasoning: at(reasoning) }),
    ...(image !== undefined && { image: at(image) }),
    ...(audio !== undefined && { audio: at(audio) }),
  };
}
