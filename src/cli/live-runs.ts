import { styleText } from "node:util";
import { formatDollars } from "../core/money.ts";
import { formatDuration } from "../core/time.ts";
import type { RunRow } from "../http/trace-schemas.ts";

/** Runs as they end, one line each, and what the last minute came to. Pure. */

/** Which of the runs that a server lists are new, whatever order they end in. */
export class SeenRuns {
  private seen = new Map<string, number>();

  /** Those that have ended and were not given before, the oldest first. */
  fresh(runs: readonly RunRow[]): RunRow[] {
    const news = runs.filter(({ id, status }) => status !== "pending" && !this.seen.has(id));
    for (const { id, at } of news) this.seen.set(id, at);
    return news.toSorted((a, b) => endOf(a) - endOf(b));
  }

  /** Forgets what began before a time: nobody lists it again. */
  forget(before: number): void {
    for (const [id, at] of this.seen) if (at < before) this.seen.delete(id);
  }
}

export function endOf({ at, durationMs }: RunRow): number {
  return at + (durationMs ?? 0);
}

export type Color = Parameters<typeof styleText>[0];
export type Paint = (color: Color, text: string) => string;

/** Colours only where somebody looks. */
export function painter(isTty: boolean): Paint {
  return (color, text) => (isTty ? styleText(color, text, { validateStream: false }) : text);
}

const COLORS: Readonly<Record<RunRow["status"], Color>> = {
  success: "green",
  error: "red",
  blocked: "yellow",
  canceled: "gray",
  pending: "cyan",
};

export function runLine(run: RunRow, paint: Paint): string {
  const { status, model, name, durationMs, ttftMs, inputTokens, outputTokens, costNanos } = run;
  const time = new Date(endOf(run)).toISOString().slice(11, 23);
  const who = run.userId ?? run.keyName ?? "";
  const first = ttftMs === null ? "" : `first ${formatDuration(ttftMs)}`;
  const cells = [
    paint("gray", time),
    paint(COLORS[status], status.padEnd(8)),
    clipped(model ?? name, 28).padEnd(28),
    (durationMs === null ? "" : formatDuration(durationMs)).padStart(8),
    first.padStart(13),
    `${inputTokens}→${outputTokens} tok`.padStart(16),
    (costNanos === null ? "no price" : formatDollars(costNanos)).padStart(11),
    clipped(who, 20),
    run.findings > 0 ? paint("yellow", `${run.findings} findings`) : "",
    run.errorCode === null ? "" : paint("red", run.errorCode),
  ];
  return cells.join("  ").trimEnd();
}

/** Names come from clients: what could move the cursor is left out. */
function clipped(text: string, width: number): string {
  const plain = text.replaceAll(/[\x00-\x1f\x7f-\x9f]/g, "?"); // eslint-disable-line no-control-regex
  return plain.length > width ? `${plain.slice(0, width - 1)}…` : plain;
}

const MINUTE_MS = 60_000;

/** What the runs of the last minute came to. */
export class LastMinute {
  private runs: RunRow[] = [];

  add(runs: readonly RunRow[], now: number): void {
    this.runs = [...this.runs, ...runs].filter((run) => endOf(run) > now - MINUTE_MS);
  }

  summary(now: number, since: number): string {
    const recent = this.runs.filter((run) => endOf(run) > now - MINUTE_MS);
    const seconds = Math.max(1, Math.min(MINUTE_MS, now - since) / 1000);
    const errors = recent.filter(({ status }) => status === "error").length;
    const durations = recent
      .flatMap(({ status, durationMs }) =>
        status === "success" && durationMs !== null ? [durationMs] : [],
      )
      .toSorted((a, b) => a - b);
    const p95 = durations[Math.min(durations.length - 1, Math.floor(durations.length * 0.95))];
    const sum = (of: (run: RunRow) => number) => recent.reduce((all, run) => all + of(run), 0);
    return [
      "last minute:",
      `${(recent.length / seconds).toFixed(1)} runs/s`,
      `p95 ${p95 === undefined ? "–" : formatDuration(p95)}`,
      `${errors} errors`,
      `${sum(({ inputTokens }) => inputTokens)}→${sum(({ outputTokens }) => outputTokens)} tok`,
      formatDollars(sum(({ costNanos }) => costNanos ?? 0)),
    ].join("  ");
  }
}
