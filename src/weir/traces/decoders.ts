import { decodeBatch, decodePatch, decodePost } from "../../watch/langsmith/batch.ts";
import { decodeMultipart } from "../../watch/langsmith/multipart.ts";
import { decodeOtlpLogs, decodeOtlpTraces } from "../../watch/otlp/decode.ts";
import type { Decode, IngestProtocol } from "../../watch/trace/ingest.ts";

export const DECODERS: Readonly<Record<IngestProtocol, Decode>> = {
  "langsmith-multipart": decodeMultipart,
  "langsmith-batch": decodeBatch,
  "langsmith-post": decodePost,
  "langsmith-patch": decodePatch,
  "otlp-traces": decodeOtlpTraces,
  "otlp-logs": decodeOtlpLogs,
};
