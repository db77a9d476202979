import type { FindingRecord } from "../core/call.ts";
import { formatDollars } from "../core/money.ts";
import { formatDuration } from "../core/time.ts";
import type { RunDetail, RunRow } from "../http/trace-schemas.ts";
import type { Paint } from "./live-runs.ts";

/** A trace as a tree of lines: runs under runs, and a call's stages under the call. Pure. */

export interface TreeNode {
  readonly run: RunRow;
  readonly children: readonly TreeNode[];
}

/** Runs by their parents; one whose parent is not there, or is itself, stands at the top. */
export function treeOf(runs: readonly RunRow[]): TreeNode[] {
  const byId = new Map(runs.map((run) => [run.id, run]));
  const under = Map.groupBy(runs, ({ parentId }) => parentId ?? "");
  const placed = new Set<string>();
  const build = (run: RunRow): TreeNode => {
    placed.add(run.id);
    const children = (under.get(run.id) ?? []).filter(({ id }) => !placed.has(id));
    return { run, children: children.map(build) };
  };
  const isTop = ({ parentId }: RunRow) => parentId === null || !byId.has(parentId);
  const tops = runs.filter(isTop).map(build);
  // Runs that are each other's parents hang under nothing.
  for (const run of runs) if (!placed.has(run.id)) tops.push(build(run));
  return tops;
}

type Span = RunDetail["spans"][number];

export interface TreeOptions {
  readonly details: ReadonlyMap<string, RunDetail>;
  readonly payloads: boolean;
  readonly paint: Paint;
}

export function treeLines(nodes: readonly TreeNode[], options: TreeOptions): string[] {
  return nodes.flatMap((node, index) =>
    branch(node, { lead: "", isLast: index === nodes.length - 1, isTop: true }, options),
  );
}

interface Place {
  readonly lead: string;
  readonly isLast: boolean;
  readonly isTop: boolean;
}

function branch({ run, children }: TreeNode, place: Place, options: TreeOptions): string[] {
  const { lead, isLast, isTop } = place;
  const below = isTop ? lead : `${lead}${isLast ? "   " : "│  "}`;
  const detail = options.details.get(run.id);
  const notes = detail ? stageLines(detail, options.paint) : [];
  const texts = detail && options.payloads ? payloadLines(detail, options.paint) : [];
  const bar = children.length > 0 ? "│  " : "   ";
  return [
    `${lead}${isTop ? "" : isLast ? "└─ " : "├─ "}${runText(run, options.paint)}`,
    ...[...notes, ...texts].map((line) => `${below}${bar}${line}`),
    ...children.flatMap((child, index) =>
      branch(child, { lead: below, isLast: index === children.length - 1, isTop: false }, options),
    ),
  ];
}

function runText(run: RunRow, paint: Paint): string {
  const { name, type, model, status, durationMs, ttftMs, inputTokens, outputTokens } = run;
  const isFine = status === "success";
  return [
    paint("bold", printable(name)),
    paint("gray", type),
    model !== null && model !== name ? printable(model) : "",
    durationMs === null ? "running" : formatDuration(durationMs),
    ttftMs === null ? "" : `first ${formatDuration(ttftMs)}`,
    inputTokens + outputTokens > 0 ? `${inputTokens}→${outputTokens} tok` : "",
    run.costNanos === null ? "" : formatDollars(run.costNanos),
    isFine ? "" : paint(status === "pending" ? "cyan" : "red", status),
    run.errorCode === null ? "" : paint("red", run.errorCode),
  ]
    .filter(Boolean)
    .join("  ");
}

/** A call's attempts and checks, and what the guard found. */
function stageLines({ spans, findings }: RunDetail, paint: Paint): string[] {
  const stages = spans.filter(({ kind }) => kind !== "call").map((span) => stageText(span, paint));
  const records = findings as readonly FindingRecord[]; // as the gateway recorded them
  const found = records.map(({ detector, action, origin, confidence }) =>
    paint(
      "yellow",
      `finding  ${detector}  ${action}  in ${origin}  ${Math.round(confidence * 100)} %`,
    ),
  );
  return [...stages, ...found];
}

function stageText(
  { kind, name, startMs, durationMs, status, attributes }: Span,
  paint: Paint,
): string {
  const error = attributes["error.type"] ?? attributes["errorCode"];
  const bad = status === "ok" ? "" : paint("red", `${status}${error ? ` ${error}` : ""}`);
  const what = kind === "attempt" ? `attempt  ${name}` : name;
  const text = `${printable(what)}  at ${formatDuration(startMs)}  took ${shortTime(durationMs)}`;
  return [paint("gray", text), bad].filter(Boolean).join("  ");
}

function shortTime(ms: number): string {
  return ms < 10 ? `${ms.toFixed(2)} ms` : formatDuration(ms);
}

function payloadLines({ payload }: RunDetail, paint: Paint): string[] {
  return Object.entries(payload).flatMap(([name, value]) => [
    paint("cyan", `${name}:`),
    ...JSON.stringify(value, null, 2).split("\n").map(printable),
  ]);
}

/** Texts come from strangers: what could move the cursor is shown, not done. */
function printable(text: string): string {
  return text.replaceAll(/[\x00-\x1f\x7f-\x9f]/g, "?"); // eslint-disable-line no-control-regex
}
