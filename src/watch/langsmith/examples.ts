import { WeirError } from "../../core/errors.ts";
import type { ShelfWrite } from "../../core/shelf.ts";
import type { DataNeeds } from "./data-needs.ts";
import { type Dataset, checkFields, isoTime } from "./dataset.ts";
import { type Datasets, EXAMPLE, EXAMPLE_PAST } from "./datasets.ts";
import type { DatasetVersions } from "./dataset-versions.ts";
import {
  type Example,
  type ExampleChange,
  type ExampleValue,
  type NewExample,
  type SentAttachment,
  splitsOf,
  toExample,
  withSplits,
} from "./example.ts";
import { type ExampleQuery, isPlain, ordered, toTest } from "./example-query.ts";
import { timeOf } from "./wire-time.ts";

export interface Written {
  readonly ids: readonly string[];
  readonly at: number;
}

/** The examples of datasets. What a change replaces is kept, so that every version can be read. */
export class Examples {
  readonly #needs: DataNeeds;
  readonly #datasets: Datasets;
  readonly #versions: DatasetVersions;

  constructor(needs: DataNeeds, datasets: Datasets, versions: DatasetVersions) {
    this.#needs = needs;
    this.#datasets = datasets;
    this.#versions = versions;
  }

  async find(tenantId: string, id: string): Promise<Example> {
    const record = await this.#needs.shelf.get(EXAMPLE, id, tenantId);
    if (record) return toExample(record);
    throw new WeirError("not_found", `Example not found: there is none with the id ${id}.`, {
      param: "example_id",
    });
  }

