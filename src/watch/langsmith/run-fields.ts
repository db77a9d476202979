import { WeirError } from "../../core/errors.ts";
import type { AttachmentPart, RunPart, RunStatus } from "../../core/run.ts";
import type { IngestBody, Rejected } from "../trace/ingest.ts";
import { projectOfAddress } from "./address.ts";
import { placeOf } from "./dotted-order.ts";
import { MAX_FIELD_BYTES, cutText } from "./long-field.ts";
import { uuidOf } from "./uuid.ts";
import { timeOf } from "./wire-time.ts";

/** A part while it is put together from what came of it. */
export type Draft = { -readonly [Field in keyof RunPart]: RunPart[Field] };
/** A JSON object as it came. */
export type Wire = Readonly<Record<string, unknown>>;

export function newDraft(kind: RunPart["kind"], id: string, body: IngestBody): Draft {
  return {
    kind,
    id,
    source: "langsmith",
    tenantId: body.tenantId,
    receivedAt: body.receivedAt,
  };
}

/**
 * Takes over what a run's JSON object says. A field that cannot be read is left out and told, as
 * `part`'s; null says nothing.
 */
export function takeFields(draft: Draft, wire: Wire, part: string, rejected: Rejected[]): void {
  const refuse = (field: string, reason: string) => void rejected.push({ part, field, reason });
  takePlace(draft, wire, refuse);
  takeTimes(draft, wire, refuse);
  takeProject(draft, wire, refuse);
  if (typeof wire["name"] === "string") draft.name = wire["name"];
  if (typeof wire["run_type"] === "string") draft.type = wire["run_type"].toLowerCase();
  const example = givenUuid(wire, "reference_example_id", refuse);
  if (example !== undefined) draft.referenceExampleId = example;
  if (Array.isArray(wire["tags"])) draft.tags = wire["tags"].filter((tag) => isText(tag));
  const status = statusOf(wire["status"]);
  if (status) draft.status = status;
  for (const field of TEXT_FIELDS) takeText(draft, field, wire[field]);
}

type Refuse = (field: string, reason: string) => void;

/** What is as long as the user's program makes it: each may be a part of its own. */
const TEXT_FIELDS = ["inputs", "outputs", "events", "extra", "error", "serialized"] as const;
export type TextField = (typeof TEXT_FIELDS)[number];

export function isTextField(name: string): name is TextField {
  return (TEXT_FIELDS as readonly string[]).includes(name);
}

/** Takes over one of the fields that hold texts. */
export function takeText(draft: Draft, field: TextField, value: unknown): void {
  if (value === undefined || value === null) return;
  if (field !== "error") draft[field] = value;
  else if (value !== "") draft.error = typeof value === "string" ? value : JSON.stringify(value);
  if (field === "error" && draft.error && draft.error.length > MAX_FIELD_BYTES) {
    draft.error = cutText(draft.error, MAX_FIELD_BYTES);
    noteCut(draft, "error");
  }
}

export function noteCut(draft: Draft, field: string): void {
  if (!draft.truncated?.includes(field)) draft.truncated = [...(draft.truncated ?? []), field];
}

/** The time to the first token is known once both its event and the start are. */
export function takeFirstToken(draft: Draft): void {
  if (draft.at === undefined || !Array.isArray(draft.events)) return;
  for (const event of draft.events as unknown[]) {
    if (!isWire(event) || event["name"] !== "new_token") continue;
    const at = timeOf(event["time"]);
    if (at !== undefined && at >= draft.at) draft.ttftMs = at - draft.at;
    return;
  }
}

/** The sort key says which trace and parent it is where nothing else does. */
function takePlace(draft: Draft, wire: Wire, refuse: Refuse): void {
  const traceId = givenUuid(wire, "trace_id", refuse);
  const parentId = givenUuid(wire, "parent_run_id", refuse);
  if (traceId !== undefined) draft.traceId = traceId;
  if (parentId !== undefined && parentId !== draft.id) draft.parentId = parentId;
  const { dotted_order: order } = wire;
  if (!isText(order) || order === "") return;
  if (traceId !== undefined && (parentId !== undefined || isRootKey(order))) {
    draft.dottedOrder = order;
    return;
  }
  const place = placeOf(order);
  if (!place) return refuse("dotted_order", "is no dotted order");
  draft.dottedOrder = order;
  draft.traceId ??= place.traceId;
  if (place.parentId !== draft.id) draft.parentId ??= place.parentId;
}

/** 22 characters of time and 36 of the run's id. */
function isRootKey(order: string): boolean {
  return order.length === 58 && !order.includes(".");
}

function takeTimes(draft: Draft, wire: Wire, refuse: Refuse): void {
  for (const [field, key] of TIMES) {
    const value = wire[field];
    if (value === undefined || value === null) continue;
    const at = timeOf(value);
    if (at === undefined) refuse(field, "is no time: send ISO 8601, or milliseconds after 1970");
    else if (at > draft.receivedAt + MOST_AHEAD_MS) refuse(field, "is more than a year ahead");
    else draft[key] = at;
  }
}

/** Clocks go wrong by hours and zones; what is years ahead is no clock's. */
const MOST_AHEAD_MS = 366 * 86_400_000;

const TIMES = [
  ["start_time", "at"],
  ["end_time", "endAt"],
] as const;

/** By id, by name, or by the address of an agent. */
function takeProject(draft: Draft, wire: Wire, refuse: Refuse): void {
  const { session_name: name, address } = wire;
  const id = givenUuid(wire, "session_id", refuse);
  if (id !== undefined) draft.projectId = id;
  if (isText(name) && name !== "") draft.project = name;
  else if (isText(address)) {
    const project = projectOfAddress(address);
    if (project === undefined) {
      refuse("address", "is none of the form lrn:agents/{id}/environments/{name}");
    } else draft.project = project;
  }
}

function givenUuid(wire: Wire, field: string, refuse: Refuse): string | undefined {
  const value = wire[field];
  if (value === undefined || value === null || value === "") return undefined;
  const id = uuidOf(value);
  if (id === undefined) refuse(field, "is no UUID");
  return id;
}

function statusOf(value: unknown): RunStatus | undefined {
  return value === "success" || value === "error" || value === "pending" ? value : undefined;
}

export function isWire(value: unknown): value is Wire {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

export function addAttachment(draft: Draft, attachment: AttachmentPart): void {
  draft.attachments = [...(draft.attachments ?? []), attachment];
}

/** The error for a body of which nothing could be taken; what is wrong with its first part says it all. */
export function nothingTaken(rejected: readonly Rejected[]): WeirError {
  const [first] = rejected;
  if (!first) return new WeirError("invalid_request", "The body holds no runs.");
  const { part, field, reason } = first;
  const param = field === undefined ? part : `${part}.${field}`;
  const more = rejected.length > 1 ? ` So are ${rejected.length - 1} more of its parts.` : "";
  const message = `Nothing of the body could be taken: ${param} ${reason}.${more}`;
  return new WeirError("invalid_request", message, { param });
}
