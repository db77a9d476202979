import { z } from "zod";
import type { Limits } from "../core/call.ts";
import { parseDuration } from "../core/time.ts";
import { LimitsWish } from "../http/access-schemas.ts";
import { type Option, UsageError, type Values, text } from "./command.ts";

/** What keys and tenants have in common on the command line, and how it is read. */

export const LIMIT_OPTIONS = {
  limit: {
    type: "string",
    multiple: true,
    value: "NAME=VALUE",
    help: "a limit, as requestsPerMinute=60 or costPerDay='5 USD'; =none takes it away; may be repeated",
  },
  models: {
    type: "string",
    value: "LIST",
    help: "the models that may be asked for, as 'chat,gpt-*'; all takes the list away",
  },
  name: { type: "string", value: "NAME", help: "for edit: another name" },
} as const satisfies Record<string, Option>;

export const LIMIT_NAMES = Object.keys(LimitsWish.shape);

/** The limits after what was said: those that were not named stay. Undefined: nothing was said. */
export function limitsOf(values: Values, before: Limits): Limits | undefined {
  const said = values["limit"];
  if (!Array.isArray(said)) return undefined;
  const limits: Record<string, unknown> = { ...before };
  for (const one of said.map(String)) {
    const [name, value] = split(one);
    if (!LIMIT_NAMES.includes(name)) {
      throw new UsageError(`there is no limit "${name}"; there are: ${LIMIT_NAMES.join(", ")}`);
    }
    if (value === "none") delete limits[name];
    else limits[name] = /^\d+$/.test(value) && !name.startsWith("cost") ? Number(value) : value;
  }
  const result = LimitsWish.safeParse(limits);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const name = String(issue?.path[0] ?? "limit");
  const wanted = name.startsWith("cost")
    ? `an amount such as ${name}='5 USD'`
    : `a whole number from 1 on, as ${name}=60`;
  throw new UsageError(`--limit ${name}: expected ${wanted}, or =none`);
}

function split(text: string): [string, string] {
  const at = text.indexOf("=");
  if (at === -1) throw new UsageError(`--limit takes NAME=VALUE, not "${text}"`);
  return [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}

const Patterns = z
  .array(
    z
      .string()
      .regex(/^[\w./:@-]*\*?$/)
      .min(1),
  )
  .min(1);

/** Undefined: nothing was said; null: all models. */
export function modelsOf(values: Values): readonly string[] | null | undefined {
  const said = text(values, "models");
  if (said === undefined) return undefined;
  if (said === "all") return null;
  const result = Patterns.safeParse(said.split(",").map((one) => one.trim()));
  if (result.success) return result.data;
  throw new UsageError(
    `--models takes names separated by commas, with * only at the end of one, as 'chat,gpt-*'; not "${said}"`,
  );
}

/** Epoch milliseconds; null: never; undefined: nothing was said. */
export function expiryOf(values: Values, now: number): number | null | undefined {
  const said = text(values, "expires");
  if (said === undefined) return undefined;
  if (said === "never") return null;
  const duration = parseDuration(said);
  if (duration !== undefined) return now + duration;
  const at = /^\d{4}-\d\d-\d\d/.test(said) ? Date.parse(said) : Number.NaN;
  if (Number.isFinite(at)) return at;
  throw new UsageError(
    `--expires takes 90d, 12h, a date such as 2030-01-31, or never; not "${said}"`,
  );
}

/** What was said of a wish, without what was not. */
export function said<T extends object>(wish: T): Partial<T> {
  const entries = Object.entries(wish).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Partial<T>; // its own entries
}

/** Limits in one cell of a table. */
export function limitsText(limits: Limits): string {
  const parts = Object.entries(limits).map(([name, value]) =>
    name.startsWith("cost") ? `${name}=$${Number(value) / 1e9}` : `${name}=${value}`,
  );
  return parts.join(" ") || "none";
}

/** A time in one cell of a table. */
export function dayText(at: number | null): string {
  return at === null ? "never" : new Date(at).toISOString().slice(0, 16);
}
