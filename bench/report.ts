import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { fileURLToPath } from "node:url";

export interface Row {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** The same of the peer, measured in the same run. */
  readonly peer?: number;
  /** Ours by the peer's. */
  readonly ratio?: number;
  readonly target?: string;
  readonly met?: boolean;
}

export interface Report {
  readonly name: string;
  readonly commit: string;
  readonly machine: string;
  readonly notes: readonly string[];
  readonly rows: readonly Row[];
  /** The notes have tables of their own: the rows stand in the JSON only. */
  readonly hasOwnTables?: boolean;
}

const RESULTS = fileURLToPath(new URL("./results/", import.meta.url));

/** Writes `bench/results/NAME.json` and the table beside it. */
export function writeReport(report: Report): void {
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(`${RESULTS}${report.name}.json`, `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(`${RESULTS}${report.name}.md`, toMarkdown(report));
}

export function toMarkdown({ name, commit, machine, notes, rows, hasOwnTables }: Report): string {
  const lines = rows.map(
    ({ what, value, unit, peer, ratio, target, met }) =>
      `| ${what} | ${show(value)} ${unit} | ${peer === undefined ? "" : `${show(peer)} ${unit}`} | ` +
      `${ratio === undefined ? "" : ratio.toFixed(2)} | ${target ?? ""} | ${met === undefined ? "" : met ? "yes" : "**no**"} |`,
  );
  const head = [`# ${name}`, "", `Commit ${commit}; ${machine}.`, ...notes, ""];
  if (hasOwnTables) return head.join("\n");
  return [
    ...head,
    "| what | weir | peer | ratio | target | met |",
    "| --- | --- | --- | --- | --- | --- |",
    ...lines,
    "",
  ].join("\n");
}

function show(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(1);
}

/** Cores, CPU, memory and Node; nothing that names the machine. */
export function describeMachine(): string {
  const [first, ...others] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${others.length + 1} × ${first?.model.trim() ?? "unknown"}, ${memory} GiB, Node ${process.version}`;
}

export function currentCommit(): string {
  try {
    return execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
  } catch {
    return "unknown";
  }
}
