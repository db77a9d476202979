import { join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { messageOf } from "../../core/errors.ts";
import { AppendLog } from "../append-log.ts";
import { type CallFilter, type CallRow, openCallStore } from "./calls.ts";

/**
 * The thread that owns the trace database. Calls are appended to a log, which is cheap, and merged
 * into SQLite afterwards: at once when the server is quiet, in small slices with rests when it is
 * busy. A question is answered from SQLite after what is waiting, if that is little, was merged.
 */

export interface TraceWorkerData {
  readonly folder: string;
  readonly keepMs: number;
}

/** Each question and what it is answered with. */
export interface TraceQuestions {
  find: { id: string };
  list: CallFilter;
  figures: { from: number; to: number };
  countsByModel: { from: number };
  spending: { day: number; month: number };
  /** Answers when everything appended so far is merged. */
  merged: Record<string, never>;
}

export type ToTraceWorker =
  | { readonly type: "append"; readonly lines: Uint8Array; readonly count: number }
  | { readonly type: "keep"; readonly keepMs: number }
  | { readonly type: "close" }
  | {
      readonly type: "ask";
      readonly ask: number;
      readonly question: keyof TraceQuestions;
      readonly detail: unknown;
    };

export type FromTraceWorker =
  | { readonly type: "answer"; readonly ask: number; readonly value: unknown }
  | { readonly type: "refused"; readonly ask: number; readonly message: string }
  /** Calls taken into the log; with `error`, calls that could not be, to be sent again. */
  | { readonly type: "appended"; readonly count: number; readonly error?: string }
  | { readonly type: "trouble"; readonly message: string }
  | { readonly type: "closed" };

const BUSY_PER_SECOND = 1000;
/** While calls come fast, merging takes at most this share of the thread's time: the log can wait. */
const BUSY_SHARE = 0.02;
const SLICE_REST_MS = 80;
const PRUNE_EVERY_MS = 60_000;
const PRUNE_ROWS = 1000;
/** A question waits for this much of the log; more would make it wait too long. */
const MERGE_BEFORE_ANSWER_BYTES = 4 * 1024 * 1024;

const port = parentPort;
if (!port) throw new Error("trace-worker.ts runs as a worker thread");
const { folder, keepMs } = workerData as TraceWorkerData; // set by trace-store.ts alone
const log = new AppendLog(join(folder, "log"));
const calls = openCallStore(join(folder, "traces.db"));
let position = calls.position();
let keep = keepMs;
let timer: NodeJS.Timeout | undefined;
let second = 0;
let inSecond = 0;

port.on("message", (message: ToTraceWorker) => {
  if (message.type === "append") append(message.lines, message.count);
  else if (message.type === "ask") answer(message.ask, message.question, message.detail);
  else if (message.type === "keep") keep = message.keepMs;
  else close();
});
const pruning = setInterval(prune, PRUNE_EVERY_MS);
schedule(0);

function append(lines: Uint8Array, count: number): void {
  try {
    log.append(lines);
    tell({ type: "appended", count });
  } catch (cause) {
    tell({ type: "appended", count, error: messageOf(cause) });
    return;
  }
  const now = Math.floor(Date.now() / 1000);
  inSecond = now === second ? inSecond + count : count;
  second = now;
  schedule(isBusy() ? SLICE_REST_MS : 0);
}

/** Whether calls come fast just now. */
function isBusy(): boolean {
  return inSecond > BUSY_PER_SECOND && Date.now() / 1000 - second < 2;
}

function schedule(ms: number): void {
  timer ??= setTimeout(() => {
    timer = undefined;
    const startedAt = performance.now();
    if (!mergeSlice()) return;
    schedule(isBusy() ? (performance.now() - startedAt) / BUSY_SHARE : 0);
  }, ms);
}

/** Merges one chunk of the log; false when nothing is left or the database cannot take it now. */
function mergeSlice(): boolean {
  const chunk = log.read(position);
  if (!chunk) return false;
  try {
    calls.add(chunk.lines.flatMap(parseLine), chunk.next);
    if (position && position.segment !== chunk.next.segment) log.forget(chunk.next);
    position = chunk.next;
    return true;
  } catch (cause) {
    // The log still has it: it is tried again with the next append, or after a restart.
    tell({ type: "trouble", message: messageOf(cause) });
    return false;
  }
}

function parseLine(line: string): CallRow[] {
  try {
    return [JSON.parse(line) as CallRow]; // written by the recorder alone
  } catch {
    return [];
  }
}

function mergeAll(limit = Number.POSITIVE_INFINITY): void {
  if (log.backlog(position) <= limit) while (mergeSlice());
}

function answer(ask: number, question: keyof TraceQuestions, detail: unknown): void {
  try {
    mergeAll(question === "merged" ? undefined : MERGE_BEFORE_ANSWER_BYTES);
    tell({ type: "answer", ask, value: ANSWERS[question](detail as never) }); // typed by TraceQuestions
  } catch (cause) {
    tell({ type: "refused", ask, message: messageOf(cause) });
  }
}

const ANSWERS: { [Q in keyof TraceQuestions]: (detail: TraceQuestions[Q]) => unknown } = {
  find: ({ id }) => calls.find(id),
  list: (filter) => calls.list(filter),
  figures: ({ from, to }) => calls.figures(from, to),
  countsByModel: ({ from }) => calls.countsByModel(from),
  spending: ({ day, month }) => calls.spending(day, month),
  merged: () => undefined,
};

function prune(): void {
  try {
    calls.prune(Date.now() - keep, PRUNE_ROWS);
  } catch (cause) {
    tell({ type: "trouble", message: messageOf(cause) });
  }
}

function close(): void {
  clearInterval(pruning);
  clearTimeout(timer);
  mergeAll(MERGE_BEFORE_ANSWER_BYTES);
  log.close();
  calls.close();
  tell({ type: "closed" });
  port?.close();
}

function tell(message: FromTraceWorker): void {
  port?.postMessage(message);
}
