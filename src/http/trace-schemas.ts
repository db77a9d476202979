import { z } from "zod";
import { DIMENSIONS } from "../core/run-query.ts";

/**
 * Traces in the words of `/admin/v1`: times are epoch milliseconds, durations milliseconds, money
 * nano-dollars.
 */

const Nullable = z.string().nullable();
const Tokens = z.object({
  inputTokens: z.number().describe("with cached, cache-write, image and audio ones"),
  outputTokens: z.number().describe("with reasoning"),
  cachedTokens: z.number(),
  cacheWriteTokens: z.number(),
  reasoningTokens: z.number(),
  imageTokens: z.number(),
  audioTokens: z.number(),
});

const TraceSum = z.object({
  runs: z.number(),
  errors: z.number(),
  inputTokens: z.number(),
  outputTokens: z.number(),
  cachedTokens: z.number(),
  reasoningTokens: z.number(),
  costNanos: z.number().nullable(),
  inputCostNanos: z.number().nullable(),
  outputCostNanos: z.number().nullable(),
  endAt: z.number().nullable(),
});

/** One run, without its texts. */
export const RunRow = Tokens.extend({
  id: z.string(),
  traceId: z.string(),
  parentId: Nullable,
  tenantId: z.string(),
  projectId: z.string(),
  source: z.enum(["call", "langsmith", "otlp"]),
  name: z.string(),
  type: z.string().describe("`llm`, `chain`, `tool`, `retriever`, `embedding`, …"),
  status: z.enum(["pending", "success", "error", "blocked", "canceled"]),
  at: z.number(),
  durationMs: z.number().nullable(),
  ttftMs: z.number().nullable(),
  model: Nullable,
  provider: Nullable,
  target: Nullable,
  route: Nullable,
  keyId: Nullable,
  keyName: Nullable,
  userId: Nullable,
  threadId: Nullable,
  promptVersion: Nullable,
  tags: z.array(z.string()),
  metadata: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  costNanos: z.number().nullable(),
  inputCostNanos: z.number().nullable(),
  outputCostNanos: z.number().nullable(),
  priceVersion: Nullable,
  isEstimated: z.boolean().describe("the tokens are Weir's own estimate"),
  errorCode: Nullable,
  errorMessage: Nullable,
  finishReason: Nullable,
  isStream: z.boolean(),
  inputPreview: Nullable,
  outputPreview: Nullable,
  capture: z.enum(["metadata", "redacted", "full"]),
  isCovered: z.boolean().describe("a call of Weir's counts its tokens and cost"),
  findings: z.number().describe("of the guard"),
  sum: TraceSum.nullable().describe("of the whole trace, for its root in lists"),
  feedback: z
    .array(z.object({ key: z.string(), count: z.number(), score: z.number().nullable() }))
    .optional()
    .describe("on the run, in lists: how often each key was given, and its mean score"),
});
export type RunRow = z.infer<typeof RunRow>;

export const RunList = z.object({
  runs: z.array(RunRow),
  next: z.string().nullable().describe("hand it back as `cursor` for the next page"),
});
export type RunList = z.infer<typeof RunList>;

const Text = z.string().optional();

/** The filters of lists, facets and exports. */
export const RunFilters = z.strictObject({
  tenant: Text,
  project: Text.describe("a project's id"),
  root: z.stringbool().optional().describe("only the first runs of traces"),
  source: z.enum(["call", "langsmith", "otlp"]).optional(),
  status: z.enum(["pending", "success", "error", "blocked", "canceled"]).optional(),
  type: Text,
  name: Text,
  model: Text.describe("of roots: of any run of the trace"),
  target: Text,
  route: Text,
  key: Text.describe("a key's name"),
  user: Text,
  thread: Text,
  prompt: Text,
  tag: Text,
  search: Text.describe("words in the previews; with `*` after the last one, its beginning"),
  from: z.coerce.number().optional(),
  to: z.coerce.number().optional(),
  minDurationMs: z.coerce.number().optional(),
  guarded: z.stringbool().optional(),
  filter: Text.describe(
    'LangSmith\'s filter language, as `and(gt(latency, 5), has(tags, "prod"))`',
  ),
});
export type RunFilters = z.infer<typeof RunFilters>;

