import { isIP } from "node:net";
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

const AMOUNT = { error: 'expected an amount such as "20 USD" or "0.15 USD"' };

/** An amount in words, as `0.15 USD`; nano-dollars once parsed. */
export const dollars = z
  .string(AMOUNT)
  .refine((text) => parseDollars(text) !== undefined, AMOUNT)
  .transform((text): Nanos => parseDollars(text) ?? 0);

/** A secret is never written down here: only where it is found. */
export const environmentVariable = z
  .string()
  .regex(/^[A-Za-z_]\w*$/, { error: "expected the NAME of an environment variable, not the key" });

/** A share in words, as `5%`; 0.05 once parsed. */
export const share = (fallback: string) =>
  z
    .string()
    .regex(/^\d+(\.\d+)?%$/, { error: "expected a share such as 5% or 0.5%" })
    .default(fallback)
    .transform((text) => Number(text.slice(0, -1)) / 100);

/** An address, or all that begin alike, as `10.0.0.0/8`. */
export const cidr = z.string().refine(isCidr, {
  error: "expected an address or a range, as 10.1.2.3, 10.0.0.0/8 or fd00::/8",
});

function isCidr(text: string): boolean {
  const [address = "", bits, ...rest] = text.split("/");
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return (
    bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))
  );
}
