import type { LimitsRow } from "../../../../src/http/access-schemas.ts";

export type LimitName = keyof LimitsRow;

/** What limits are called where one reads them. */
export const LIMIT_TEXTS: Readonly<Record<LimitName, string>> = {
  requestsPerMinute: "requests a minute",
  requestsPerDay: "requests a day",
  tokensPerMinute: "tokens a minute",
  tokensPerDay: "tokens a day",
  tokensPerMonth: "tokens a month",
  concurrency: "calls at once",
  costPerMinute: "cost a minute",
  costPerDay: "cost a day",
  costPerMonth: "cost a month",
};

export const LIMIT_NAMES = Object.keys(LIMIT_TEXTS) as LimitName[]; // exactly the record's

/** What is typed in: texts by name; costs in dollars. */
export type LimitTexts = Partial<Record<LimitName, string>>;

const NANOS = 1e9;

export function toTexts(limits: LimitsRow): LimitTexts {
  const entries = Object.entries(limits).map(([name, value]) => [
    name,
    String(isCost(name) ? (value ?? 0) / NANOS : value),
  ]);
  return Object.fromEntries(entries);
}

/** Undefined where a text is no such limit: the fields say which. */
export function toLimits(texts: LimitTexts): LimitsRow | undefined {
  const limits: Partial<Record<LimitName, number>> = {};
  for (const name of LIMIT_NAMES) {
    const text = texts[name]?.trim() ?? "";
    if (text === "") continue;
    if (problemOf(name, text) !== null) return undefined;
    limits[name] = isCost(name) ? Math.round(Number(text) * NANOS) : Number(text);
  }
  return limits;
}

/** Why a text is no such limit; null when it is one, or empty. */
export function problemOf(name: LimitName, text: string): string | null {
  if (text.trim() === "") return null;
  const value = Number(text);
  if (isCost(name)) return value > 0 && value < 1e6 ? null : "dollars, as 0.50 or 20";
  return Number.isSafeInteger(value) && value > 0 ? null : "a whole number from 1 on";
}

export function isCost(name: string): boolean {
  return name.startsWith("cost");
}
