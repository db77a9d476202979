import type { Run } from "../core/run.ts";

/** The values of fields that occur in these runs, with how often, the most frequent first. */
export function countFacets(
  runs: Iterable<Run>,
  fields: readonly (keyof Run & string)[],
  limit: number,
): Record<string, { value: string; count: number }[]> {
  const counts = new Map(fields.map((field) => [field, new Map<string, number>()]));
  for (const run of runs) {
    for (const [field, values] of counts) {
      const value = run[field];
      for (const one of Array.isArray(value) ? value : [value]) {
        if (one !== null) values.set(String(one), (values.get(String(one)) ?? 0) + 1);
      }
    }
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
