import { join } from "node:path";
import type { TracesExport } from "../config/traces-export.ts";
import { WeirError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { later } from "../core/time.ts";
import { callSpans } from "../watch/export/call-spans.ts";
import type { ExportFeed } from "../watch/export/export-feed.ts";
import { type Exporter, createExporter } from "../watch/export/exporter.ts";
import { exportGauges } from "../watch/export/gauges.ts";
import { httpDeliver, packed } from "../watch/export/http-deliver.ts";
import { LANGSMITH_BOUNDARY, langsmithBatch } from "../watch/export/langsmith-batch.ts";
import { openSpillFolder } from "../watch/export/spill-folder.ts";
import type { Family, Gauge } from "../watch/metrics/exposition.ts";
import { writeMetrics } from "../watch/otlp/write-metrics.ts";
import { type Sender, writeSpans } from "../watch/otlp/write-spans.ts";
import { VERSION } from "./release.ts";

export interface ExportSettings {
  readonly config: TracesExport | undefined;
  readonly dataFolder: string;
  /** Reads a secret by the name of its variable. */
  readonly secret: (name: string) => string | undefined;
  readonly log: Log;
}

export interface Exports extends ExportFeed {
  gauges(): Gauge[];
  /** Begins to push metrics, where a collector is to have them. */
  pushMetrics(families: () => Family[]): void;
  flush(): Promise<void>;
}

const MIB = 1024 * 1024;
const TIMEOUT_MS = 30_000;
/** A server that ends does not wait longer for a collector. */
const LAST_PUSH_MS = 2000;
const HOSTED = "https://api.smith.langchain.com";
const PROJECT = "weir";

/** The receivers that weir.yaml names. Throws invalid_config where one lacks its key. */
export async function openExports(
  settings: ExportSettings,
  stack: AsyncDisposableStack,
): Promise<Exports> {
  const { config } = settings;
  const exporters: Exporter[] = [];
  const open = async (receiver: string, needs: Receiving) => {
    const exporter = await openExporter(receiver, needs, settings);
    stack.defer(() => exporter.close());
    exporters.push(exporter);
  };
  if (config?.otlp?.traces) await open("otlp", otlpReceiver(config.otlp, settings));
  if (config?.langsmith) await open("langsmith", langsmithReceiver(config.langsmith, settings));
  return {
    offer(call) {
      for (const exporter of exporters) exporter.offer(call);
    },
    gauges: () => exportGauges(exporters.map((exporter) => exporter.figures())),
    pushMetrics(families) {
      if (config?.otlp?.metrics) stack.defer(pushing(config.otlp, settings, families));
    },
    async flush() {
      await Promise.all(exporters.map((exporter) => exporter.flush()));
    },
  };
}

interface Receiving {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly encode: Parameters<typeof createExporter>[0]["encode"];
}

async function openExporter(
  receiver: string,
  { url, headers, encode }: Receiving,
  { config, dataFolder, log }: ExportSettings,
): Promise<Exporter> {
  const folder = join(dataFolder, "exports", receiver);
  return createExporter({
    receiver,
    encode,
    deliver: httpDeliver({ url, headers, timeoutMs: TIMEOUT_MS, now: Date.now }),
    spill: await openSpillFolder(folder, (config?.spillMiB ?? 0) * MIB),
    later,
    random: Math.random,
    log,
  });
}

type Otlp = NonNullable<TracesExport["otlp"]>;

function senderOf({ serviceName }: Otlp): Sender {
  const resource = new Map([
    ["service.name", serviceName],
    ["service.version", VERSION],
  ]);
  return { resource, scopeName: "weir", scopeVersion: VERSION };
}

function otlpReceiver(config: Otlp, { secret }: ExportSettings): Receiving {
  const sender = senderOf(config);
  return {
    url: under(config.url, "/v1/traces"),
    headers: otlpHeaders(config, secret),
    encode: (calls) =>
      writeSpans(
        calls.flatMap((call) => callSpans(call, config)),
        sender,
      ),
  };
}

/** As OpenTelemetry's own variable has them: `name=value,name=value`, encoded as in addresses. */
function otlpHeaders(
  { headersEnv }: Otlp,
  secret: ExportSettings["secret"],
): Record<string, string> {
  const pairs = (secret(headersEnv) ?? "").split(",").filter((pair) => pair.includes("="));
  const named = pairs.map((pair): [string, string] => {
    const at = pair.indexOf("=");
    return [pair.slice(0, at).trim().toLowerCase(), decoded(pair.slice(at + 1).trim())];
  });
  return { ...Object.fromEntries(named), "content-type": "application/x-protobuf" };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function langsmithReceiver(
  { endpointEnv, apiKeyEnv, projectEnv }: NonNullable<TracesExport["langsmith"]>,
  { secret }: ExportSettings,
): Receiving {
  const key = secret(apiKeyEnv);
  if (!key) {
    throw new WeirError(
      "invalid_config",
      `traces.export.langsmith needs a key: set the environment variable ${apiKeyEnv}.`,
    );
  }
  const project = secret(projectEnv) || PROJECT;
  return {
    url: under(secret(endpointEnv) || HOSTED, "/runs/multipart"),
    headers: {
      "x-api-key": key,
      "content-type": `multipart/form-data; boundary=${LANGSMITH_BOUNDARY}`,
    },
    encode: (calls) => langsmithBatch(calls, project),
  };
}

function under(url: string, path: string): string {
  const base = url.replace(/\/+$/, "");
  return base.endsWith(path) ? base : base + path;
}

/** Metrics are added up over time: what a collector missed, the next push has too. */
function pushing(config: Otlp, { secret, log }: ExportSettings, families: () => Family[]) {
  const sender = senderOf(config);
  const url = under(config.url.replace(/\/v1\/traces\/*$/, ""), "/v1/metrics");
  const headers = otlpHeaders(config, secret);
  const deliver = httpDeliver({ url, headers, timeoutMs: TIMEOUT_MS, now: Date.now });
  const startedAt = Date.now();
  let isFailing = false;
  const push = async (signal?: AbortSignal) => {
    const body = writeMetrics(families(), sender, { startedAt, now: Date.now() });
    const delivery = await deliver(await packed(body), signal);
    const failed = delivery.kind !== "taken";
    if (failed && !isFailing) log.warn("metrics_not_exported", { reason: delivery.reason });
    isFailing = failed;
  };
  const timer = setInterval(() => void push(), config.metricsEvery).unref();
  return async () => {
    clearInterval(timer);
    // The last minute of a process that ends is its own only.
    if (!isFailing) await push(AbortSignal.timeout(LAST_PUSH_MS));
  };
}
