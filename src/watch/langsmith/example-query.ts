import { includesAll } from "./datasets.ts";
import { type Example, type ExampleValue, splitsOf } from "./example.ts";
import type { ExampleFilter } from "./example-filter.ts";

export interface ExampleQuery {
  readonly ids?: readonly string[] | undefined;
  /** A version's time or tag. */
  readonly asOf?: string | undefined;
  /** In any of these. */
  readonly splits?: readonly string[] | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  readonly fullText?: readonly string[] | undefined;
  readonly filter?: ExampleFilter | undefined;
  readonly order?: "recent" | "random" | "id" | undefined;
  readonly limit: number;
  readonly offset: number;
}

/** Whether the shelf alone can answer it. */
export function isPlain({
  splits,
  metadata,
  filter,
  fullText,
  order,
}: Omit<ExampleQuery, "limit" | "offset">) {
  return !splits && !metadata && !filter && !fullText && (!order || order === "recent");
}

/** Whether an example is meant. */
export function toTest({
  ids,
  splits,
  metadata,
  filter,
  fullText,
}: Omit<ExampleQuery, "limit" | "offset">) {
  const words = fullText?.map((word) => word.toLowerCase());
  return (example: Example): boolean => {
    const { id, value } = example;
    return (
      (!ids || ids.includes(id)) &&
      (!splits || splitsOf(value).some((split) => splits.includes(split))) &&
      (!metadata || includesAll(value.metadata, metadata)) &&
      (!words || containsAll(value, words)) &&
      (!filter || filter(example))
    );
  };
}

function containsAll({ inputs, outputs }: ExampleValue, words: readonly string[]): boolean {
  const text = JSON.stringify([inputs, outputs]).toLowerCase();
  return words.every((word) => text.includes(word));
}

export function ordered(
  examples: readonly Example[],
  order: ExampleQuery["order"],
): readonly Example[] {
  if (order === "id") return examples.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  // By the end of the id, which is random: the same shuffle for each page.
  if (order === "random") {
    const mixed = (id: string) => id.slice(-12);
    return examples.toSorted((a, b) => (mixed(a.id) < mixed(b.id) ? -1 : 1));
  }
  return examples;
}
