import { WeirError } from "../../core/errors.ts";
import type { ShelfWrite } from "../../core/shelf.ts";
import type { DataNeeds } from "./data-needs.ts";
import { type Dataset, checkFields, isoTime } from "./dataset.ts";
import { type Datasets, EXAMPLE, EXAMPLE_PAST, includesAll } from "./datasets.ts";
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
import type { ExampleFilter } from "./example-filter.ts";
import { timeOf } from "./wire-time.ts";

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

export interface Written {
  readonly ids: readonly string[];
  readonly at: number;
}

export type Examples = ReturnType<typeof createExamples>;

/** The examples of datasets. What a change replaces is kept, so that every version can be read. */
export function createExamples(needs: DataNeeds, datasets: Datasets, versions: DatasetVersions) {
  const { shelf, newId } = needs;

  async function find(tenantId: string, id: string): Promise<Example> {
    const record = await shelf.get(EXAMPLE, id, tenantId);
    if (record) return toExample(record);
    throw new WeirError("not_found", `Example not found: there is none with the id ${id}.`, {
      param: "example_id",
    });
  }

  function putBytes(dataset: Dataset, sent: readonly SentAttachment[] = []) {
    const attachments: Record<string, ExampleValue["attachments"][string]> = {};
    const writes = sent.map(({ name, mimeType, bytes }): ShelfWrite => {
      const id = newId();
      attachments[name] = { bytes_id: id, mime_type: mimeType };
      const { tenantId, id: ownerId } = dataset;
      return { op: "put-bytes", tenantId, ownerId, id, mimeType, bytes };
    });
    return { attachments, writes };
  }

  async function newWrites(dataset: Dataset, sent: NewExample, at: number) {
    const id = sent.id ?? newId();
    const example = await withSource(needs, dataset.tenantId, sent);
    if (!example.inputs) {
      throw new WeirError("invalid_request", `${id}.inputs: an example needs inputs.`, {
        param: "inputs",
      });
    }
    checkFields(dataset, "inputs", example.inputs, id);
    checkFields(dataset, "outputs", example.outputs, id);
    const { attachments, writes } = putBytes(dataset, example.attachments);
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

  function changeWrites(dataset: Dataset, example: Example, change: ExampleChange, at: number) {
    const { id, value, version } = example;
    checkFields(dataset, "inputs", change.inputs, id);
    checkFields(dataset, "outputs", change.outputs, id);
    const added = putBytes(dataset, change.attachments);
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

  return {
    find,
    async create(tenantId: string, datasetId: string, sent: readonly NewExample[]) {
      let ids: string[] = [];
      const at = await datasets.change(tenantId, datasetId, async (dataset, time) => {
        const all = await Promise.all(sent.map((one) => newWrites(dataset, one, time)));
        ids = all.map(({ id }) => id);
        return all.flatMap(({ writes }) => writes);
      });
      return { ids, at } satisfies Written;
    },
    async update(tenantId: string, datasetId: string, changes: readonly Identified[]) {
      const at = await datasets.change(tenantId, datasetId, async (dataset, time) => {
        const found = await Promise.all(changes.map(({ id }) => ofDataset(dataset, id)));
        return found.flatMap((example, index) =>
          changeWrites(dataset, example, changes[index] ?? {}, time),
        );
      });
      return { ids: changes.map(({ id }) => id), at } satisfies Written;
    },
    /** Changes what `decide` gives a change for; those that are not there are named. */
    async revise(
      tenantId: string,
      datasetId: string,
      { ids, decide }: { ids: readonly string[]; decide: (value: ExampleValue) => ExampleChange },
    ) {
      let missing: string[] = [];
      await datasets.change(tenantId, datasetId, async (dataset, time) => {
        const records = await shelf.list({
          kind: EXAMPLE,
          tenantId,
          parentId: datasetId,
          ids,
          limit: ids.length,
        });
        const found = records.map(toExample);
        missing = ids.filter((id) => !found.some((example) => example.id === id));
        return found.flatMap((example) =>
          changeWrites(dataset, example, decide(example.value), time),
        );
      });
      return { missing };
    },
    /** Out of the dataset; `isHard` also out of its past. Those that are not there are left out. */
    async remove(tenantId: string, ids: readonly string[], isHard = false): Promise<number> {
      const records = await shelf.list({ kind: EXAMPLE, tenantId, ids, limit: ids.length });
      const found = records.map(toExample);
      for (const datasetId of new Set(found.map((one) => one.datasetId))) {
        const own = found.filter((one) => one.datasetId === datasetId);
        await datasets.change(tenantId, datasetId, async (dataset, at) =>
          own.flatMap((example): ShelfWrite[] => [
            ...(isHard ? [] : [pastOf(dataset, example, at)]),
            { op: "remove", kind: EXAMPLE, tenantId, id: example.id },
          ]),
        );
        if (isHard) await forget(tenantId, datasetId, own);
      }
      return found.length;
    },
    async list(dataset: Dataset, query: ExampleQuery): Promise<Example[]> {
      const at = await versions.moment(dataset, query.asOf);
      const { limit, offset } = query;
      if (at === undefined && isPlain(query)) {
        const { tenantId, id: parentId } = dataset;
        const { ids } = query;
        const where = { kind: EXAMPLE, tenantId, parentId, ids, limit, offset };
        return (await shelf.list(where)).map(toExample);
      }
      const all = (await versions.examplesAt(dataset, at)).filter(toTest(query));
      return ordered(all, query.order).slice(offset, offset + limit);
    },
    async count(dataset: Dataset, query: Omit<ExampleQuery, "limit" | "offset">): Promise<number> {
      const at = await versions.moment(dataset, query.asOf);
      if (at === undefined && isPlain(query)) {
        const { tenantId, id: parentId } = dataset;
        return shelf.count({ kind: EXAMPLE, tenantId, parentId, ids: query.ids });
      }
      return (await versions.examplesAt(dataset, at)).filter(toTest(query)).length;
    },
    async splits(dataset: Dataset, asOf: string | undefined): Promise<string[]> {
      const all = await versions.examplesAt(dataset, await versions.moment(dataset, asOf));
      return [...new Set(all.flatMap(({ value }) => splitsOf(value)))].toSorted();
    },
  };

  async function ofDataset(dataset: Dataset, id: string): Promise<Example> {
    const example = await find(dataset.tenantId, id);
    if (example.datasetId === dataset.id) return example;
    throw new WeirError("not_found", `Example not found: ${id} is in another dataset.`, {
      param: "example_id",
    });
  }

  async function forget(tenantId: string, datasetId: string, gone: readonly Example[]) {
    const ids = new Set(gone.map(({ id }) => id));
    const dataset = await datasets.find(tenantId, datasetId);
    const past = (await versions.past(dataset)).filter(({ id }) => ids.has(id));
    const bytes = [...gone, ...past].flatMap(({ value }) => Object.values(value.attachments));
    await shelf.write([
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

function isPlain({
  splits,
  metadata,
  filter,
  fullText,
  order,
}: Omit<ExampleQuery, "limit" | "offset">) {
  return !splits && !metadata && !filter && !fullText && (!order || order === "recent");
}

function toTest({
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

function ordered(examples: readonly Example[], order: ExampleQuery["order"]): readonly Example[] {
  if (order === "id") return examples.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  // By a hash-like mix of the id: the same shuffle for each page.
  if (order === "random") {
    const mixed = (id: string) => [...id].toReversed().join("");
    return examples.toSorted((a, b) => (mixed(a.id) < mixed(b.id) ? -1 : 1));
  }
  return examples;
}
