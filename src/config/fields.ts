import { z } from "zod";
import { type Nanos, parseDollars } from "../core/money.ts";
import { parseDuration } from "../core/time.ts";

/** Kinds of values that weir.yaml has in many places. */

const durationText = z.string().refine((text) => parseDuration(text) !== undefined, {
  error: "expected a duration such as 250ms, 30s, 5m, 12h or 30d",
});
const toMilliseconds = (text: string): number => parseDuration(text) ?? 0;

/** A duration in words, as `30s`; milliseconds once parsed. */
export const duration = (fallback: string) =>
  durationText.default(fallback).transform(toMilliseconds);

/** One that may be left out, which means never. */
export const optionalDuration = durationText.transform(toMilliseconds).optional();

/** An amount in words, as `0.15 USD`; nano-dollars once parsed. */
export const dollars = z
  .string()
  .refine((text) => parseDollars(text) !== undefined, {
    error: 'expected an amount such as "20 USD" or "0.15 USD"',
  })
  .transform((text): Nanos => parseDollars(text) ?? 0);

/** A secret is never written down here: only where it is found. */
export const environmentVariable = z
  .string()
  .regex(/^[A-Za-z_]\w*$/, { error: "expected the NAME of an environment variable, not the key" });
