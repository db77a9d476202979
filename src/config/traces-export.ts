import { z } from "zod";
import { duration, environmentVariable } from "./fields.ts";

const url = z.url({
  protocol: /^https?$/,
  error: "expected an address that begins with http:// or https://",
});

const Otlp = z
  .strictObject({
    url: url.describe(
      "The collector's address, as http://collector:4318; /v1/traces and /v1/metrics follow.",
    ),
    headersEnv: environmentVariable
      .default("OTEL_EXPORTER_OTLP_HEADERS")
      .describe("The variable with headers to send, as api-key=…,other=…"),
    traces: z.boolean().default(true),
    content: z
      .boolean()
      .default(false)
      .describe("Whether prompts and answers go along, as far as traces.capture keeps them."),
    metrics: z.boolean().default(true),
    metricsEvery: duration("60s"),
    serviceName: z.string().min(1).default("weir"),
  })
  .describe("Sends Weir's own calls and metrics to any collector, by OTLP over HTTP.");

const LangSmith = z
  .strictObject({
    endpointEnv: environmentVariable
      .default("LANGSMITH_ENDPOINT")
      .describe("The variable with its address; where it is not set, the hosted LangSmith."),
    apiKeyEnv: environmentVariable.default("LANGSMITH_API_KEY"),
    projectEnv: environmentVariable
      .default("LANGSMITH_PROJECT")
      .describe("The variable with the project's name; where it is not set: weir."),
  })
  .describe("Sends Weir's own calls to LangSmith, as far as traces.capture keeps them.");

/** Where calls go beside Weir's own store. */
export const TracesExport = z
  .strictObject({
    otlp: Otlp.optional(),
    langsmith: LangSmith.optional(),
    spillMiB: z
      .number()
      .int()
      .min(1)
      .default(256)
      .describe(
        "What may wait on disk for each receiver; beyond it calls are dropped, and counted.",
      ),
  })
  .describe("Where Weir's own calls are sent beside its own store. Read at the start.");
export type TracesExport = z.infer<typeof TracesExport>;
