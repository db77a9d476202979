import { parseBody } from "../../core/dialects/parse-body.ts";
import { WeirError } from "../../core/errors.ts";
import {
  ExampleChange,
  type ExampleChange as Change,
  NewExample,
  type NewExample as New,
  type SentAttachment,
} from "./example.ts";
import { type FormPart, readForm } from "./sent-form.ts";
import { uuidOf } from "./uuid.ts";
import { parseWire } from "./wire-json.ts";

/**
 * Examples as forms: `{id}` with the small fields, `{id}.inputs`, `{id}.outputs`,
 * `{id}.attachment.{name}` and `{id}.attachments_operations`, in any order.
 */
interface Collected {
  readonly fields: Record<string, unknown>;
  readonly attachments: SentAttachment[];
}

export function newExamplesOfForm(bytes: Buffer, contentType: string): New[] {
  return Array.from(collect(bytes, contentType), ([id, { fields, attachments }]) => ({
    ...named(id, () => parseBody(NewExample, fields)),
    id,
    attachments,
  }));
}

export function changesOfForm(bytes: Buffer, contentType: string): (Change & { id: string })[] {
  return Array.from(collect(bytes, contentType), ([id, { fields, attachments }]) => ({
    ...named(id, () => parseBody(ExampleChange, fields)),
    id,
    attachments,
  }));
}

const JSON_PARTS = new Set(["inputs", "outputs", "attachments_operations"]);

function collect(bytes: Buffer, contentType: string): Map<string, Collected> {
  const all = new Map<string, Collected>();
  for (const part of readForm(bytes, contentType)) {
    const [first = "", kind, ...rest] = part.name.split(".");
    const id = uuidOf(first);
    if (id === undefined) throw fault(part, "begins with no example's UUID");
    const example = all.get(id) ?? { fields: {}, attachments: [] };
    all.set(id, example);
    if (kind === undefined) Object.assign(example.fields, objectOf(part));
    else if (JSON_PARTS.has(kind) && rest.length === 0) example.fields[kind] = objectOf(part);
    else if (kind === "attachment" && rest.length > 0) {
      const { mimeType, bytes: content } = part;
      example.attachments.push({ name: rest.join("."), mimeType, bytes: content });
    } else throw fault(part, "is none that an example has");
  }
  return all;
}

function objectOf(part: FormPart): Record<string, unknown> {
  const value = named(part.name, () => parseWire(part.bytes.toString("utf8")));
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>; // an object, as seen here
  }
  throw fault(part, "must be a JSON object");
}

function fault({ name }: FormPart, what: string): WeirError {
  const part = name.slice(0, 200);
  return new WeirError("invalid_request", `The part "${part}" ${what}.`, { param: part });
}

/** Says where a fault is. */
function named<T>(place: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof WeirError)) throw cause;
    const param = cause.param === undefined ? place : `${place}.${cause.param}`;
    throw new WeirError("invalid_request", `${place}: ${cause.message}`, { param, cause });
  }
}
