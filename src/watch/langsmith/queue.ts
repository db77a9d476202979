import { z } from "zod";
import type { ShelfRecord } from "../../core/shelf.ts";
import { Fields, Id, Name, isoTime } from "./dataset.ts";
import { tenantUuid } from "./uuid.ts";

/** An annotation queue and what waits in it for review. */

export const QUEUE = "queue";
export const QUEUE_ITEM = "queue-item";

const RubricItem = z.looseObject({ feedback_key: z.string().min(1).max(256) });
const Changeable = {
  description: z.string().nullish(),
  default_dataset: Id.nullish(),
  num_reviewers_per_item: z.int().min(1).max(100).nullish(),
  enable_reservations: z.boolean().nullish(),
  reservation_minutes: z.int().min(1).max(10_080).nullish(),
  reviewer_access_mode: z.enum(["any", "assigned"]).nullish(),
  rubric_instructions: z.string().nullish(),
  rubric_items: z.array(RubricItem).max(100).nullish(),
  metadata: Fields.nullish(),
};
export const NewQueue = z.object({
  ...Changeable,
  id: Id.nullish(),
  name: Name,
  session_ids: z.array(Id).nullish(),
});
export type NewQueue = z.infer<typeof NewQueue>;
export const QueueChange = z.object({ ...Changeable, name: Name.nullish() });
export type QueueChange = z.infer<typeof QueueChange>;

export type QueueValue = Omit<z.infer<typeof QueueChange>, "name">;
export interface Queue extends ShelfRecord {
  readonly value: QueueValue & { readonly name: string };
}
export const toQueue = (record: ShelfRecord): Queue => record as Queue; // only this room writes them

/** The states of an item for one reviewer. SDKs call the last one `completed`, or `archived`. */
export const STATES = ["needs_my_review", "needs_others_review", "completed"] as const;
export type State = (typeof STATES)[number];

export const NewItem = z
  .object({
    item_type: z.enum(["RUN", "THREAD"]).nullish(),
    run_id: Id.nullish(),
    thread_id: z.string().max(1000).nullish(),
    project_id: Id.nullish(),
    session_id: Id.nullish(),
    start_time: z.string().nullish(),
    source_proposed_example_id: Id.nullish(),
  })
  .refine(({ run_id, thread_id }) => run_id ?? thread_id, {
    path: ["run_id"],
    message: "name a run, or a thread",
  });
export type NewItem = z.infer<typeof NewItem>;

export interface ItemValue {
  readonly run_id: string | null;
  readonly thread_id: string | null;
  readonly project_id: string | null;
  readonly start_time: string | null;
  readonly source_proposed_example_id: string | null;
  readonly added_at: string;
  readonly last_reviewed_time: string | null;
  /** By the reviewer's key. */
  readonly reviews: Readonly<Record<string, "viewed" | "completed">>;
  readonly archived_at: number | null;
}
export interface Item extends ShelfRecord {
  readonly value: ItemValue;
}
export const toItem = (record: ShelfRecord): Item => record as Item; // only this room writes them

export function stateOf({ value }: Item, reviewer: string): State {
  if (value.archived_at !== null) return "completed";
  return value.reviews[reviewer] === "completed" ? "needs_others_review" : "needs_my_review";
}

export function toWireQueue({ id, tenantId, value, createdAt, modifiedAt }: Queue) {
  const { rubric_items: _, rubric_instructions: __, ...rest } = value;
  return {
    ...rest,
    id,
    tenant_id: tenantUuid(tenantId),
    queue_type: "single",
    description: value.description ?? null,
    num_reviewers_per_item: value.num_reviewers_per_item ?? 1,
    assigned_reviewers: [],
    created_at: isoTime(createdAt),
    updated_at: isoTime(modifiedAt),
  };
}

/** As the first version names an item. */
export function toQueueRun({ id, parentId, value }: Item) {
  return {
    id,
    queue_id: parentId,
    run_id: value.run_id,
    added_at: value.added_at,
    last_reviewed_time: value.last_reviewed_time,
    source_proposed_example_id: value.source_proposed_example_id,
  };
}

export function toWireItem(item: Item) {
  const { id, parentId, value } = item;
  const { reviews: _, archived_at: __, ...rest } = value;
  return {
    id,
    queue_id: parentId,
    item_type: value.run_id === null ? "THREAD" : "RUN",
    ...rest,
    effective_added_at: value.added_at,
    completed_by: reviewersWho(item, "completed"),
    reserved_by: reviewersWho(item, "viewed"),
  };
}

export function reviewersWho({ value }: Item, did: "viewed" | "completed"): string[] {
  return Object.entries(value.reviews)
    .filter(([, review]) => review === did)
    .map(([reviewer]) => reviewer);
}
