import { isAscii } from "node:buffer";
import { WeirError } from "../../core/errors.ts";
import type { Feedback, RunPart } from "../../core/run.ts";
import type { Decoded, IngestBody, Rejected } from "../trace/ingest.ts";
import { feedbackOf, isRejected } from "./feedback-wire.ts";
import { MAX_FIELD_BYTES, cutValue } from "./long-field.ts";
import { type BodyPart, boundaryOf, forEachPart, typeIn } from "./multipart-parts.ts";
import {
  type Draft,
  addAttachment,
  isTextField,
  isWire,
  newDraft,
  noteCut,
  nothingTaken,
  takeFields,
  takeFirstToken,
  takeText,
} from "./run-fields.ts";
import { uuidOf } from "./uuid.ts";
import { parseWire } from "./wire-json.ts";

/** What is put together while a body is read. */
interface Reading {
  readonly body: IngestBody;
  readonly bytes: Buffer;
  /** The same, one character for each byte. */
  readonly text: string;
  /** Whether that is the text already, as it is of UTF-8 without accents. */
  readonly isAscii: boolean;
  /** By kind and id, in the order in which they came. */
  readonly drafts: Map<string, Draft>;
  readonly feedback: Feedback[];
  readonly rejected: Rejected[];
  /** The run of the part before: most of a body's parts are of the same one as theirs. */
  last: { readonly prefix: string; readonly draft: Draft } | undefined;
}

/**
 * `POST /runs/multipart`: `post.{id}` and `patch.{id}` with parts of their own for the fields that may
 * be long, `attachment.{id}.{name}` and `feedback.{id}`, in any order and of any number of traces and
 * projects. A part that cannot be read is told; the others are taken.
 */
export function decodeMultipart(body: IngestBody): Decoded {
  const bytes = Buffer.from(body.body.buffer, body.body.byteOffset, body.body.byteLength);
  const boundary = boundaryOf(body.contentType);
  const text = bytes.toString("latin1");
  const drafts: Reading["drafts"] = new Map();
  const feedback: Feedback[] = [];
  const rejected: Rejected[] = [];
  const reading: Reading = {
    body,
    bytes,
    text,
    isAscii: isAscii(bytes),
    drafts,
    feedback,
    rejected,
    last: undefined,
  };
  const broken = forEachPart(text, boundary, (part) => takePart(part, reading));
  if (broken !== undefined) rejected.push({ part: "body", reason: broken });
  if (drafts.size === 0 && feedback.length === 0 && rejected.length > 0) {
    throw nothingTaken(rejected);
  }
  const parts: RunPart[] = [...drafts.values()];
  for (const draft of drafts.values()) takeFirstToken(draft);
  return { parts, feedback, rejected };
}

function takePart(part: BodyPart, reading: Reading): void {
  const { name } = part;
  try {
    const { last } = reading;
    if (last && name.startsWith(last.prefix)) {
      return takeRun(part, last.draft, { rest: name.slice(last.prefix.length), reading });
    }
    const dot = name.indexOf(".");
    const kind = dot === -1 ? name : name.slice(0, dot);
    const next = name.indexOf(".", dot + 1);
    const id = uuidOf(name.slice(dot + 1, next === -1 ? undefined : next));
    const rest = next === -1 ? "" : name.slice(next + 1);
    if (dot === -1 || !KINDS.has(kind)) throw wrong("has a name that is none of a run's parts");
    if (id === undefined) throw wrong("has a name without a run's UUID");
    if (kind === "feedback") takeFeedback(part, id, reading);
    else if (kind === "attachment") takeAttachment(part, { id, name: rest }, reading);
    else {
      const draft = draftOf(kind as RunPart["kind"], id, reading); // of KINDS
      reading.last = { prefix: `${next === -1 ? name : name.slice(0, next)}.`, draft };
      takeRun(part, draft, { rest, reading });
    }
  } catch (cause) {
    if (!(cause instanceof WeirError)) throw cause;
    reading.rejected.push({ part: shown(name), reason: cause.message });
  }
}

const KINDS: ReadonlySet<string> = new Set(["post", "patch", "feedback", "attachment"]);

function draftOf(kind: RunPart["kind"], id: string, { drafts, body }: Reading): Draft {
  const key = kind === "post" ? id : `${id}+`;
  let draft = drafts.get(key);
  if (!draft) drafts.set(key, (draft = newDraft(kind, id, body)));
  return draft;
}

/** The run itself, or one of its fields. */
function takeRun(
  part: BodyPart,
  draft: Draft,
  { rest, reading }: { readonly rest: string; readonly reading: Reading },
): void {
  const value = jsonOf(part, reading);
  if (rest === "") {
    if (!isWire(value)) throw wrong("must be a JSON object");
    takeFields(draft, value, shown(part.name), reading.rejected);
    return;
  }
  if (!isTextField(rest)) throw wrong("has a name that ends with no field of a run");
  const isLong = part.end - part.start > MAX_FIELD_BYTES;
  takeText(draft, rest, isLong && rest !== "error" ? cutValue(value, MAX_FIELD_BYTES) : value);
  if (isLong) noteCut(draft, rest);
}

function takeFeedback(part: BodyPart, id: string, reading: Reading): void {
  const value = jsonOf(part, reading);
  if (!isWire(value)) throw wrong("must be a JSON object");
  const feedback = feedbackOf(value, reading.body, { part: shown(part.name), id });
  if (isRejected(feedback)) reading.rejected.push(feedback);
  else reading.feedback.push(feedback);
}

/** Attachments come with a run's post or patch; with neither, they are a patch. */
function takeAttachment(
  { start, end, headStart, headEnd }: BodyPart,
  { id, name }: { readonly id: string; readonly name: string },
  reading: Reading,
): void {
  if (name === "") throw wrong("has a name without the attachment's");
  if (end - start > MAX_FIELD_BYTES) {
    throw wrong(`is larger than the ${MAX_FIELD_BYTES} bytes that are kept of an attachment`);
  }
  const draft = reading.drafts.get(id) ?? draftOf("patch", id, reading);
  addAttachment(draft, {
    name,
    mimeType: typeIn(reading.text.slice(headStart, headEnd)) || "application/octet-stream",
    base64: reading.bytes.toString("base64", start, end),
  });
}

function jsonOf({ start, end }: BodyPart, { bytes, text, isAscii }: Reading): unknown {
  return parseWire(isAscii ? text.slice(start, end) : bytes.toString("utf8", start, end));
}

function wrong(message: string): WeirError {
  return new WeirError("invalid_request", message);
}

/** A part's name, as far as a message should show it. */
function shown(name: string): string {
  return name === "" ? "a part without a name" : name.slice(0, 200);
}
