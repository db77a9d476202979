import { z } from "zod";

/** One change of many examples' metadata. */
export const MetadataOperation = z.object({
  key: z.string().min(1).max(500),
  operation: z
    .string()
    .transform((name) => name.toLowerCase())
    .pipe(z.enum(["set", "array_add", "array_remove"])),
  value: z.unknown().optional(),
  values: z.array(z.string()).nullish(),
});
export type MetadataOperation = z.infer<typeof MetadataOperation>;

/** The metadata after all of them, in their order. */
export function changedMetadata(
  metadata: Readonly<Record<string, unknown>>,
  operations: readonly MetadataOperation[],
): Record<string, unknown> {
  const next = { ...metadata };
  for (const { key, operation, value, values } of operations) {
    const named = values ?? [];
    if (operation === "set") next[key] = value ?? values ?? null;
    else if (operation === "array_add") next[key] = [...new Set([...listOf(next[key]), ...named])];
    else next[key] = listOf(next[key]).filter((one) => !named.includes(String(one)));
  }
  return next;
}

function listOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  return value === undefined || value === null ? [] : [value];
}