const Page = { cursor: Text, limit: z.coerce.number().int().min(1).max(500).default(50) };
export const RunListQuery = RunFilters.extend({
  ...Page,
  texts: z
    .stringbool()
    .default(true)
    .describe("false: without previews and messages of errors; such a look is not noted"),
});
export type RunListQuery = z.infer<typeof RunListQuery>;

export const TraceQuery = z.strictObject({
  cursor: Text,
  limit: z.coerce.number().int().min(1).max(5000).default(1000),
  texts: z.stringbool().default(true).describe("false: rows without previews and messages"),
});

export const TreeQuery = z.strictObject({
  cursor: Text,
  limit: z.coerce.number().int().min(1).max(50_000).default(20_000),
});

const Word = z.number().describe("its place in `words`");
const Words = z.array(Word);
const Figures = z.array(z.number());
const NullableFigures = z.array(z.number().nullable());

/** What a tree shows of a trace's runs, by start: a column for each field, with a place for each run. */
export const TraceTree = z.object({
  words: z.array(z.string()).describe("texts that occur again and again, each once"),
  columns: z.object({
    id: z.array(z.string()),
    parent: z.array(Word.nullable()).describe("its id's place in `words`; null: none"),
    name: Words,
    type: Words,
    status: Words,
    model: z.array(Word.nullable()),
    at: Figures,
    durationMs: NullableFigures,
    ttftMs: NullableFigures,
    costNanos: NullableFigures,
    inputTokens: Figures,
    outputTokens: Figures,
    isCovered: Figures.describe("1: a call of Weir's counts its tokens and cost"),
  }),
  next: z.string().nullable().describe("hand it back as `cursor` for the next page"),
});
export type TraceTree = z.infer<typeof TraceTree>;

const Span = z.object({
  id: z.string(),
  parent: z.string().nullable(),
  kind: z.string(),
  name: z.string(),
  startMs: z.number().describe("after the run's start"),
  durationMs: z.number(),
  status: z.enum(["ok", "error", "canceled"]),
  attributes: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
});

export const FeedbackRow = z.object({
  id: z.string(),
  key: z.string(),
  score: z.number().nullable(),
  value: z.unknown(),
  comment: z.string().nullable(),
  createdAt: z.number(),
});
export type FeedbackRow = z.infer<typeof FeedbackRow>;

/** GET /admin/v1/runs/:id: with the texts, as the capture level kept them. */
export const RunDetail = z.object({
  run: RunRow,
  payload: z.record(z.string(), z.unknown()).describe("inputs, outputs, events, error, extra, …"),
  spans: z.array(Span).describe("stages, guard checks and attempts of a call of Weir's"),
  findings: z.array(z.unknown()),
  feedback: z.array(FeedbackRow),
});
export type RunDetail = z.infer<typeof RunDetail>;

export const NewFeedback = z.strictObject({
  key: z.string().min(1).max(100),
  score: z.number().nullish(),
  value: z.unknown().optional(),
  comment: z.string().max(10_000).nullish(),
});
export type NewFeedback = z.infer<typeof NewFeedback>;

export const FACETS = [
  "projectId",
  "source",
  "type",
  "status",
  "name",
  "model",
  "target",
  "keyName",
  "userId",
  "tags",
  "errorCode",
] as const;
export const FacetList = z.object({
  facets: z.record(z.string(), z.array(z.object({ value: z.string(), count: z.number() }))),
});
export type FacetList = z.infer<typeof FacetList>;

const Dimension = z.enum(DIMENSIONS);
const list = (text: string | undefined) => text?.split(",").filter((word) => word !== "") ?? [];

