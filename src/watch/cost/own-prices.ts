import { createHash } from "node:crypto";
import type { OwnPrice } from "../../config/prices.ts";
import type { NamedRates } from "./rates.ts";

/** Amounts of weir.yaml are for a million tokens. */
const TOKENS = 1e6;

interface Entry extends NamedRates {
  readonly model: RegExp;
  readonly provider: RegExp | undefined;
  readonly from: number;
  /** How much of the names is said: the more, the sooner it counts. */
  readonly exactness: number;
}

/** Prices of weir.yaml, ready to be looked up: the most exact name first, then the latest day. */
export class OwnPrices {
  private readonly entries: readonly Entry[];

  constructor(prices: readonly OwnPrice[]) {
    this.entries = prices
      .map(toEntry)
      .toSorted((a, b) => b.exactness - a.exactness || b.from - a.from);
  }

  find(provider: string | null, model: string, at: number): NamedRates | undefined {
    return this.entries.find(
      (entry) =>
        entry.from <= at &&
        entry.model.test(model) &&
        (entry.provider === undefined || entry.provider.test(provider ?? "")),
    );
  }
}

function toEntry(price: OwnPrice): Entry {
  const { model, provider, from = -Infinity, input, output } = price;
  const { cachedInput, cacheWrite, image, audio, reasoning } = price;
  const each = (nanos: number | undefined) => (nanos === undefined ? undefined : nanos / TOKENS);
  return {
    model: globOf(model),
    provider: provider === undefined ? undefined : globOf(provider),
    from,
    exactness: exactnessOf(model) * 2 + (provider === undefined ? 0 : 1),
    rates: {
      input: input / TOKENS,
      output: output / TOKENS,
      cached: each(cachedInput),
      cacheWrite: each(cacheWrite),
      image: each(image),
      audio: each(audio),
      reasoning: each(reasoning),
    },
    version: `weir.yaml@${hashOf(price)}`,
  };
}

/** A name without a star stands before all that have one. */
function exactnessOf(pattern: string): number {
  return pattern.includes("*") ? pattern.replaceAll("*", "").length : 1000 + pattern.length;
}

function globOf(pattern: string): RegExp {
  const parts = pattern.split("*").map((part) => part.replaceAll(/[\\^$.|?+()[\]{}]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "i");
}

/** The same for the same price, wherever it stands in the file. */
export function hashOf(value: object): string {
  const fields = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return createHash("sha256").update(JSON.stringify(fields)).digest("hex").slice(0, 12);
}
