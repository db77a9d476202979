import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { z } from "zod";
import type { RunDetail, RunList, RunRow } from "../../http/trace-schemas.ts";
import {
  type Command,
  JSON_OPTION,
  type Terminal,
  UsageError,
  type Values,
  text,
} from "../command.ts";
import { painter } from "../live-runs.ts";
import { replayFolder } from "../replay-traces.ts";
import { CLIENT_OPTIONS, askServer, request } from "../server-client.ts";
import { WINDOW_OPTIONS, windowOf } from "../time-window.ts";
import { treeLines, treeOf } from "../trace-tree.ts";

/** `weir trace`: one trace as a tree; export, deletion and rescue of traces. */
export const trace: Command = {
  name: "trace",
  summary: "Show a trace as a tree; export, delete or replay traces",
  usage: "ID | export | delete --user USER | delete ID | replay FOLDER",
  options: {
    ...CLIENT_OPTIONS,
    ...JSON_OPTION,
    ...WINDOW_OPTIONS,
    payload: { type: "boolean", help: "with what went in and came out" },
    format: { type: "string", value: "FORMAT", help: "for export: jsonl (default) or parquet" },
    out: { type: "string", short: "o", value: "FILE", help: "for export: into this file" },
    user: { type: "string", value: "USER", help: "for delete and export: this user's runs" },
    tenant: { type: "string", value: "ID", help: "for delete and export: of this tenant alone" },
    model: { type: "string", short: "m", value: "MODEL", help: "for export: only this model" },
    filter: { type: "string", value: "FILTER", help: "for export: in LangSmith's filter language" },
    yes: { type: "boolean", help: "for delete: do it; it cannot be undone" },
    remove: { type: "boolean", help: "for replay: delete the files that were taken" },
  },
  detail: `
An id is a trace's or a run's, as the dashboard and the x-weir-trace-id header have it.
Looking at a trace, and exporting, is noted by the server: see who looked at texts in the dashboard.

  weir trace 0198f0c2e7f27c0d9f6f8a0b1c2d3e4f
  weir trace 0198f0c2e7f27c0d9f6f8a0b1c2d3e4f --payload
  weir trace export --since 7d --format parquet --out week.parquet
  weir trace delete --user ann@example.com --yes
  weir trace replay ./failed-traces

replay sends what LangSmith's SDKs left in LANGSMITH_FAILED_TRACES_DIR. Sending it twice does no harm.`,
  async run(values, [action, argument, ...more], terminal) {
    if (more.length > 0) throw new UsageError(`unexpected "${more[0]}"`);
    if (action === undefined) throw new UsageError("say which trace, by its id");
    const act = Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined;
    if (act) return act({ values, argument, terminal });
    if (argument !== undefined) throw new UsageError(`unknown action "${action}"`);
    return show(action, values, terminal);
  },
};

interface Asked {
  readonly values: Values;
  readonly argument: string | undefined;
  readonly terminal: Terminal;
}

const ACTIONS: Readonly<Record<string, (asked: Asked) => Promise<number>>> = {
  export: exportRuns,
  delete: remove,
  replay,
};

const PAGE = 1000;
/** Calls whose stages are asked for, and runs whose texts are. */
const MOST_DETAILS = 50;

async function show(id: string, values: Values, terminal: Terminal): Promise<number> {
  const runs = await runsOf(id, values, terminal);
  const payloads = values["payload"] === true;
  const details = new Map<string, RunDetail>();
  const asked = runs.filter(({ source }) => payloads || source === "call");
  for (const run of asked.slice(0, MOST_DETAILS)) {
    details.set(run.id, await detailOf(run.id, values, terminal));
  }
  if (values["json"]) {
    const rows = runs.map((run) => ({ ...run, ...withDetail(details.get(run.id), payloads) }));
    terminal.print(JSON.stringify({ runs: rows }, null, 2));
    return 0;
  }
  const paint = painter(terminal.isTty);
  terminal.print(treeLines(treeOf(runs), { details, payloads, paint }).join("\n"));
  if (asked.length > MOST_DETAILS) {
    terminal.note(`Stages and texts are shown of the first ${MOST_DETAILS} runs that have them.`);
  }
  return 0;
}

