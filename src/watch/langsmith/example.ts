import { z } from "zod";
import type { ShelfRecord } from "../../core/shelf.ts";
import { type Dataset, Fields, Id, isoTime } from "./dataset.ts";

/** An example: what clients say of it, what is kept, and how it is answered. */

const Split = z.union([z.string(), z.array(z.string())]);
const AttachmentChanges = z.object({
  rename: z.record(z.string(), z.string()).nullish(),
  retain: z.array(z.string()).nullish(),
});

export interface SentAttachment {
  readonly name: string;
  readonly mimeType: string;
  readonly bytes: Uint8Array;
}

/** What a new example is made of, however it came. */
export const NewExample = z.object({
  id: Id.nullish(),
  dataset_id: Id.nullish(),
  inputs: Fields.nullish(),
  outputs: Fields.nullish(),
  metadata: Fields.nullish(),
  split: Split.nullish(),
  name: z.string().nullish(),
  source_run_id: Id.nullish(),
  use_source_run_io: z.boolean().nullish(),
  use_source_run_attachments: z.array(z.string()).nullish(),
  created_at: z.string().nullish(),
});
export type NewExample = z.infer<typeof NewExample> & {
  readonly attachments?: readonly SentAttachment[];
};

/** Only what is named is changed. */
export const ExampleChange = z.object({
  id: Id.nullish(),
  dataset_id: Id.nullish(),
  inputs: Fields.nullish(),
  outputs: Fields.nullish(),
  metadata: Fields.nullish(),
  split: Split.nullish(),
  attachments_operations: AttachmentChanges.nullish(),
});
export type ExampleChange = z.infer<typeof ExampleChange> & {
  readonly attachments?: readonly SentAttachment[];
};

/** Bytes lie beside, under this id. */
interface KeptAttachment {
  readonly bytes_id: string;
  readonly mime_type: string;
}

/** What is kept of an example beside its id and its dataset. */
export interface ExampleValue {
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly outputs: Readonly<Record<string, unknown>> | null;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly name: string | null;
  readonly source_run_id: string | null;
  readonly attachments: Readonly<Record<string, KeptAttachment>>;
  readonly created_at: string;
  /** The version of the dataset in which it became so. */
  readonly from: number;
  /** The version in which it was changed or removed; null: it is so now. */
  readonly to: number | null;
}

export interface Example {
  readonly id: string;
  readonly datasetId: string;
  readonly version: number;
  readonly value: ExampleValue;
}

/** Of a record of examples, or of those that were: their ids end with the version. */
export function toExample({ id, parentId, version, value }: ShelfRecord): Example {
  return {
    id: id.split("@")[0] ?? id,
    datasetId: parentId ?? "",
    version,
    value: value as ExampleValue, // only this room writes them
  };
}

const SPLIT = "dataset_split";
const DEFAULT_SPLIT = "base";

export function splitsOf({ metadata }: Pick<ExampleValue, "metadata">): readonly string[] {
  const splits = metadata[SPLIT];
  if (typeof splits === "string") return [splits];
  return Array.isArray(splits) ? splits.filter((one) => typeof one === "string") : [];
}

type Split = z.infer<typeof Split> | null | undefined;

/** The metadata with its splits: those named, those in it, those before, or the one that all are in. */
export function withSplits(
  metadata: Readonly<Record<string, unknown>> | null | undefined,
  split: Split,
  before: readonly string[] = [],
): Record<string, unknown> {
  const named = typeof split === "string" ? [split] : split;
  const own = splitsOf({ metadata: metadata ?? {} });
  const kept = own.length > 0 ? own : before.length > 0 ? before : [DEFAULT_SPLIT];
  return { ...metadata, [SPLIT]: named ?? kept };
}

/** Answers that are asked for by name only. */
const ON_DEMAND = new Set(["attachment_urls"]);

export interface ExampleView {
  /** Fields to give beside the usual ones; absent: all. */
  readonly select?: readonly string[] | undefined;
  /** Only the selected ones. */
  readonly isExact?: boolean | undefined;
}

export function toWireExample(
  { id, value }: Example,
  dataset: Dataset,
  { select, isExact = false }: ExampleView = {},
): Record<string, unknown> {
  const whole: Record<string, unknown> = {
    id,
    dataset_id: dataset.id,
    name: value.name ?? `#${id.slice(0, 4)} @ ${dataset.name}`,
    inputs: value.inputs,
    outputs: value.outputs,
    metadata: value.metadata,
    source_run_id: value.source_run_id,
    created_at: value.created_at,
    modified_at: isoTime(value.from),
    attachment_urls: attachmentUrls(value),
  };
  if (!select) return whole;
  const wanted = Object.entries(whole).filter(
    ([key]) =>
      key === "id" ||
      key === "dataset_id" ||
      select.includes(key) ||
      (!isExact && !ON_DEMAND.has(key)),
  );
  return Object.fromEntries(wanted);
}

/** The ids are long and random: who has a link needs no key, as SDKs send none there. */
function attachmentUrls({ attachments }: ExampleValue) {
  const entries = Object.entries(attachments);
  if (entries.length === 0) return null;
  return Object.fromEntries(
    entries.map(([name, { bytes_id: id, mime_type }]) => [
      `attachment.${name}`,
      { presigned_url: `/api/v1/platform/attachments/${id}`, mime_type },
    ]),
  );
}
