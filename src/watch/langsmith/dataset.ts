import { z } from "zod";
import { WeirError, messageOf } from "../../core/errors.ts";
import type { ShelfRecord } from "../../core/shelf.ts";
import { tenantUuid, uuidOf } from "./uuid.ts";

/** A dataset: what clients say of it, what is kept, and how it is answered. */

export const DATASET = "dataset";

export const Id = z.string().transform((text, context) => {
  const id = uuidOf(text);
  if (id !== undefined) return id;
  context.addIssue({ code: "custom", message: "must be a UUID" });
  return z.NEVER;
});
export const Fields = z.record(z.string(), z.unknown());

const JsonSchema = Fields.superRefine((schema, context) => {
  try {
    z.fromJSONSchema(schema);
  } catch (cause) {
    context.addIssue({
      code: "custom",
      message: `is no JSON schema that Weir can check: ${messageOf(cause)}`,
    });
  }
});
const Transformation = z.object({
  path: z.array(z.string()),
  transformation_type: z.enum([
    "convert_to_openai_message",
    "convert_to_openai_tool",
    "remove_system_messages",
    "remove_extra_fields",
    "extract_tools_from_run",
  ]),
});
const Changeable = {
  description: z.string().nullish(),
  inputs_schema_definition: JsonSchema.nullish(),
  outputs_schema_definition: JsonSchema.nullish(),
  transformations: z.array(Transformation).nullish(),
  metadata: Fields.nullish(),
  baseline_experiment_id: Id.nullish(),
  extra: Fields.nullish(),
};
export const Name = z
  .string()
  .trim()
  .min(1, "must not be empty")
  .max(1000)
  .regex(/^[^\0]*$/);

/** What POST /datasets takes; fields it does not know are left out. */
export const NewDataset = z.object({
  ...Changeable,
  id: Id.nullish(),
  name: Name,
  data_type: z.enum(["kv", "llm", "chat"]).nullish(),
  externally_managed: z.boolean().nullish(),
});
export type NewDataset = z.infer<typeof NewDataset>;

/** What PATCH /datasets/{id} takes: only what is named is changed. */
export const DatasetChange = z.object({ ...Changeable, name: Name.nullish() });
export type DatasetChange = z.infer<typeof DatasetChange>;

/** What is kept of a dataset beside id, name and times. */
export interface DatasetValue {
  readonly description: string | null;
  readonly data_type: "kv" | "llm" | "chat";
  readonly inputs_schema_definition: Readonly<Record<string, unknown>> | null;
  readonly outputs_schema_definition: Readonly<Record<string, unknown>> | null;
  readonly transformations: readonly z.infer<typeof Transformation>[] | null;
  readonly metadata: Readonly<Record<string, unknown>> | null;
  readonly baseline_experiment_id: string | null;
  readonly externally_managed: boolean;
  readonly extra: Readonly<Record<string, unknown>>;
  /** When its examples last changed: its newest version. */
  readonly as_of: number;
}

/** A dataset's record, its value known for what it is. */
export interface Dataset extends ShelfRecord {
  readonly name: string;
  readonly value: DatasetValue;
}

export const toDataset = (record: ShelfRecord): Dataset => record as Dataset; // only this room writes them

export function toValue(sent: NewDataset, at: number): DatasetValue {
  const { extra, metadata } = sent;
  return {
    description: sent.description ?? null,
    data_type: sent.data_type ?? "kv",
    inputs_schema_definition: sent.inputs_schema_definition ?? null,
    outputs_schema_definition: sent.outputs_schema_definition ?? null,
    transformations: sent.transformations ?? null,
    metadata: metadata ?? (extra?.["metadata"] as DatasetValue["metadata"] | undefined) ?? null, // the SDK's way
    baseline_experiment_id: sent.baseline_experiment_id ?? null,
    externally_managed: sent.externally_managed ?? false,
    extra: extra ?? {},
    as_of: at,
  };
}

/** The value after a change. Null clears a field; what is not named stays. */
export function changedValue(value: DatasetValue, change: DatasetChange): DatasetValue {
  const { name: _, extra, ...rest } = change;
  const named = Object.entries(rest).filter(([, field]) => field !== undefined);
  return { ...value, ...Object.fromEntries(named), ...(extra && { extra }) };
}

export interface DatasetCounts {
  readonly examples: number;
  readonly sessions: number;
  readonly lastSessionAt: number | null;
}

export function toWireDataset(
  { id, tenantId, name, value, createdAt, modifiedAt }: Dataset,
  counts: DatasetCounts,
) {
  const { as_of: _, ...rest } = value;
  return {
    id,
    tenant_id: tenantUuid(tenantId),
    name,
    ...rest,
    created_at: isoTime(createdAt),
    modified_at: isoTime(modifiedAt),
    example_count: counts.examples,
    session_count: counts.sessions,
    last_session_start_time: counts.lastSessionAt === null ? null : isoTime(counts.lastSessionAt),
  };
}

/** Datasets' times have a zone, unlike runs': clients compare them with their own. */
export const isoTime = (at: number): string => new Date(at).toISOString();

/** Throws invalid_request, naming example and field, when inputs or outputs do not fit the dataset's schemas. */
export function checkFields(
  { value }: Dataset,
  part: "inputs" | "outputs",
  fields: unknown,
  place: string,
): void {
  const schema = value[`${part}_schema_definition`];
  if (!schema || fields === null || fields === undefined) return;
  const { error } = z.fromJSONSchema(schema).safeParse(fields);
  const issue = error?.issues[0];
  if (!issue) return;
  const field = [place, part, ...issue.path.map(String)].join(".");
  throw new WeirError(
    "invalid_request",
    `${field}: ${issue.message}. The dataset's ${part} schema asks for it.`,
    { param: field, status: 422 },
  );
}
