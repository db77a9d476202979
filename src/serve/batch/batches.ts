/**
 * OpenAI's batches: files of requests that run when there is room, within a day. A batch is validated
 * whole before its first line runs. Lines go through the same path as any call, so keys, limits,
 * budgets, guard and traces hold for them.
 *
 * Every result is appended to a journal before it counts, and the journals become the output files.
 * A process that dies at any moment loses no recorded line and repeats none; a line that was running
 * then runs again: at least once, not exactly once.
 */
import type { Caller } from "../../core/call.ts";
import { WeirError } from "../../core/errors.ts";
import { type Batch, fromKept, isOver, toKept, toWire } from "./batch.ts";
import { BatchRun } from "./batch-run.ts";
import type { BatchNeeds } from "./needs.ts";
import { Slots } from "./slots.ts";

export interface NewBatch {
  readonly endpoint: string;
  readonly inputFileId: string;
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly outputExpiresAfterSeconds: number | null;
}

export type WireBatch = ReturnType<typeof toWire>;

export interface Batches {
  /** Throws invalid_request, or not_found for the input file. */
  create(caller: Caller, batch: NewBatch): WireBatch;
  /** The following throw not_found for what is not this key's. */
  get(caller: Caller, id: string): WireBatch;
  /** Oldest first. */
  list(caller: Caller): readonly WireBatch[];
  /** Throws conflict for a batch that is over. */
  cancel(caller: Caller, id: string): WireBatch;
  /** Goes on with what an earlier process left. */
  resume(): void;
  /** Stops where it is; resolves when nothing runs any more. */
  close(): Promise<void>;
}

const DAY_MS = 86_400_000;
const MAX_INPUT_BYTES = 200 * 1024 * 1024;
/** Batches that are worked on at a time; the others wait as `validating`. */
const MAX_ACTIVE = 16;

/** Builds the queue; nothing runs before `create` or `resume`. */
export function createBatches(needs: BatchNeeds): Batches {
  const { shelf } = needs;
  const runs = new Map<string, { readonly run: BatchRun; readonly done: Promise<void> }>();
  const lines = new Slots(needs.concurrency);
  const active = new Slots(() => MAX_ACTIVE);
  let isClosed = false;

  function start(batch: Batch): void {
    const run = new BatchRun(batch, needs, lines);
    runs.set(batch.id, { run, done: workInTurn(batch.id, run) });
  }

  async function workInTurn(id: string, run: BatchRun): Promise<void> {
    await active.take();
    try {
      if (!isClosed) await run.work();
    } finally {
      active.release();
      runs.delete(id);
    }
  }

  function find({ keyId }: Caller, id: string): Batch {
    const kept = shelf.find(keyId, id);
    if (!kept) throw new WeirError("not_found", `There is no batch ${id} here.`);
    return runs.get(id)?.run.current ?? fromKept(kept);
  }

  return {
    create(caller, asked) {
      checkInputFile(caller, asked.inputFileId, needs);
      const batch = toBatch(caller, asked, needs);
      shelf.put(toKept(batch));
      start(batch);
      return toWire(batch);
    },
    get: (caller, id) => toWire(find(caller, id)),
    list: ({ keyId }) =>
      shelf.list(keyId).map((kept) => toWire(runs.get(kept.id)?.run.current ?? fromKept(kept))),
    cancel(caller, id) {
      const batch = find(caller, id);
      if (isOver(batch) || batch.status === "finalizing") {
        throw new WeirError("conflict", `The batch ${id} has the status "${batch.status}".`);
      }
      // It only fails when the process ends, and is then asked for again.
      void runs
        .get(id)
        ?.run.cancel()
        .catch(() => undefined);
      return toWire(find(caller, id));
    },
    resume() {
      for (const kept of shelf.unfinished()) start(fromKept(kept));
    },
    async close() {
      isClosed = true;
      const left = [...runs.values()];
      for (const { run } of left) run.halt();
      await Promise.all(left.map(({ done }) => done));
    },
  };
}

function checkInputFile({ keyId }: Caller, id: string, { files }: BatchNeeds): void {
  const param = "input_file_id";
  const file = files.find(keyId, id);
  if (!file) throw new WeirError("not_found", `There is no file ${id} here.`, { param });
  if (file.purpose !== "batch") {
    const message = `The file ${id} was uploaded with the purpose "${file.purpose}": upload it with "batch".`;
    throw new WeirError("invalid_request", message, { param });
  }
  if (file.bytes > MAX_INPUT_BYTES) {
    throw new WeirError("request_too_large", "A batch's input may have 200 MiB at most.", {
      param,
    });
  }
}

function toBatch(
  { keyId }: Caller,
  { endpoint, inputFileId, metadata, outputExpiresAfterSeconds }: NewBatch,
  { now, newId }: BatchNeeds,
): Batch {
  const at = now();
  return {
    id: newId("batch_"),
    keyId,
    status: "validating",
    state: {
      endpoint,
      inputFileId,
      metadata,
      outputExpiresAfterSeconds,
      outputFileId: newId("file-"),
      errorFileId: newId("file-"),
      at: { validating: at },
      expiresAt: at + DAY_MS,
      counts: { total: 0, completed: 0, failed: 0 },
      usage: { input: 0, cached: 0, output: 0, reasoning: 0 },
      faults: [],
      goal: "completed",
      hasOutput: false,
      hasErrors: false,
    },
  };
}
