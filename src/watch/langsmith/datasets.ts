import { WeirError } from "../../core/errors.ts";
import type { ShelfQuery, ShelfWrite } from "../../core/shelf.ts";
import type { DataNeeds } from "./data-needs.ts";
import {
  DATASET,
  type Dataset,
  type DatasetChange,
  type DatasetCounts,
  type NewDataset,
  changedValue,
  toDataset,
  toValue,
} from "./dataset.ts";
import { createTurns } from "./in-turn.ts";

export const EXAMPLE = "example";
/** What examples were before: so that older versions can be read. */
export const EXAMPLE_PAST = "example-past";
export const VERSION = "dataset-version";
export const VERSION_TAG = "dataset-tag";

/** Each conflict means that another replica went on: so many in a row come to an end. */
const CONFLICT_TRIES = 100;
const MANY = 10_000;

export interface DatasetQuery extends Omit<ShelfQuery, "kind" | "parentId"> {
  readonly tenantId: string;
  readonly dataTypes?: readonly string[] | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  readonly sortBy?: string | undefined;
  readonly isAscending?: boolean | undefined;
  readonly limit: number;
  readonly offset?: number | undefined;
}

/** Datasets, and the order in which their examples change: each change is a version. */
export class Datasets {
  readonly #needs: DataNeeds;
  readonly #inTurn = createTurns();

  constructor(needs: DataNeeds) {
    this.#needs = needs;
  }

  async find(tenantId: string, id: string): Promise<Dataset> {
    const record = await this.#needs.shelf.get(DATASET, id, tenantId);
    if (record) return toDataset(record);
    throw new WeirError("not_found", `Dataset not found: there is none with the id ${id}.`, {
      param: "dataset_id",
    });
  }

  async #attempt(tenantId: string, id: string, decide: Decide): Promise<number> {
    const dataset = await this.find(tenantId, id);
    const at = Math.max(this.#needs.now(), dataset.value.as_of + 1);
    const writes = await decide(dataset, at);
    if (writes.length === 0) return dataset.value.as_of;
    const value = { ...dataset.value, as_of: at };
    const { name, version } = dataset;
    const put = { op: "put", tenantId, at } as const;
    await this.#needs.shelf.write([
      { ...put, kind: DATASET, id, name, value, ifVersion: version },
      { ...put, kind: VERSION, id: `${id}@${at}`, parentId: id, value: { at } },
      ...writes,
    ]);
    return at;
  }

  async create(tenantId: string, sent: NewDataset): Promise<Dataset> {
    const at = this.#needs.now();
    const id = sent.id ?? this.#needs.newId();
    const value = toValue(sent, at);
    const put = { op: "put", tenantId, at } as const;
    await this.#needs.shelf.write([
      { ...put, kind: DATASET, id, name: sent.name, value, ifVersion: 0 },
      { ...put, kind: VERSION, id: `${id}@${at}`, parentId: id, value: { at } },
    ]);
    return this.find(tenantId, id);
  }

  async list(query: DatasetQuery): Promise<Dataset[]> {
    const { dataTypes, metadata, sortBy, isAscending, limit, offset = 0, ...where } = query;
    const isPlain = !dataTypes && !metadata && (!sortBy || sortBy === "created_at");
    if (isPlain && !isAscending) {
      return (await this.#needs.shelf.list({ ...where, kind: DATASET, limit, offset })).map(
        toDataset,
      );
    }
    const all = (await this.#needs.shelf.list({ ...where, kind: DATASET, limit: MANY })).map(
      toDataset,
    );
    const found = all.filter(
      ({ value }) =>
        (!dataTypes || dataTypes.includes(value.data_type)) &&
        (!metadata || includesAll(value.metadata, metadata)),
    );
    const sorted = found.toSorted(byColumn(sortBy));
    return (isAscending ? sorted : sorted.toReversed()).slice(offset, offset + limit);
  }

  async update(tenantId: string, id: string, change: DatasetChange): Promise<Dataset> {
    return this.#inTurn(id, async () => {
      const { name, value, version } = await this.find(tenantId, id);
      await this.#needs.shelf.write([
        {
          op: "put",
          kind: DATASET,
          tenantId,
          id,
          name: change.name ?? name,
          value: changedValue(value, change),
          at: this.#needs.now(),
          ifVersion: version,
        },
      ]);
      return this.find(tenantId, id);
    });
  }

  /** With its examples, their bytes and its share link. */
  async remove(tenantId: string, id: string): Promise<void> {
    await this.find(tenantId, id);
    const under = [EXAMPLE, EXAMPLE_PAST, VERSION, VERSION_TAG, "comparative"].map(
      (kind): ShelfWrite => ({ op: "remove-under", kind, tenantId, parentId: id }),
    );
    await this.#needs.shelf.write([
      { op: "remove", kind: DATASET, tenantId, id },
      { op: "remove-under", kind: "share", tenantId, parentId: id },
      { op: "remove-bytes", tenantId, ownerId: id },
      ...under,
    ]);
  }

  /**
   * Changes a dataset's examples: what `decide` gives is written as the version `at`, all of it or
   * nothing. Gives the version. Decided anew where another replica was quicker.
   */
  async change(tenantId: string, id: string, decide: Decide): Promise<number> {
    return this.#inTurn(id, async () => {
      for (let tries = 1; ; tries += 1) {
        const before = await this.find(tenantId, id);
        try {
          return await this.#attempt(tenantId, id, decide);
        } catch (cause) {
          const isConflict = cause instanceof WeirError && cause.code === "conflict";
          if (!isConflict || tries === CONFLICT_TRIES) throw cause;
          // The same version still: the clash is one of the examples' own, as an id twice.
          if ((await this.find(tenantId, id)).version === before.version) throw cause;
        }
      }
    });
  }

  /** How many examples and experiments each has, in the order of the datasets. */
  async counts(tenantId: string, datasets: readonly Dataset[]): Promise<DatasetCounts[]> {
    if (datasets.length === 0) return [];
    const referenceDatasetIds = datasets.map(({ id }) => id);
    const sessions = await this.#needs.traces.projects({
      tenantId,
      referenceDatasetIds,
      limit: MANY,
    });
    return Promise.all(
      datasets.map(async ({ id }) => {
        const own = sessions.filter(({ referenceDatasetId }) => referenceDatasetId === id);
        const starts = own.map(({ startAt }) => startAt);
        return {
          examples: await this.#needs.shelf.count({ kind: EXAMPLE, tenantId, parentId: id }),
          sessions: own.length,
          lastSessionAt: starts.length === 0 ? null : Math.max(...starts),
        };
      }),
    );
  }
}

/** The writes of a change; none leaves everything as it is. */
type Decide = (dataset: Dataset, at: number) => Promise<readonly ShelfWrite[]>;

/** Whether every field that is asked for is there, objects within objects likewise. */
export function includesAll(value: unknown, wanted: unknown): boolean {
  if (typeof wanted !== "object" || wanted === null) return value === wanted;
  if (Array.isArray(wanted)) {
    return (
      Array.isArray(value) && wanted.every((one) => value.some((own) => includesAll(own, one)))
    );
  }
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(wanted).every(
    ([key, one]) => includesAll((value as Record<string, unknown>)[key], one), // an object, as seen above
  );
}

function byColumn(column: string | undefined): (a: Dataset, b: Dataset) => number {
  if (column === "name") return (a, b) => (a.name < b.name ? -1 : 1);
  if (column === "modified_at") return (a, b) => a.modifiedAt - b.modifiedAt;
  return (a, b) => a.createdAt - b.createdAt;
}
