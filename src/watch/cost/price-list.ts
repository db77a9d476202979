import { createRequire } from "node:module";
import type * as Library from "@pydantic/genai-prices";
import { type ListedName, listedNames } from "./provider-names.ts";
import type { NamedRates, Rate, Rates } from "./rates.ts";

/** The public price list that ships in @pydantic/genai-prices: it needs no network, and is never fetched anew. */

/** Of the list that runs are priced by. A test compares it with what is installed. */
export const LIST_VERSION = "genai-prices@0.1.8";

/** A dollar for a million tokens is a thousand nano-dollars a token. */
const NANOS_PER_MTOK_DOLLAR = 1000;
const NANOS_PER_KCOUNT_DOLLAR = 1_000_000;
const LATEST_DATE = 8.64e15;

const require = createRequire(import.meta.url);
let library: typeof Library | undefined;

/** It takes 20 MB of memory and a tenth of a second: loaded when the first price is asked for. */
function list(): typeof Library {
  library ??= require("@pydantic/genai-prices") as typeof Library; // the package of that name
  return library;
}

/** What a model cost at a time, by the list; undefined where the list does not have it. */
export function listedRates(
  provider: string | null,
  model: string,
  at: number,
): NamedRates | undefined {
  for (const name of listedNames(provider, model)) {
    const found = lookUp(name, at);
    if (found) return found;
  }
  return undefined;
}

/** Another model of the list, with what a model of the list is compared by. */
export interface ListedModel extends NamedRates {
  readonly provider: string;
  readonly model: string;
}

/** All of a provider's models that are still offered and generate text, at the prices of a time. */
export function modelsBeside(provider: string | null, model: string, at: number): ListedModel[] {
  const { calcPrice } = list();
  for (const name of listedNames(provider, model)) {
    const found = calcPrice({}, name.model, optionsOf(name, at));
    if (!found) continue;
    return found.provider.models.flatMap((other) => {
      if (other.deprecated === true || other.id === found.model.id) return [];
      const named = lookUp({ provider: found.provider.id, model: other.id }, at);
      if (!named || named.rates.output === 0) return [];
      return [{ ...named, provider: found.provider.id, model: other.id }];
    });
  }
  return [];
}

function lookUp(name: ListedName, at: number): NamedRates | undefined {
  // Senders' clocks may claim a time that no date has.
  if (!(Math.abs(at) <= LATEST_DATE)) return undefined;
  const found = list().calcPrice({}, name.model, optionsOf(name, at));
  const rates = found && ratesOf(found.model_price);
  if (!found || !rates) return undefined;
  const { model, provider, model_price: price } = found;
  const dated = Array.isArray(model.prices)
    ? model.prices.find(({ prices }) => prices === price)?.constraint
    : undefined;
  const since =
    dated === undefined ? "" : `@${"start_date" in dated ? dated.start_date : dated.start_time}`;
  return { rates, version: `${LIST_VERSION}/${provider.id}/${model.id}${since}` };
}

function optionsOf({ provider }: ListedName, at: number): Library.PriceOptions {
  return { timestamp: new Date(at), ...(provider !== undefined && { providerId: provider }) };
}

/** Undefined for models that are paid by the hour, the picture or the page. */
function ratesOf(price: Library.ModelPrice): Rates | undefined {
  const rate = (key: string): Rate | undefined => toRate(price[key]);
  const [input, output] = [rate("input_mtok"), rate("output_mtok")];
  if (input === undefined && output === undefined && Object.keys(price).length > 0)
    return undefined;
  const request = price["requests_kcount"];
  return {
    input: input ?? 0,
    output: output ?? 0,
    cached: rate("cache_read_mtok"),
    cacheWrite: rate("cache_write_mtok"),
    cacheWriteHour: rate("cache_write_1h_mtok"),
    image: rate("input_image_mtok"),
    audio: rate("input_audio_mtok"),
    reasoning: rate("output_reasoning_mtok"),
    audioOutput: rate("output_audio_mtok"),
    ...(typeof request === "number" && { request: request * NANOS_PER_KCOUNT_DOLLAR }),
  };
}

function toRate(price: Library.ModelPrice[string]): Rate | undefined {
  if (price === undefined) return undefined;
  if (typeof price === "number") return price * NANOS_PER_MTOK_DOLLAR;
  return {
    base: price.base * NANOS_PER_MTOK_DOLLAR,
    steps: price.tiers
      .map(({ start, price: dollars }) => ({ over: start, rate: dollars * NANOS_PER_MTOK_DOLLAR }))
      .toSorted((a, b) => a.over - b.over),
  };
}
