import type { OwnPrice } from "../../config/prices.ts";
import type { RunCost } from "../../core/run.ts";
import type { PriceTokens } from "../trace/describe-run.ts";
import { OwnPrices } from "./own-prices.ts";
import { listedRates } from "./price-list.ts";
import { isOwnMachine } from "./provider-names.ts";
import { type NamedRates, costAt } from "./rates.ts";

/** Finds what a model's tokens cost at a time. */
export type FindRates = (
  provider: string | null,
  model: string,
  at: number,
) => NamedRates | undefined;

const UNPRICED: RunCost = {
  costNanos: null,
  inputCostNanos: null,
  outputCostNanos: null,
  priceVersion: null,
};
const OWN_MACHINE: NamedRates = { rates: { input: 0, output: 0 }, version: "own-machine" };

/** Prices change at midnight UTC, or at the full or half hour: what was found holds that long. */
const SLOT_MS = 1_800_000;
/** Names come from senders: what is remembered of them has an end. */
const MOST_REMEMBERED = 5000;

/** What tokens cost: by weir.yaml first, then nothing on one's own machine, then by the list. */
export function createRates(
  prices: readonly OwnPrice[],
  { isOwnMachineFree = true } = {},
): FindRates {
  const own = new OwnPrices(prices);
  let found = new Map<string, NamedRates | undefined>();
  return (provider, model, at) => {
    const name = `${Math.floor(at / SLOT_MS)}\0${provider ?? ""}\0${model}`;
    if (found.has(name)) return found.get(name);
    const rates =
      own.find(provider, model, at) ??
      (isOwnMachineFree && isOwnMachine(provider) ? OWN_MACHINE : listedRates(provider, model, at));
    if (found.size >= MOST_REMEMBERED) found = new Map();
    found.set(name, rates);
    return rates;
  };
}

/** Prices the runs that others send; null costs where nobody knows a price. */
export function createPricing(prices: readonly OwnPrice[]): PriceTokens {
  const find = createRates(prices);
  return ({ model, provider, at, usage }) => {
    const found = find(provider, model, at);
    if (!found) return UNPRICED;
    const { input, output } = costAt(found.rates, usage);
    return {
      costNanos: input + output,
      inputCostNanos: input,
      outputCostNanos: output,
      priceVersion: found.version,
    };
  };
}
