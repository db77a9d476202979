import { readlinkSync } from "node:fs";
import { getPriority, setPriority } from "node:os";
import { join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { WeirError } from "../../core/errors.ts";
import type { Feedback, Project, RunPart } from "../../core/run.ts";
import { RecordLog } from "../../store/record-log.ts";
import { Sealing } from "../../store/sealing.ts";
import { createPricing } from "../../watch/cost/price-run.ts";
import type { RunWriter } from "../../watch/trace/run-store.ts";
import type { IngestRequest } from "../../watch/trace/traces.ts";
import { type IngestTools, TraceKeeper } from "./keeper.ts";
import type { FromThread, ToThread, TraceSettings, TraceThreadData } from "./messages.ts";
import { GroupCommit } from "./group-commit.ts";
import { openRunWriter } from "./store-of.ts";
import { prune } from "./retention.ts";
import { packError } from "./thread-error.ts";

/**
 * The thread that takes traces and owns the trace database. Calls of ours are merged at once when the
 * server is quiet, in small slices with rests when it is busy.
 */

const PUMP_MS = 100;
const BUSY_PER_SECOND = 1000;
/** While calls come fast, merging takes at most this share of the thread's time: the log can wait. */
const BUSY_SHARE = 0.02;
const SLICE_REST_MS = 80;
const RETRY_MS = 1000;
const PRUNE_EVERY_MS = 60_000;
const FIGURES_EVERY_MS = 1000;
/** A question waits for this much of the log; more would make it wait too long. */
const SETTLE_BYTES = 8 * 1024 * 1024;
/** As of `nice`: of the time that both want, calls get nine parts and merging one. */
const LOWER = 10;

yieldToCalls();
const port = parentPort;
if (!port) throw new Error("writer-thread.ts runs as a worker thread");
const data = workerData as TraceThreadData; // set by traces-client.ts alone
let settings: TraceSettings = data.settings;
let price = createPricing(settings.prices);
const log = new RecordLog(join(data.folder, "log"));
const writer = await openRunWriter(data).catch(refuse);
const keeper = new TraceKeeper({
  log,
  writer,
  sealing: new Sealing(data.keys),
  tools,
  price: (what) => price(what),
  capture: (source) => settings.routes[source] ?? settings.capture,
  limits: settings,
  now: Date.now,
  onTrouble: (message) => tell({ type: "trouble", message }),
});
const commit = new GroupCommit(() => log.sync(), setImmediate);
let timer: NodeJS.Timeout | undefined;
let isPumping = false;
let second = 0;
let inSecond = 0;
let toldFigures = "";

port.on("message", (message: ToThread) => void take(message));
const ready = start();
const pruning = setInterval(() => void pruneNow(), PRUNE_EVERY_MS);
const telling = setInterval(() => void tellFigures(), FIGURES_EVERY_MS);

let loaded: Promise<IngestTools> | undefined;

function tools(): Promise<IngestTools> {
  loaded ??= Promise.all([import("./decoders.ts"), import("../../guard/gate.ts")]).then(
    ([{ DECODERS }, { redact }]) => ({ decoders: DECODERS, redact }),
  );
  return loaded;
}

async function start(): Promise<void> {
  await keeper.start();
  schedule(0);
}

async function take(message: ToThread): Promise<void> {
  await ready;
  if (message.type === "calls") await takeCalls(message);
  else if (message.type === "ask") await answer(message);
  else if (message.type === "settings") use(message.settings);
  else await close();
}

function use(next: TraceSettings): void {
  settings = next;
  price = createPricing(next.prices);
}

async function takeCalls({
  ask,
  lines,
  count,
}: Extract<ToThread, { type: "calls" }>): Promise<void> {
  try {
    keeper.appendCalls(lines, count);
    await accepted(ask, undefined);
  } catch (cause) {
    tell({ type: "refused", ask, error: packError(cause) });
    return;
  }
  const now = Math.floor(Date.now() / 1000);
  inSecond = now === second ? inSecond + count : count;
  second = now;
  schedule(isBusy() ? SLICE_REST_MS : 0);
}

/** Answers when what was appended is as safe as the settings ask for. */
async function accepted(ask: number, value: unknown): Promise<void> {
  if (settings.isSynced) await commit.committed();
  tell({ type: "answer", ask, value });
}

/** Whether calls come fast just now. */
function isBusy(): boolean {
  return inSecond > BUSY_PER_SECOND && Date.now() / 1000 - second < 2;
}

function schedule(ms: number): void {
  timer ??= setTimeout(() => void pump(), ms);
}

/** What waits for its time is written as soon as nobody else is to be answered. */
function hurry(): void {
  if (isPumping) return;
  clearTimeout(timer);
  timer = undefined;
  schedule(0);
}

async function pump(): Promise<void> {
  isPumping = true;
  const startedAt = performance.now();
  const hasMore = await keeper.pump();
  const tookMs = performance.now() - startedAt;
  isPumping = false;
  timer = undefined;
  if (keeper.figures.trouble !== null) schedule(RETRY_MS);
  else if (keeper.isFull) schedule(0);
  else if (hasMore) schedule(isBusy() ? tookMs / BUSY_SHARE : 0);
  else if (keeper.isBehind) schedule(PUMP_MS);
  else void keeper.change((database) => database.compact());
}

async function answer({ ask, method, args }: Extract<ToThread, { type: "ask" }>): Promise<void> {
  try {
    if (method === "ingest") {
      await accepted(ask, await keeper.ingest(args[0] as IngestRequest));
      if (keeper.isFull) hurry();
      else schedule(PUMP_MS);
      return;
    }
    const action = ACTIONS[method];
    if (!action) throw new WeirError("internal", `there is no trace action ${method}`);
    tell({ type: "answer", ask, value: await action(...(args as never[])) });
  } catch (cause) {
    tell({ type: "refused", ask, error: packError(cause) });
  }
}

/** Typed by the client's own methods, which are all that asks. */
const ACTIONS: Readonly<Record<string, (...args: never[]) => Promise<unknown>>> = {
  async add(parts: readonly RunPart[], feedback: readonly Feedback[]) {
    await keeper.add(parts, feedback);
    schedule(PUMP_MS);
  },
  settle: () => keeper.settle(SETTLE_BYTES),
  merged: () => keeper.settle(),
  putFeedback: (feedback: Feedback) => keeper.change((database) => database.putFeedback(feedback)),
  removeFeedback: (id: string) => keeper.change((database) => database.removeFeedback(id)),
  putProject: (project: Project) => changeProjects((database) => database.putProject(project)),
  async removeProject(id: string) {
    await keeper.removeWith((database) => database.removeProject(id));
    keeper.projectsChanged();
  },
  remove: (ids: readonly string[]) => keeper.removeWith((database) => database.remove(ids)),
  removeUser: (userId: string, tenantId: string | undefined) =>
    keeper.removeWith((database) => database.removeUser(userId, tenantId)),
};

async function changeProjects<T>(action: (database: RunWriter) => Promise<T>): Promise<T> {
  const result = await keeper.change(action);
  keeper.projectsChanged();
  return result;
}

async function pruneNow(): Promise<void> {
  try {
    await prune((action) => keeper.change(action), settings, Date.now());
  } catch (cause) {
    tell({ type: "trouble", message: packError(cause).message });
  }
}

async function tellFigures(): Promise<void> {
  const figures = { ...keeper.figures, usedBytes: await writer.usedBytes().catch(() => 0) };
  const text = JSON.stringify(figures);
  if (text === toldFigures) return;
  toldFigures = text;
  tell({ type: "figures", figures });
}

async function close(): Promise<void> {
  clearInterval(pruning);
  clearInterval(telling);
  clearTimeout(timer);
  await keeper.settle(SETTLE_BYTES).catch(() => undefined);
  log.close();
  await writer.close();
  tell({ type: "closed" });
  port?.close();
}

/** Where thread and calls share a core, calls go first. Other systems than Linux share by their own rules. */
function yieldToCalls(): void {
  try {
    const thread = Number(readlinkSync("/proc/thread-self").split("/").at(-1));
    setPriority(thread, Math.min(19, getPriority() + LOWER));
  } catch {
    // Traces are merged all the same.
  }
}

/** A database that cannot be used: whoever asks hears why, until the thread is ended. */
function refuse(cause: unknown): Promise<never> {
  const error = packError(cause);
  port?.on("message", (message: ToThread) => {
    if ("ask" in message) tell({ type: "refused", ask: message.ask, error });
    if (message.type !== "close") return;
    tell({ type: "closed" });
    // The rest of this file waits for ever: it is not to be told as a mistake.
    process.exit(0);
  });
  return new Promise<never>(() => undefined);
}

function tell(message: FromThread): void {
  port?.postMessage(message);
}
