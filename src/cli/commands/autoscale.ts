import { readFileSync, writeFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { WeirError, messageOf } from "../../core/errors.ts";
import { formatDuration, parseDuration } from "../../core/time.ts";
import type { ScalingList } from "../../http/scaling-schemas.ts";
import { USUAL_SLO } from "../../ship/simulate/defaults.ts";
import type { Trace } from "../../ship/simulate/trace.ts";
import { readTrace } from "../../ship/simulate/trace-file.ts";
import {
  type Command,
  JSON_OPTION,
  type Terminal,
  UsageError,
  type Values,
  text,
} from "../command.ts";
import { openProgress } from "../progress.ts";
import { recordedCalls } from "../recorded-calls.ts";
import {
  type ComparisonSettings,
  OURS,
  type Point,
  RIVAL_NAMES,
  bestOf,
  comparePolicies,
} from "../scaling-comparison.ts";
import { printManifests } from "../scaling-manifests.ts";
import { scalingPlot } from "../scaling-plot.ts";
import { CLIENT_OPTIONS, askServer } from "../server-client.ts";
import { rightTable, table } from "../table.ts";

/** `weir autoscale`: what is decided of replicas, and what would have been by other policies. */
export const autoscale: Command = {
  name: "autoscale",
  summary: "See how models are scaled, and try policies on recorded traffic",
  usage: "[status | backtest | simulate TRACE | manifests keda|gateway]",
  options: {
    ...CLIENT_OPTIONS,
    ...JSON_OPTION,
    model: { type: "string", short: "m", value: "MODEL", help: "for backtest: only its calls" },
    since: { type: "string", value: "TIME", help: "for backtest: how far back, as 24h (7d)" },
    policy: {
      type: "string",
      multiple: true,
      value: "NAME",
      help: `only these rivals: ${RIVAL_NAMES.join(", ")}`,
    },
    min: { type: "string", value: "N", help: "the fewest replicas (1)" },
    max: { type: "string", value: "N", help: "the most (64)" },
    "start-delay": { type: "string", value: "TIME", help: "until a replica is ready (120s)" },
    "slo-ttft": { type: "string", value: "TIME", help: "first token in time (2s)" },
    "slo-itl": { type: "string", value: "TIME", help: "each further token (100ms)" },
    headroom: { type: "string", value: "SHARE", help: "of ours, as 0.5" },
    workload: { type: "string", value: "NAME", help: "for manifests: the Deployment" },
    namespace: { type: "string", value: "NAME", help: "for manifests (default)" },
    plot: { type: "string", value: "FILE.svg", help: "draw calls in time against replica-hours" },
  },
  detail: `
status tells of every model with scale: in weir.yaml how many replicas it has, and why. backtest plays the
calls that a running server recorded to every policy; simulate does so with a trace: CSV (or .csv.gz) with
the columns t_ms,input_tokens,output_tokens. Ours has one setting. Of each rival the table shows the knob
that would have been the cheapest with as many calls in time, chosen afterwards.

manifests prints what others need to scale: keda a ScaledObject that asks this server for a model's number
of replicas, gateway an HPA for Weir itself (processor, memory, calls a second).

The replica is a model of continuous batching on one GPU, not your engine: compare policies by it, and
do not read times off it.

  weir autoscale simulate azure2023_conv.csv.gz --plot azure.svg
  weir autoscale backtest --since 24h --max 8`,
  async run(values, [action = "status", file, ...rest], terminal) {
    if (rest.length > 0) throw new UsageError(`one trace at a time, not also ${rest.join(" ")}`);
    if (action === "status") return status(values, terminal);
    if (action === "simulate") {
      if (file === undefined) throw new UsageError("simulate needs a trace: a CSV file");
      settingsOf(values); // what was asked is looked at before any file
      return compare(readFile(file), values, terminal);
    }
    if (action === "backtest") return backtest(values, terminal);
    if (action === "manifests") return printManifests(file, settingsOf(values), values, terminal);
    throw new UsageError(`unknown action "${action}"`);
  },
};

async function status(values: Values, terminal: Terminal): Promise<number> {
  const { models } = await askServer<ScalingList>("/admin/v1/scaling", values, terminal);
  if (values["json"]) terminal.print(JSON.stringify(models, null, 2));
  else if (models.length === 0) {
    terminal.print(
      "No model is scaled. Write scale: { max: 3 } beside a model's targets in weir.yaml.",
    );
  } else {
    const rows = models.map((one) => [
      one.model,
      one.policy,
      `${one.min}–${one.max}`,
      one.asleep
        ? "asleep"
        : `${one.ready} ready${one.starting > 0 ? `, ${one.starting} starting` : ""}`,
      one.wanted === null ? "" : String(one.wanted),
      one.trouble ?? one.decisions[0]?.why ?? "",
    ]);
    terminal.print(table(["MODEL", "POLICY", "BOUNDS", "REPLICAS", "WANTED", "WHY"], rows));
  }
  return 0;
}

/** Fewer calls say nothing of a policy. */
const LEAST_CALLS = 20;

async function backtest(values: Values, terminal: Terminal): Promise<number> {
  const since = text(values, "since") ?? "7d";
  const ms = parseDuration(since);
  if (ms === undefined) throw new UsageError("--since is a time such as 1h, 24h or 7d");
  const ask = { from: Date.now() - ms, model: text(values, "model") };
  const progress = openProgress("Reading", (count) => `${count} calls`, terminal);
  const { trace } = await recordedCalls(ask, values, terminal, (read) =>
    progress(read, read),
  ).finally(() => progress.end());
  const found = trace?.at.length ?? 0;
  if (!trace || found < LEAST_CALLS) {
    throw new WeirError(
      "invalid_request",
      `The server recorded ${found} calls${ask.model === undefined ? "" : ` of ${ask.model}`} in the last ${since} that made an answer; ${LEAST_CALLS} are the least that a comparison needs. Look further back with --since, or play a public trace: weir autoscale simulate FILE`,
    );
  }
  return compare(trace, values, terminal);
}

function compare(trace: Trace, values: Values, terminal: Terminal): number {
  const settings = settingsOf(values);
  const progress = openProgress("Playing", (count) => `${count} runs`, terminal);
  let points: Point[];
  try {
    points = comparePolicies(trace, settings, progress);
  } finally {
    progress.end();
  }
  const plot = text(values, "plot");
  const title = `${trace.name}: calls in time by replica-hours`;
  if (plot !== undefined) writeFileSync(plot, scalingPlot(points, title));
  const { at, spanMs } = trace;
  if (values["json"]) {
    const { name } = trace;
    terminal.print(
      JSON.stringify({ trace: name, calls: at.length, spanMs, settings, points }, null, 2),
    );
    return 0;
  }
  terminal.print(`${trace.name}: ${at.length} calls in ${formatDuration(spanMs)}.\n`);
  terminal.print(tableOf(bestOf(points)));
  if (plot !== undefined) terminal.print(`\nDrawn: ${plot}`);
  return 0;
}

function tableOf(points: readonly Point[]): string {
  const [ours] = points;
  const rows = points.map((point) => [
    point.policy,
    point.knob === null ? "one setting" : String(point.knob),
    `${(100 * point.inTime).toFixed(2)} %`,
    point.replicaHours.toPrecision(4),
    ours && point.policy !== OURS ? `×${(point.replicaHours / ours.replicaHours).toFixed(2)}` : "",
    String(point.peak),
    String(point.changes),
    formatDuration(point.ttftP95Ms),
  ]);
  const heads = [
    "POLICY",
    "KNOB",
    "IN TIME",
    "REPLICA-HOURS",
    "BY OURS",
    "PEAK",
    "CHANGES",
    "TTFT P95",
  ];
  return rightTable(heads, rows, 2);
}

function settingsOf(values: Values): ComparisonSettings {
  const [min, max] = [countOf(values, "min", 1), countOf(values, "max", 64)];
  if (min > max) throw new UsageError("--min is at most --max");
  const asked = [values["policy"] ?? []].flat().map(String);
  const unknown = asked.find((name) => !RIVAL_NAMES.includes(name));
  if (unknown !== undefined) {
    throw new UsageError(`--policy ${unknown}: there is ${RIVAL_NAMES.join(", ")}`);
  }
  const headroom = text(values, "headroom");
  const share = headroom === undefined ? undefined : Number(headroom);
  if (share !== undefined && !(share >= 0.1 && share <= 1)) {
    throw new UsageError("--headroom is a share from 0.1 to 1");
  }
  return {
    min,
    max,
    startDelayMs: timeOf(values, "start-delay", 120_000),
    slo: {
      ...USUAL_SLO,
      ttftMs: timeOf(values, "slo-ttft", USUAL_SLO.ttftMs),
      itlMs: timeOf(values, "slo-itl", USUAL_SLO.itlMs),
    },
    headroom: share,
    rivals: asked.length > 0 ? asked : undefined,
  };
}

function countOf(values: Values, name: string, fallback: number): number {
  const asked = text(values, name);
  if (asked === undefined) return fallback;
  const count = Number(asked);
  if (Number.isInteger(count) && count >= 1 && count <= 1000) return count;
  throw new UsageError(`--${name} is a whole number from 1 to 1000`);
}

function timeOf(values: Values, name: string, fallback: number): number {
  const asked = text(values, name);
  const ms = asked === undefined ? fallback : parseDuration(asked);
  if (ms === undefined || ms <= 0)
    throw new UsageError(`--${name} is a time such as 500ms, 2s or 2m`);
  return ms;
}

function readFile(path: string): Trace {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
    if (path.endsWith(".gz")) bytes = gunzipSync(bytes);
  } catch (cause) {
    throw new WeirError("invalid_request", `Cannot read ${path}: ${messageOf(cause)}`, { cause });
  }
  return readTrace(bytes.toString("utf8"), path);
}
