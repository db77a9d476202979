import { z } from "zod";
import { WeirError } from "../../core/errors.ts";
import type { ShelfRecord } from "../../core/shelf.ts";
import type { DataNeeds } from "./data-needs.ts";
import { Id, isoTime } from "./dataset.ts";
import { createTurns } from "./in-turn.ts";
import { canonicalJson } from "./prompt.ts";
import { tenantUuid } from "./uuid.ts";

const KIND = "feedback-config";
const MANY = 10_000;

const Category = z.object({ value: z.number(), label: z.string().nullish() });
const Config = z
  .looseObject({
    type: z.enum(["continuous", "categorical", "freeform"]),
    min: z.number().nullish(),
    max: z.number().nullish(),
    categories: z.array(Category).max(1000).nullish(),
    allows_multiple_categories: z.boolean().nullish(),
  })
  .refine(({ min, max }) => (min ?? -Infinity) <= (max ?? Infinity), {
    path: ["max"],
    message: "must not be below min",
  })
  .refine(({ type, categories }) => type !== "categorical" || (categories?.length ?? 0) >= 2, {
    path: ["categories"],
    message: "a categorical config needs at least two",
  })
  .refine(({ categories }) => areDifferent(categories ?? []), {
    path: ["categories"],
    message: "values and labels must not occur twice",
  });
const Key = z.string().min(1).max(256);

export const NewFeedbackConfig = z.object({
  feedback_key: Key,
  feedback_config: Config,
  is_lower_score_better: z.boolean().nullish(),
  is_enforced: z.boolean().nullish(),
});
export const FeedbackConfigChange = z.object({
  feedback_key: Key,
  id: Id.nullish(),
  feedback_config: Config.nullish(),
  is_lower_score_better: z.boolean().nullish(),
  add_categories: z.array(Category).nullish(),
  remove_categories: z.array(z.number()).nullish(),
});

type Value = z.infer<typeof NewFeedbackConfig>;

export interface FeedbackConfigQuery {
  readonly keys?: readonly string[] | undefined;
  readonly nameContains?: string | undefined;
  readonly isEnforced?: boolean | undefined;
  readonly limit: number;
  readonly offset: number;
}

/** What the scores of a key may be: one config for each key. */
export class FeedbackConfigs {
  readonly #needs: DataNeeds;
  readonly #inTurn = createTurns();

  constructor(needs: DataNeeds) {
    this.#needs = needs;
  }

  /** The same once more is no conflict; another one for the key is. */
  async create(tenantId: string, sent: Value) {
    const { shelf, now, newId } = this.#needs;
    const name = sent.feedback_key;
    const before = await this.#byKey(tenantId, name);
    if (before) {
      const { feedback_config: kept } = before.value as Value; // only this class writes them
      if (canonicalJson(kept) === canonicalJson(sent.feedback_config)) return toWire(before);
      throw new WeirError(
        "conflict",
        `feedback_key: "${name}" has another config already. Change that one instead.`,
        { param: "feedback_key" },
      );
    }
    const put = { op: "put", kind: KIND, tenantId, id: newId(), name, value: sent } as const;
    await shelf.write([{ ...put, at: now(), ifVersion: 0 }]);
    return toWire(await this.#find(tenantId, name));
  }

  async list(tenantId: string, query: FeedbackConfigQuery) {
    const { nameContains, keys, isEnforced, limit, offset } = query;
    const all = await this.#needs.shelf.list({
      kind: KIND,
      tenantId,
      nameContains,
      order: "name",
      limit: MANY,
    });
    const found = all.filter(
      ({ name, value }) =>
        (!keys || keys.includes(name ?? "")) &&
        (isEnforced === undefined || ((value as Value).is_enforced ?? false) === isEnforced),
    );
    return found.slice(offset, offset + limit).map(toWire);
  }

  async update(tenantId: string, change: z.infer<typeof FeedbackConfigChange>) {
    const key = change.feedback_key;
    return this.#inTurn(`${tenantId}/${key}`, async () => {
      const record = await this.#find(tenantId, key);
      if (change.id && change.id !== record.id) throw notThere("id", change.id);
      const value = changed(record.value as Value, change); // only this class writes them
      const { shelf, now } = this.#needs;
      const put = { op: "put", kind: KIND, tenantId, id: record.id, name: key, value } as const;
      await shelf.write([{ ...put, at: now(), ifVersion: record.version }]);
      return toWire(await this.#find(tenantId, key));
    });
  }

  /** By key, or by id. */
  async remove(tenantId: string, { key, id }: { key?: string; id?: string }): Promise<void> {
    const { shelf } = this.#needs;
    const found =
      id === undefined
        ? await this.#find(tenantId, key ?? "")
        : await shelf.get(KIND, id, tenantId);
    if (!found) throw notThere("id", id ?? "");
    await shelf.write([{ op: "remove", kind: KIND, tenantId, id: found.id }]);
  }

  /** A queue's rubric with the config that each of its keys has. */
  async withConfigs<T extends { readonly feedback_key: string }>(
    tenantId: string,
    items: readonly T[],
  ) {
    return Promise.all(
      items.map(async (item) => {
        const record = await this.#byKey(tenantId, item.feedback_key);
        return {
          ...item,
          feedback_config: record ? toWire(record) : null,
          feedback_config_id: record?.id ?? null,
        };
      }),
    );
  }

  async #byKey(tenantId: string, name: string): Promise<ShelfRecord | undefined> {
    return (await this.#needs.shelf.list({ kind: KIND, tenantId, name, limit: 1 }))[0];
  }

  async #find(tenantId: string, key: string): Promise<ShelfRecord> {
    const record = await this.#byKey(tenantId, key);
    if (record) return record;
    throw notThere("feedback_key", key);
  }
}

function changed(value: Value, change: z.infer<typeof FeedbackConfigChange>): Value {
  const { feedback_config: config, add_categories, remove_categories } = change;
  const base = config ?? value.feedback_config;
  const categories = [
    ...(base.categories ?? []).filter((one) => !remove_categories?.includes(one.value)),
    ...(add_categories ?? []),
  ];
  const isAboutCategories = add_categories ?? remove_categories;
  const next = isAboutCategories ? { ...base, categories } : base;
  const checked = Config.safeParse(next);
  if (!checked.success) {
    const field = add_categories ? "add_categories" : "remove_categories";
    throw new WeirError("invalid_request", `${field}: ${checked.error.issues[0]?.message}.`, {
      param: field,
    });
  }
  return {
    ...value,
    feedback_config: checked.data,
    is_lower_score_better: change.is_lower_score_better ?? value.is_lower_score_better,
  };
}

function areDifferent(categories: readonly z.infer<typeof Category>[]): boolean {
  const values = new Set(categories.map(({ value }) => value));
  const labels = categories.flatMap(({ label }) => label ?? []);
  return values.size === categories.length && new Set(labels).size === labels.length;
}

function notThere(field: string, what: string): WeirError {
  const said = what.slice(0, 80);
  return new WeirError("not_found", `${field}: there is no feedback config "${said}".`, {
    param: field,
  });
}

function toWire({ id, tenantId, value, modifiedAt }: ShelfRecord) {
  const { feedback_key, feedback_config, is_lower_score_better, is_enforced } = value as Value; // only this class writes them
  return {
    id,
    tenant_id: tenantUuid(tenantId),
    feedback_key,
    feedback_config,
    is_lower_score_better: is_lower_score_better ?? null,
    is_enforced: is_enforced ?? false,
    is_first: true,
    is_deleted: false,
    modified_at: isoTime(modifiedAt),
  };
}