function withDetail(detail: RunDetail | undefined, payloads: boolean) {
  if (!detail) return {};
  const { spans, findings, payload } = detail;
  return { spans, guardFindings: findings, ...(payloads && { payload }) };
}

/** The runs of the trace of this id, or of the one that the run of this id is in. */
async function runsOf(id: string, values: Values, terminal: Terminal): Promise<RunRow[]> {
  const runs = await pagesOf(id, values, terminal);
  if (runs.length > 0) return runs;
  const { run } = await detailOf(id, values, terminal);
  return pagesOf(run.traceId, values, terminal);
}

async function pagesOf(id: string, values: Values, terminal: Terminal): Promise<RunRow[]> {
  const found: RunRow[] = [];
  let cursor: string | null = null;
  do {
    const query = new URLSearchParams({ limit: String(PAGE), ...(cursor !== null && { cursor }) });
    const path = `/admin/v1/traces/${encodeURIComponent(id)}?${query.toString()}`;
    const page: z.infer<typeof RunList> = await askServer(path, values, terminal);
    found.push(...page.runs);
    cursor = page.next;
  } while (cursor !== null);
  return found;
}

function detailOf(id: string, values: Values, terminal: Terminal): Promise<RunDetail> {
  return askServer<RunDetail>(`/admin/v1/runs/${encodeURIComponent(id)}`, values, terminal);
}

async function exportRuns({ values, argument, terminal }: Asked): Promise<number> {
  if (argument !== undefined) throw new UsageError(`unexpected "${argument}"`);
  const format = text(values, "format") ?? "jsonl";
  if (format !== "jsonl" && format !== "parquet") {
    throw new UsageError(`--format takes jsonl or parquet; not "${format}"`);
  }
  const out = text(values, "out");
  if (format === "parquet" && out === undefined && terminal.isTty) {
    throw new UsageError("parquet is no text: say where it goes with --out FILE");
  }
  const query = new URLSearchParams({ format });
  for (const name of ["user", "tenant", "model", "filter"]) {
    const value = text(values, name);
    if (value !== undefined) query.set(name, value);
  }
  for (const [name, at] of Object.entries(windowOf(values, Date.now()))) {
    query.set(name, String(at));
  }
  const answer = await request(`/admin/v1/runs/export?${query.toString()}`, values, terminal);
  if (!answer.body) return 0;
  const bytes = Readable.fromWeb(answer.body);
  if (out !== undefined) await pipeline(bytes, createWriteStream(out));
  else await pipeline(bytes, process.stdout, { end: false });
  return 0;
}

async function remove({ values, argument, terminal }: Asked): Promise<number> {
  const user = text(values, "user");
  if ((user === undefined) === (argument === undefined)) {
    throw new UsageError("delete takes a trace's id, or --user USER");
  }
  const what = user === undefined ? `the trace ${argument}` : `all runs of the user ${user}`;
  if (values["yes"] !== true) {
    throw new UsageError(`this deletes ${what} for good: say --yes`);
  }
  const tenant = text(values, "tenant");
  const query = tenant === undefined ? "" : `?${new URLSearchParams({ tenant }).toString()}`;
  const path =
    user === undefined
      ? `/admin/v1/traces/${encodeURIComponent(argument ?? "")}`
      : `/admin/v1/users/${encodeURIComponent(user)}/runs${query}`;
  const answer = await request(path, values, terminal, { method: "DELETE" });
  const { removed } = (await answer.json()) as { removed: number }; // our own server's
  terminal.print(values["json"] ? JSON.stringify({ removed }) : `Deleted ${removed} runs.`);
  return 0;
}

async function replay({ values, argument, terminal }: Asked): Promise<number> {
  if (argument === undefined) throw new UsageError("replay needs the folder");
  const done = await replayFolder(argument, values["remove"] === true, values, terminal);
  const failed = done.filter(({ error }) => error !== null);
  if (values["json"]) terminal.print(JSON.stringify(done, null, 2));
  else {
    for (const { file, error } of failed) terminal.note(`${file}: ${error}`);
    terminal.print(`Sent ${done.length - failed.length} of ${done.length} files.`);
  }
  return failed.length === 0 ? 0 : 1;
}
