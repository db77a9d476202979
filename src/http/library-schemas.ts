import { z } from "zod";
import { MIX_NAMES } from "../gguf/quantize/mixes.ts";
import { Measurement } from "../serve/workshop/measurements.ts";

/** Model files in `/admin/v1/library`. Times are epoch milliseconds, sizes bytes. Fields are only ever added. */

const ref = z
  .string()
  .min(1)
  .max(400)
  .describe("which file, as the list calls it: `library:NAME`, or `served:MODEL:TARGET`");
const name = z.string().min(1).max(160).optional().describe("what it is called in the library");

export const LibraryFile = z.object({
  ref,
  name: z.string(),
  inLibrary: z.boolean().describe("whether it was pulled or made; others are named by weir.yaml"),
  path: z.string().describe("what `file:` in weir.yaml wants"),
  bytes: z.number(),
  parts: z.number(),
  source: z.string().nullable(),
  original: z.string().nullable().describe("what it was made from, where that was done here"),
  license: z.string().nullable(),
  addedAt: z.number().nullable(),
  usedBy: z.array(z.string()).describe("models of weir.yaml"),
  facts: z
    .object({
      architecture: z.string(),
      type: z.string().describe("its quantization"),
      quantized: z.boolean(),
      parameters: z.number(),
      contextTokens: z.number().nullable(),
      layers: z.number().nullable(),
    })
    .nullable()
    .describe("null: it cannot be read"),
  problem: z.string().nullable(),
});
export type LibraryFile = z.infer<typeof LibraryFile>;

/** GET /admin/v1/library. */
export const LibraryList = z.object({
  files: z.array(LibraryFile),
  unusedBytes: z.number().describe("what cleaning would free"),
  types: z.array(z.string()).describe("what can be quantized to, the smallest first"),
  sample: z
    .object({ name: z.string(), characters: z.number() })
    .describe("the text to measure by where none is given"),
});
export type LibraryList = z.infer<typeof LibraryList>;

export const LibraryRef = z.strictObject({ ref });
export type LibraryRef = z.infer<typeof LibraryRef>;

const TypeSum = z.object({
  type: z.string(),
  tensors: z.number(),
  parameters: z.number(),
  bytes: z.number(),
});

/** GET /admin/v1/library/file: what `weir model inspect` says, and more. */
export const FileContents = z.object({
  file: LibraryFile,
  name: z.string().nullable(),
  layers: z.number().nullable(),
  heads: z.number().nullable(),
  kvHeads: z.number().nullable(),
  embeddingLength: z.number().nullable(),
  feedForwardLength: z.number().nullable(),
  experts: z.number().nullable(),
  vocabularySize: z.number().nullable(),
  tokenizer: z.string().nullable(),
  preTokenizer: z.string().nullable(),
  chatTemplate: z.string().nullable(),
  suspicious: z.array(z.string()).describe("what speaks against loading it"),
  types: z.array(TypeSum),
  tensors: z.array(
    z.object({
      name: z.string(),
      type: z.string(),
      dimensions: z.array(z.number()),
      bytes: z.number(),
    }),
  ),
  metadata: z.array(
    z.object({
      key: z.string(),
      type: z.string(),
      value: z.string().describe("long ones are cut"),
      count: z.number().nullable().describe("of a list's values"),
    }),
  ),
  sizes: z
    .array(z.object({ type: z.string(), bytes: z.number() }))
    .describe("what it would take in each type"),
});
export type FileContents = z.infer<typeof FileContents>;

export const LibraryJob = z.object({
  id: z.string(),
  kind: z.enum(["pull", "quantize", "compare", "optimize"]),
  title: z.string(),
  by: z.string(),
  state: z.enum(["waiting", "running", "done", "failed", "canceled"]),
  step: z.string().nullable(),
  done: z.number(),
  all: z.number().describe("0 while nobody knows"),
  unit: z.enum(["bytes", "files"]),
  askedAt: z.number(),
  startedAt: z.number().nullable(),
  endedAt: z.number().nullable(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
  result: z
    .object({
      name: z.string().optional().describe("the model that stands in the library now"),
      measurement: z.string().optional().describe("the id of what was measured"),
    })
    .nullable(),
});
export type LibraryJob = z.infer<typeof LibraryJob>;
export const LibraryJobs = z.object({ jobs: z.array(LibraryJob).describe("the newest first") });
export const Measurements = z.object({
  measurements: z.array(Measurement).describe("the newest first"),
});
export type LibraryMeasurement = z.infer<typeof Measurement>;

/** POST /admin/v1/library/pull. */
export const PullWish = z.strictObject({
  source: z.string().min(1).max(2000).describe("`hf:ORG/REPO`, `hf:ORG/REPO:TYPE`, or an address"),
  name,
  revision: z.string().min(1).max(200).optional().describe("a branch, tag or commit"),
});
export type PullWish = z.infer<typeof PullWish>;

/** POST /admin/v1/library/quantize. */
export const QuantizeWish = z.strictObject({
  ref,
  type: z
    .string()
    .min(1)
    .max(20)
    .describe(`one of ${MIX_NAMES.join(", ")}`),
  name,
  keep: z
    .array(z.string().min(1).max(200))
    .max(50)
    .default([])
    .describe("tensors that stay as they are, `*` for any letters"),
  again: z.boolean().default(false).describe("also what is quantized already"),
});
export type QuantizeWish = z.infer<typeof QuantizeWish>;

const measuring = {
  text: z
    .string()
    .min(200, "expected some hundred characters at least")
    .max(600_000)
    .optional()
    .describe("what the models are to predict; absent: the sample"),
  windowTokens: z.int().min(64).max(8192).default(512).describe("read at a time"),
};

/** POST /admin/v1/library/compare. */
export const CompareWish = z.strictObject({
  original: ref,
  files: z.array(ref).max(20).describe("what was made from it; none: it alone is measured"),
  ...measuring,
});
export type CompareWish = z.infer<typeof CompareWish>;

/** POST /admin/v1/library/optimize. */
export const OptimizeWish = z.strictObject({
  original: ref,
  memoryBytes: z.int().min(1).nullable().default(null).describe("the most; null: any"),
  divergence: z.number().min(0).max(100).default(0.02).describe("the most, in nats a token"),
  name,
  ...measuring,
});
export type OptimizeWish = z.infer<typeof OptimizeWish>;

export const Freed = z.object({ freedBytes: z.number() });
