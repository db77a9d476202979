/** What stands in the append log, each record with its kind. */
import type { Feedback, RunPart } from "../../core/run.ts";
import type { IngestRequest } from "../../watch/trace/traces.ts";

/** Lines of JSON, each a KeptCall. */
export const CALLS = 1;
/** A body as it came: a line of JSON that says what it is, then its bytes. */
export const BODY = 2;
/** JSON of what was decoded, and masked. */
export const PARTS = 3;
/** Added to the kind of a record that is sealed. */
export const SEALED = 64;

export interface DecodedParts {
  readonly parts: readonly RunPart[];
  readonly feedback: readonly Feedback[];
}

export function bodyHead(request: IngestRequest): Buffer {
  return Buffer.from(`${JSON.stringify({ ...request, body: undefined })}\n`);
}

export function readBodyRecord(record: Buffer): IngestRequest {
  const end = record.indexOf(0x0a);
  const head = JSON.parse(record.toString("utf8", 0, end)) as Omit<IngestRequest, "body">; // written by bodyHead
  return { ...head, body: record.subarray(end + 1) };
}