/** `by=model,user`; conditions as `model=a,b`. */
export const FigureQueryString = z
  .strictObject({
    from: z.coerce.number(),
    to: z.coerce.number(),
    bucketMs: z.coerce.number().int().min(60_000).optional().describe("a multiple of a minute"),
    by: z
      .string()
      .optional()
      .describe(`at most two of ${DIMENSIONS.join(", ")}`),
    top: z.coerce
      .number()
      .int()
      .min(1)
      .max(100)
      .optional()
      .describe("so many of the busiest values; the rest of a bucket is one figure without values"),
    filter: Text,
    ...(Object.fromEntries(DIMENSIONS.map((name) => [name, Text])) as Record<
      (typeof DIMENSIONS)[number],
      typeof Text
    >),
  })
  .transform((query, context) => {
    const by = Dimension.array().max(2).safeParse(list(query.by));
    if (!by.success) {
      context.addIssue({
        code: "custom",
        path: ["by"],
        message: `at most two of ${DIMENSIONS.join(", ")}`,
      });
      return z.NEVER;
    }
    const where = Object.fromEntries(
      DIMENSIONS.flatMap((name) =>
        query[name] === undefined ? [] : [[name, query[name].split(",")]],
      ),
    ) as Partial<Record<(typeof DIMENSIONS)[number], string[]>>;
    const { from, to, bucketMs, top, filter } = query;
    return { from, to, bucketMs, top, filter, by: by.data, where };
  });
export type FigureQueryString = z.infer<typeof FigureQueryString>;

const Distribution = z.object({
  count: z.number(),
  mean: z.number().nullable(),
  p50: z.number().nullable(),
  p90: z.number().nullable(),
  p95: z.number().nullable(),
  p99: z.number().nullable(),
  max: z.number().nullable(),
});
export type Distribution = z.infer<typeof Distribution>;

export const Figure = Tokens.extend({
  at: z.number().describe("the bucket's start"),
  values: z
    .array(z.string())
    .describe(
      "in the order of `by`; an empty text where a run has none, no text for the rest beside `top`",
    ),
  runs: z.number(),
  errors: z.number(),
  blocked: z.number(),
  canceled: z.number(),
  guarded: z.number(),
  streamed: z.number(),
  counted: z.number().describe("runs that tell their tokens"),
  unpriced: z.number().describe("runs with tokens and no known price"),
  costNanos: z.number(),
  inputCostNanos: z.number(),
  outputCostNanos: z.number(),
  durationMs: Distribution.describe("of successful runs, right to 1 %"),
  ttftMs: Distribution,
  perTokenMs: Distribution.describe("between two tokens of an answer"),
  queueMs: Distribution,
});
export type Figure = z.infer<typeof Figure>;
export const FigureList = z.object({ figures: z.array(Figure) });
export type FigureList = z.infer<typeof FigureList>;

/** GET /admin/v1/overhead: the gateway's own time, without the upstream's. */
export const Overhead = z.object({
  from: z
    .number()
    .describe("about an hour ago, or the server's start: calls before it are left out"),
  stages: z.array(
    z.object({
      stage: z
        .enum(["auth", "admit", "guard", "cache", "route", "settle", "together"])
        .describe(
          "`route` has the wait for a target with room in it; `together` is all of a call's",
        ),
      ms: Distribution.describe("milliseconds, right to 1 %"),
    }),
  ),
});
export type Overhead = z.infer<typeof Overhead>;

export const ProjectList = z.object({
  projects: z.array(
    z.object({
      id: z.string(),
      tenantId: z.string(),
      name: z.string(),
      description: z.string().nullable(),
      lastRunAt: z.number().nullable(),
      referenceDatasetId: z.string().nullable(),
    }),
  ),
});
export type ProjectList = z.infer<typeof ProjectList>;

export const SavedView = z.strictObject({
  name: z.string().min(1).max(100),
  page: z.enum(["traces", "performance", "costs"]),
  query: z.record(z.string(), z.string()).describe("the page's address, field by field"),
});
export type SavedView = z.infer<typeof SavedView>;
export const SavedViewList = z.object({
  views: z.array(SavedView.extend({ id: z.string() })),
});
export type SavedViewList = z.infer<typeof SavedViewList>;

export const ReadList = z.object({
  reads: z.array(
    z.object({
      at: z.number(),
      who: z.string().describe("the key's or the user's name"),
      what: z.string().describe("as `run`, `trace`, `export`, or the API's own address"),
      tenantId: z.string().nullable(),
      subject: z.string(),
    }),
  ),
});

export const Removed = z.object({ removed: z.number().describe("runs") });
