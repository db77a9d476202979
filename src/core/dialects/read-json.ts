import type { z } from "zod";
import { WeirError } from "../errors.ts";

/** Reads an upstream's JSON text. Throws provider_failed for anything but an object of this shape. */
export function readJson<T>(schema: z.ZodType<T>, json: string): T {
  return readValue(schema, parseObject(json));
}

/** An upstream's JSON text as an object, of whatever shape. */
export function parseObject(json: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new WeirError("provider_failed", "The upstream's answer is not JSON.", { cause });
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new WeirError("provider_failed", "The upstream's answer is not a JSON object.");
}

/** Checks an upstream's value. Throws provider_failed when its shape is another. */
export function readValue<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new WeirError("provider_failed", "The upstream's answer has an unknown shape.", {
    cause: result.error,
  });
}
