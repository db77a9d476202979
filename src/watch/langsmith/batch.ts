import { WeirError } from "../../core/errors.ts";
import type { RunPart } from "../../core/run.ts";
import type { Decoded, IngestBody, Rejected } from "../trace/ingest.ts";
import { MAX_FIELD_BYTES, cutValue } from "./long-field.ts";
import {
  type Draft,
  type Wire,
  isWire,
  newDraft,
  noteCut,
  nothingTaken,
  takeFields,
  takeFirstToken,
} from "./run-fields.ts";
import { uuidOf } from "./uuid.ts";
import { parseWire } from "./wire-json.ts";

/** `POST /runs/batch`: `{"post": [run, …], "patch": [run, …]}`. */
export function decodeBatch(body: IngestBody): Decoded {
  const batch = objectOf(body);
  const rejected: Rejected[] = [];
  const parts = (["post", "patch"] as const).flatMap((kind) => {
    const runs = batch[kind] ?? [];
    if (Array.isArray(runs)) {
      return runs.flatMap((run, index) => decoded({ kind, run, part: `${kind}[${index}]` }) ?? []);
    }
    rejected.push({ part: kind, reason: "must be a list of runs" });
    return [];
  });
  if (parts.length === 0 && rejected.length > 0) throw nothingTaken(rejected);
  return { parts, feedback: [], rejected };

  function decoded({ kind, run, part }: { kind: RunPart["kind"]; run: unknown; part: string }) {
    const id = isWire(run) ? uuidOf(run["id"]) : undefined;
    if (isWire(run) && id !== undefined) return toPart(newDraft(kind, id, body), run, part);
    const field = isWire(run) ? { field: "id", reason: "is no UUID" } : undefined;
    rejected.push({ part, ...(field ?? { reason: "must be a run" }) });
    return undefined;
  }

  function toPart(draft: Draft, run: Wire, part: string): RunPart {
    return filled(draft, run, { part, rejected, body });
  }
}

/** `POST /runs`: one run. */
export function decodePost(body: IngestBody): Decoded {
  const run = objectOf(body);
  const id = uuidOf(run["id"]);
  if (id === undefined) {
    const message = 'The run has no "id" that is a UUID: SDKs make one, version 7 for new runs.';
    throw new WeirError("invalid_request", message, { param: "id" });
  }
  return one(newDraft("post", id, body), run, body);
}

/** `PATCH /runs/{id}`: what is new of one run. */
export function decodePatch(body: IngestBody): Decoded {
  const id = uuidOf(body.runId);
  if (id === undefined) {
    const message = "The address names no run: /runs/ must be followed by a UUID.";
    throw new WeirError("invalid_request", message, { param: "run_id" });
  }
  return one(newDraft("patch", id, body), objectOf(body), body);
}

function one(draft: Draft, run: Wire, body: IngestBody): Decoded {
  const rejected: Rejected[] = [];
  return { parts: [filled(draft, run, { part: "run", rejected, body })], feedback: [], rejected };
}

interface Filling {
  readonly part: string;
  readonly rejected: Rejected[];
  readonly body: IngestBody;
}

function filled(draft: Draft, run: Wire, { part, rejected, body }: Filling): RunPart {
  takeFields(draft, run, part, rejected);
  if (body.body.byteLength > MAX_FIELD_BYTES) cutLongFields(draft);
  takeFirstToken(draft);
  return draft;
}

const MAY_BE_LONG = ["inputs", "outputs", "events", "extra", "serialized"] as const;

function cutLongFields(draft: Draft): void {
  for (const field of MAY_BE_LONG) {
    if (JSON.stringify(draft[field] ?? null).length <= MAX_FIELD_BYTES) continue;
    draft[field] = cutValue(draft[field], MAX_FIELD_BYTES);
    noteCut(draft, field);
  }
}

function objectOf({ body }: IngestBody): Wire {
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8");
  const value = wholeBody(text);
  if (isWire(value)) return value;
  throw new WeirError("invalid_request", "The body must be a JSON object.", { param: "body" });
}

function wholeBody(text: string): unknown {
  try {
    return parseWire(text);
  } catch (cause) {
    if (!(cause instanceof WeirError)) throw cause;
    const message = `The body ${cause.message}.`;
    throw new WeirError("invalid_request", message, { param: "body", cause });
  }
}
