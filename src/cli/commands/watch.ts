import { setTimeout as wait } from "node:timers/promises";
import { parseDuration } from "../../core/time.ts";
import type { ProjectList, RunList, RunRow } from "../../http/trace-schemas.ts";
import {
  type Command,
  JSON_OPTION,
  type Terminal,
  UsageError,
  type Values,
  text,
} from "../command.ts";
import { LastMinute, SeenRuns, painter, runLine } from "../live-runs.ts";
import { CLIENT_OPTIONS, request } from "../server-client.ts";
import type { z } from "zod";

/** `weir watch`: model calls as they end, like `top`. */
export const watch: Command = {
  name: "watch",
  summary: "Follow model calls as they end, with their time, tokens and cost",
  options: {
    ...CLIENT_OPTIONS,
    ...JSON_OPTION,
    model: { type: "string", short: "m", value: "MODEL", help: "only this model" },
    status: { type: "string", value: "STATUS", help: "success, error, blocked or canceled" },
    "key-name": { type: "string", value: "NAME", help: "only calls with the key of this name" },
    user: { type: "string", value: "USER", help: "only on behalf of this user" },
    project: { type: "string", value: "PROJECT", help: "only this project, by name or id" },
    slow: { type: "string", value: "TIME", help: "only what took at least so long: 2s, 500ms" },
    all: { type: "boolean", help: "chains, tools and retrievers too, not only models" },
    last: { type: "string", value: "COUNT", help: "begin with so many that ended before (10)" },
    once: { type: "boolean", help: "print these and end" },
  },
  detail: `
One line a run; on a terminal the last line sums up the last minute. Ctrl-C ends it.
With --json each line is a run as JSON. Prompts and answers are not read.

  weir watch --status error
  weir watch --model gpt-5-mini --slow 2s
  weir watch --json | jq .costNanos`,
  async run(values, positionals, terminal) {
    if (positionals.length > 0) throw new UsageError(`unexpected "${positionals[0]}"`);
    const stopped = new AbortController();
    const stop = () => stopped.abort();
    process.once("SIGINT", stop);
    process.once("SIGTERM", stop);
    try {
      await follow(values, terminal, stopped.signal);
    } catch (cause) {
      if (!stopped.signal.aborted) throw cause;
    } finally {
      process.off("SIGINT", stop);
      process.off("SIGTERM", stop);
    }
    return 0;
  },
};

const EVERY_MS = 1000;
/** Calls are listed by their start: one that took longer than this is missed. */
const LOOK_BACK_MS = 15 * 60_000;
const PAGE = 500;
/** Of each look: more in a second nobody reads. */
const MOST_PAGES = 4;
const CLEAR_LINE = "\r\u001b[2K";

async function follow(values: Values, terminal: Terminal, signal: AbortSignal): Promise<void> {
  const filters = await filtersOf(values, terminal, signal);
  const last = lastOf(values);
  const startedAt = Date.now();
  const seen = new SeenRuns();
  const minute = new LastMinute();
  const showsSummary = terminal.isTty && values["json"] !== true;
  const paint = painter(terminal.isTty);
  const show = (runs: readonly RunRow[]) => {
    if (showsSummary) process.stdout.write(CLEAR_LINE);
    for (const run of runs)
      terminal.print(values["json"] ? JSON.stringify(run) : runLine(run, paint));
    if (showsSummary && !values["once"])
      process.stdout.write(paint("bold", minute.summary(Date.now(), startedAt)));
  };
  const look = async () => {
    const runs = await newest({ values, terminal, signal }, filters, seen);
    const wanted = values["all"] ? runs : runs.filter(isModelRun);
    minute.add(wanted, Date.now());
    return wanted;
  };
  const before = await look();
  show(last === 0 ? [] : before.slice(-last));
  if (values["once"]) return;
  try {
    for (;;) {
      await wait(EVERY_MS, undefined, { signal });
      show(await look());
      seen.forget(Date.now() - 2 * LOOK_BACK_MS);
    }
  } finally {
    if (showsSummary) terminal.print("");
    else if (!values["json"]) terminal.note(minute.summary(Date.now(), startedAt));
  }
}

/** What a wrapped client says of a call is the call once more. */
function isModelRun({ type, isCovered }: RunRow): boolean {
  return (type === "llm" || type === "embedding") && !isCovered;
}

function lastOf(values: Values): number {
  const given = text(values, "last") ?? "10";
  if (/^\d{1,4}$/.test(given)) return Number(given);
  throw new UsageError(`--last takes a number; not "${given}"`);
}

interface Asking {
  readonly values: Values;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

/** Looks page by page until one has nothing new. */
async function newest(
  { values, terminal, signal }: Asking,
  filters: Readonly<Record<string, string>>,
  seen: SeenRuns,
): Promise<RunRow[]> {
  const found: RunRow[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const query = new URLSearchParams({
      ...filters,
      from: String(Date.now() - LOOK_BACK_MS),
      limit: String(PAGE),
      texts: "false",
      ...(cursor !== undefined && { cursor }),
    });
    const path = `/admin/v1/runs?${query.toString()}`;
    const answer = await request(path, values, terminal, { signal });
    const { runs, next } = (await answer.json()) as z.infer<typeof RunList>; // our own server's
    found.push(...seen.fresh(runs));
    if (next === null || found.length < (page + 1) * PAGE) break;
    cursor = next;
  }
  return found;
}

async function filtersOf(
  values: Values,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<Record<string, string>> {
  const slow = text(values, "slow");
  const slowMs = slow === undefined ? undefined : parseDuration(slow);
  if (slow !== undefined && slowMs === undefined) {
    throw new UsageError(`--slow takes a time such as 2s or 500ms; not "${slow}"`);
  }
  const project = text(values, "project");
  const given = {
    model: text(values, "model"),
    status: text(values, "status"),
    key: text(values, "key-name"),
    user: text(values, "user"),
    minDurationMs: slowMs?.toString(),
    project: project === undefined ? undefined : await projectId(project, values, terminal, signal),
  };
  return Object.fromEntries(
    Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

async function projectId(
  wanted: string,
  values: Values,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<string> {
  const answer = await request("/admin/v1/projects", values, terminal, { signal });
  const { projects } = (await answer.json()) as z.infer<typeof ProjectList>; // our own server's
  const found = projects.find(({ id, name }) => id === wanted || name === wanted);
  if (found) return found.id;
  const names = projects.map(({ name }) => name).join(", ");
  throw new UsageError(`there is no project "${wanted}"; there are: ${names || "none"}`);
}
