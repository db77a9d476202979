/** What senders hand in, and what becomes of it. Decoders are pure; the trace thread runs them. */
import type { Feedback, RunPart } from "../../core/run.ts";

export type IngestProtocol =
  /** POST /runs/multipart */
  | "langsmith-multipart"
  /** POST /runs/batch */
  | "langsmith-batch"
  /** POST /runs and PATCH /runs/{id} */
  | "langsmith-post"
  | "langsmith-patch"
  /** POST /v1/traces, protobuf or JSON by content type */
  | "otlp-traces"
  /** POST /v1/logs: what GenAI libraries tell beside their spans */
  | "otlp-logs";

/** A request's body after decompression. */
export interface IngestBody {
  readonly protocol: IngestProtocol;
  readonly contentType: string;
  readonly body: Uint8Array;
  /** From the path, for langsmith-patch. */
  readonly runId?: string | undefined;
  /** From headers: what OTLP senders say of the project (`Langsmith-Project`) and the like. */
  readonly project?: string | undefined;
  readonly tenantId: string;
  readonly receivedAt: number;
}

export interface Decoded {
  readonly parts: readonly RunPart[];
  readonly feedback: readonly Feedback[];
  /** What could not be taken, while the rest was. */
  readonly rejected: readonly Rejected[];
}

export interface Rejected {
  /** The part at fault, as `post.0199….inputs` or `resourceSpans[0].scopeSpans[0].spans[3]`. */
  readonly part: string;
  /** As `end_time`; absent: the part as a whole. */
  readonly field?: string | undefined;
  readonly reason: string;
}

/** Throws invalid_request, naming part and field, when nothing of the body can be taken. */
export type Decode = (body: IngestBody) => Decoded;

export interface Ingested {
  readonly accepted: number;
  readonly rejected: readonly Rejected[];
}
