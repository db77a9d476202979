import type { Run } from "../core/run.ts";

/** The values of fields that occur in these runs, with how often, the most frequent first. */
export function countFacets(
  runs: Iterable<Run>,
  fields: readonly (keyof Run)[],
  limit: number,
): Record<string, { value: string; count: number }[]> {
  const counts = new Map(fields.map((field) => [field, new Map<string, number>()]));
  for (const run of runs) {
    for (const [field, values] of counts) count(values, run[field]);
  }
  return Object.fromEntries(
    Array.from(counts, ([field, values]) => [
      field,
      Array.from(values, ([value, count]) => ({ value, count }))
        .toSorted((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1))
        .slice(0, limit),
    ]),
  );
}

/** Each of several values counts. */
function count(values: Map<string, number>, value: unknown): void {
  for (const one of Array.isArray(value) ? (value as unknown[]) : [value]) {
    if (one === null) continue;
    const text = typeof one === "string" ? one : JSON.stringify(one);
    values.set(text, (values.get(text) ?? 0) + 1);
  }
}
