import { z } from "zod";
import { duration } from "./fields.ts";
import { TraceStore } from "./trace-store.ts";
import { TracesExport } from "./traces-export.ts";

/** What is kept of a request and its answer. */
export const CAPTURE_LEVELS = ["none", "metadata", "redacted", "full"] as const;
const Capture = z.enum(CAPTURE_LEVELS);
export type Capture = z.infer<typeof Capture>;

const KEY_ID = /^[\w-]{1,32}$/;

const Encryption = z
  .strictObject({
    keys: z
      .array(
        z.strictObject({
          id: z.string().regex(KEY_ID, { error: "an id has at most 32 letters, digits, - and _" }),
          env: z.string().optional().describe("The variable that holds 32 bytes in base64 or hex."),
          file: z.string().optional().describe("The file that holds them."),
        }),
      )
      .min(1)
      .describe(
        "The first key seals what is written from now on, all of them open what is there. Rotate by putting a new one first.",
      ),
  })
  .describe(
    "Seals kept texts with AES-256-GCM. Lists then have no previews, and texts are not searched.",
  );

export const Traces = z.strictObject({
  capture: Capture.default("redacted").describe(
    "What of prompts and answers is kept: all (full), with secrets and PII replaced (redacted), everything but texts (metadata), or only sums (none).",
  ),
  routes: z
    .record(z.string(), Capture)
    .default({})
    .describe(
      "Another level for a route, as /v1/embeddings, or for what comes in: langsmith, otlp.",
    ),
  store: TraceStore,
  keep: duration("30d").describe(
    "Older runs are deleted. SQLite keeps their sums for two years; the others drop whole days.",
  ),
  maxGiB: z
    .number()
    .positive()
    .optional()
    .describe("The oldest runs are deleted when the database holds more than this."),
  maxBodyMiB: z
    .number()
    .int()
    .min(1)
    .max(1024)
    .default(100)
    .describe(
      "Trace requests whose body is larger are refused. Longer fields than 20 MiB are cut.",
    ),
  spillMiB: z
    .number()
    .int()
    .min(16)
    .default(1024)
    .describe(
      "What may wait in the log for a database that cannot take it; then senders are asked to wait.",
    ),
  sync: z
    .enum(["process", "always"])
    .default("process")
    .describe(
      "What accepted traces survive: the end of this process, or a power cut too (always; slower).",
    ),
  encryption: Encryption.optional(),
  export: TracesExport.optional(),
});