  #putBytes(dataset: Dataset, sent: readonly SentAttachment[] = []) {
    const attachments: Record<string, ExampleValue["attachments"][string]> = {};
    const writes = sent.map(({ name, mimeType, bytes }): ShelfWrite => {
      const id = this.#needs.newId();
      attachments[name] = { bytes_id: id, mime_type: mimeType };
      const { tenantId, id: ownerId } = dataset;
      return { op: "put-bytes", tenantId, ownerId, id, mimeType, bytes };
    });
    return { attachments, writes };
  }

  async #newWrites(dataset: Dataset, sent: NewExample, at: number) {
    const id = sent.id ?? this.#needs.newId();
    const example = await withSource(this.#needs, dataset.tenantId, sent);
    if (!example.inputs) {
      throw new WeirError("invalid_request", `${id}.inputs: an example needs inputs.`, {
        param: "inputs",
      });
    }
    checkFields(dataset, "inputs", example.inputs, id);
    checkFields(dataset, "outputs", example.outputs, id);
    const { attachments, writes } = this.#putBytes(dataset, example.attachments);
    const value: ExampleValue = {
      inputs: example.inputs,
      outputs: example.outputs ?? null,
      metadata: withSplits(example.metadata, example.split),
      name: example.name ?? null,
      source_run_id: example.source_run_id ?? null,
      attachments,
      created_at: isoTime(timeOf(example.created_at) ?? at),
      from: at,
      to: null,
    };
    const { tenantId, id: parentId } = dataset;
    const put = { op: "put", kind: EXAMPLE, tenantId, id, parentId, value, at } as const;
    return { id, writes: [...writes, { ...put, ifVersion: 0 }] };
  }

  #changeWrites(dataset: Dataset, example: Example, change: ExampleChange, at: number) {
    const { id, value, version } = example;
    checkFields(dataset, "inputs", change.inputs, id);
    checkFields(dataset, "outputs", change.outputs, id);
    const added = this.#putBytes(dataset, change.attachments);
    const isAboutMetadata = Boolean(change.metadata ?? change.split);
    const next: ExampleValue = {
      ...value,
      ...(change.inputs && { inputs: change.inputs }),
      ...(change.outputs && { outputs: change.outputs }),
      ...(isAboutMetadata && {
        metadata: withSplits(change.metadata ?? value.metadata, change.split, splitsOf(value)),
      }),
      attachments: { ...keptAttachments(value, change), ...added.attachments },
      from: at,
    };
    const { tenantId, id: parentId } = dataset;
    const put = { op: "put", kind: EXAMPLE, tenantId, id, parentId, value: next, at } as const;
    return [...added.writes, pastOf(dataset, example, at), { ...put, ifVersion: version }];
  }

  async #ofDataset(dataset: Dataset, id: string): Promise<Example> {
    const example = await this.find(dataset.tenantId, id);
    if (example.datasetId === dataset.id) return example;
    throw new WeirError("not_found", `Example not found: ${id} is in another dataset.`, {
      param: "example_id",
    });
  }

  async #forget(tenantId: string, datasetId: string, gone: readonly Example[]) {
    const ids = new Set(gone.map(({ id }) => id));
    const dataset = await this.#datasets.find(tenantId, datasetId);
    const past = (await this.#versions.past(dataset)).filter(({ id }) => ids.has(id));
    const bytes = [...gone, ...past].flatMap(({ value }) => Object.values(value.attachments));
    await this.#needs.shelf.write([
      ...past.map(({ id, value }) => ({
        op: "remove" as const,
        kind: EXAMPLE_PAST,
        tenantId,
        id: `${id}@${value.from}`,
      })),
      ...bytes.map(({ bytes_id: id }) => ({
        op: "remove-bytes" as const,
        tenantId,
        ownerId: datasetId,
        id,
      })),
    ]);
  }

  async create(tenantId: string, datasetId: string, sent: readonly NewExample[]) {
    let ids: string[] = [];
    const at = await this.#datasets.change(tenantId, datasetId, async (dataset, time) => {
      const all = await Promise.all(sent.map((one) => this.#newWrites(dataset, one, time)));
      ids = all.map(({ id }) => id);
      return all.flatMap(({ writes }) => writes);
    });
    return { ids, at } satisfies Written;
  }

  async update(tenantId: string, datasetId: string, changes: readonly Identified[]) {
    const at = await this.#datasets.change(tenantId, datasetId, async (dataset, time) => {
      const found = await Promise.all(changes.map(({ id }) => this.#ofDataset(dataset, id)));
      return found.flatMap((example, index) =>
        this.#changeWrites(dataset, example, changes[index] ?? {}, time),
      );
    });
    return { ids: changes.map(({ id }) => id), at } satisfies Written;
  }

  /** Changes what `decide` gives a change for; those that are not there are named. */
  async revise(
    tenantId: string,
    datasetId: string,
    { ids, decide }: { ids: readonly string[]; decide: (value: ExampleValue) => ExampleChange },
  ) {
    let missing: string[] = [];
    await this.#datasets.change(tenantId, datasetId, async (dataset, time) => {
      const records = await this.#needs.shelf.list({
        kind: EXAMPLE,
        tenantId,
        parentId: datasetId,
        ids,
        limit: ids.length,
      });
      const found = records.map(toExample);
      missing = ids.filter((id) => !found.some((example) => example.id === id));
      return found.flatMap((example) =>
        this.#changeWrites(dataset, example, decide(example.value), time),
      );
    });
    return { missing };
  }

  /** Out of the dataset; `isHard` also out of its past. Those that are not there are left out. */
  async remove(tenantId: string, ids: readonly string[], isHard = false): Promise<number> {
    const records = await this.#needs.shelf.list({
      kind: EXAMPLE,
      tenantId,
      ids,
      limit: ids.length,
    });
    const found = records.map(toExample);
    for (const datasetId of new Set(found.map((one) => one.datasetId))) {
      const own = found.filter((one) => one.datasetId === datasetId);
      await this.#datasets.change(tenantId, datasetId, async (dataset, at) =>
        own.flatMap((example): ShelfWrite[] => [
          ...(isHard ? [] : [pastOf(dataset, example, at)]),
          { op: "remove", kind: EXAMPLE, tenantId, id: example.id },
        ]),
      );
      if (isHard) await this.#forget(tenantId, datasetId, own);
    }
    return found.length;
  }

  async list(dataset: Dataset, query: ExampleQuery): Promise<Example[]> {
    const at = await this.#versions.moment(dataset, query.asOf);
    const { limit, offset } = query;
    if (at === undefined && isPlain(query)) {
      const { tenantId, id: parentId } = dataset;
      const { ids } = query;
      const where = { kind: EXAMPLE, tenantId, parentId, ids, limit, offset };
      return (await this.#needs.shelf.list(where)).map(toExample);
    }
    const all = (await this.#versions.examplesAt(dataset, at)).filter(toTest(query));
    return ordered(all, query.order).slice(offset, offset + limit);
  }

  async count(dataset: Dataset, query: Omit<ExampleQuery, "limit" | "offset">): Promise<number> {
    const at = await this.#versions.moment(dataset, query.asOf);
    if (at === undefined && isPlain(query)) {
      const { tenantId, id: parentId } = dataset;
      return this.#needs.shelf.count({ kind: EXAMPLE, tenantId, parentId, ids: query.ids });
    }
    return (await this.#versions.examplesAt(dataset, at)).filter(toTest(query)).length;
  }

  async splits(dataset: Dataset, asOf: string | undefined): Promise<string[]> {
    const all = await this.#versions.examplesAt(
      dataset,
      await this.#versions.moment(dataset, asOf),
    );
    return [...new Set(all.flatMap(({ value }) => splitsOf(value)))].toSorted();
  }
}

type Identified = ExampleChange & { readonly id: string };

/** What an example was until this version. */
function pastOf({ tenantId, id: parentId }: Dataset, { id, value }: Example, at: number) {
  return {
    op: "put",
    kind: EXAMPLE_PAST,
    tenantId,
    id: `${id}@${value.from}`,
    parentId,
    value: { ...value, to: at },
    at: value.from,
  } satisfies ShelfWrite;
}

/** Inputs, outputs and attachments of the run that an example is made of, where that is asked for. */
async function withSource({ traces }: DataNeeds, tenantId: string, sent: NewExample) {
  const { source_run_id: runId, use_source_run_io: usesIo, use_source_run_attachments } = sent;
  const names = use_source_run_attachments ?? [];
  if (!runId || (!usesIo && names.length === 0)) return sent;
  const [kept] = await traces.find([runId], tenantId);
  if (!kept) {
    throw new WeirError("not_found", `source_run_id: there is no run ${runId}.`, {
      param: "source_run_id",
    });
  }
  const attachments = await Promise.all(
    names.map(async (name) => {
      const found = await traces.attachment(runId, name);
      if (found) return { name, ...found };
      throw new WeirError("not_found", `use_source_run_attachments: the run has no "${name}".`, {
        param: "use_source_run_attachments",
      });
    }),
  );
  const { inputs, outputs } = kept.payload;
  return {
    ...sent,
    ...(usesIo && { inputs: fieldsOf(inputs) ?? {}, outputs: fieldsOf(outputs) ?? null }),
    attachments: [...attachments, ...(sent.attachments ?? [])],
  };
}

function fieldsOf(value: unknown): Record<string, unknown> | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return value as Record<string, unknown>; // an object, as seen above
}

/** Without a word about them all stay; with one, only those that are retained or renamed. */
function keptAttachments(value: ExampleValue, { attachments_operations: wish }: ExampleChange) {
  if (!wish) return value.attachments;
  const { rename, retain } = wish;
  return Object.fromEntries(
    Object.entries(value.attachments).flatMap(([name, kept]) => {
      const other = rename?.[name];
      if (other !== undefined) return [[other, kept]];
      return retain?.includes(name) ? [[name, kept]] : [];
    }),
  );
}
