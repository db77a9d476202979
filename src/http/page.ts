import { z } from "zod";
import { WeirError } from "../core/errors.ts";

/** How OpenAI's lists are asked for, part by part. */
export const PageQuery = z.looseObject({
  after: z.string().optional().describe("the id of the last item already seen"),
  limit: z.coerce.number().int().min(1).max(100).default(20),
  order: z.enum(["asc", "desc"]).default("desc"),
});
export type PageQuery = z.infer<typeof PageQuery>;

/** A part of a list, in OpenAI's form. */
export interface Page<T> {
  readonly object: "list";
  readonly data: readonly T[];
  readonly first_id: string | null;
  readonly last_id: string | null;
  readonly has_more: boolean;
}

/** The answer's schema of a list of such things. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({
    object: z.literal("list"),
    data: z.array(item),
    first_id: z.string().nullable(),
    last_id: z.string().nullable(),
    has_more: z.boolean(),
  });
}

/** The part of `items`, given oldest first, that a query asks for. Throws for an unknown `after`. */
export function toPage<T extends { readonly id: string }>(
  items: readonly T[],
  { after, limit, order }: PageQuery,
): Page<T> {
  const all = order === "asc" ? items : items.toReversed();
  const at = after === undefined ? -1 : all.findIndex(({ id }) => id === after);
  if (after !== undefined && at === -1) {
    throw new WeirError("invalid_request", `There is no item ${after} in this list.`, {
      param: "after",
    });
  }
  const data = all.slice(at + 1, at + 1 + limit);
  return {
    object: "list",
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: at + 1 + limit < all.length,
  };
}
