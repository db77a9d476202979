import { z } from "zod";
import { type Nanos, parseDollars } from "../core/money.ts";
import { parseDuration } from "../core/time.ts";

/** Kinds of values that weir.yaml has in many places. */

/** A duration in words, as `30s`; milliseconds once parsed. */
export const duration = (fallback: string) =>
  z
    .string()
    .refine((text) => parseDuration(text) !== undefined, {
      error: "expected a duration such as 250ms, 30s, 5m, 12h or 30d",
    })
    .default(fallback)
    .transform((text) => parseDuration(text) ?? 0);

/** An amount in words, as `0.15 USD`; nano-dollars once parsed. */
export const dollars = z
  .string()
  .refine((text) => parseDollars(text) !== undefined, {
    error: 'expected an amount such as "20 USD" or "0.15 USD"',
  })
  .transform((text): Nanos => parseDollars(text) ?? 0);
