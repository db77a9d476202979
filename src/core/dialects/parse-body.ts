import type { z } from "zod";
import { WeirError } from "../errors.ts";

/** Checks a parsed body against its schema; throws invalid_request naming the first field at fault. */
export function parseBody<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const issues = result.error.issues.map((issue) => ({
    at: pathOf(issue.path),
    text: issue.message,
  }));
  const [first] = issues;
  const text = issues.slice(0, 5).map(({ at, text }) => (at ? `${at}: ${text}` : text));
  throw new WeirError("invalid_request", text.join("; "), first?.at ? { param: first.at } : {});
}

function pathOf(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[${key}]`;
    return text ? `${text}.${String(key)}` : String(key);
  }, "");
}
