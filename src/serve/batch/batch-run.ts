import { ERRORS } from "../../core/errors.ts";
import { type Batch, type BatchState, type BatchStatus, moved, toKept } from "./batch.ts";
import { type BatchLine, checkInput, readLine } from "./input.ts";
import type { BatchNeeds, LineResult } from "./needs.ts";
import { LineRecord, isFull, reasonOf } from "./record.ts";
import type { Slots } from "./slots.ts";

const FULL_PAUSE_MS = 10_000;
const BUSY_PAUSE_MS = 250;
/** A batch waits for callers, but not for ever. */
const MAX_BUSY_PAUSES = 40;
const MAX_TRIES = 10;
const MAX_PAUSE_MS = 60_000;

const KEY_GONE = refusal(401, "unauthorized", "The API key that made this batch was revoked.");
const INTERNAL = refusal(500, "internal", "Weir failed on this request; its log has the reason.");

/**
 * One batch on its way through its statuses. Each status is written down before the next step begins;
 * a restart goes on from there. A line that was running when the process died runs again.
 */
export class BatchRun {
  private batch: Batch;
  private readonly needs: BatchNeeds;
  private readonly slots: Slots;
  private record: LineRecord | undefined;
  /** No further line begins. */
  private readonly stopped = new AbortController();
  /** The process ends: what runs is cut, and nothing more is written. */
  private readonly halted = new AbortController();
  /** Cuts the running lines. */
  private readonly cut = new AbortController();

  constructor(batch: Batch, needs: BatchNeeds, slots: Slots) {
    this.batch = batch;
    this.needs = needs;
    this.slots = slots;
  }

  /** The batch with its counts of this moment. */
  get current(): Batch {
    const { batch, record } = this;
    if (!record) return batch;
    const { counts, usage } = record;
    return { ...batch, state: { ...batch.state, counts: { ...counts }, usage: { ...usage } } };
  }

  /** Takes the batch to its end, or to where `halt` caught it. */
  async work(): Promise<void> {
    try {
      if (this.batch.status === "validating") await this.validate();
      if (this.batch.status === "failed" || this.halted.signal.aborted) return;
      this.record = await LineRecord.open(this.batch.state, this.needs.files);
      try {
        if (this.batch.status === "in_progress") await this.runLines();
        if (!this.halted.signal.aborted) await this.finalize();
      } finally {
        this.record.close();
      }
    } catch (cause) {
      if (this.halted.signal.aborted) return;
      this.needs.log.error("batch_failed", { batch: this.batch.id, reason: reasonOf(cause) });
      await this.fail("internal", "The batch could not go on; the server's log has the reason.");
    }
  }

  /** Lines that run are finished and kept; no further one begins. */
  async cancel(): Promise<void> {
    if (this.batch.status !== "validating" && this.batch.status !== "in_progress") return;
    this.stopped.abort();
    await this.move("cancelling", { goal: "cancelled" });
  }

  /** The process ends; another one goes on. */
  halt(): void {
    this.halted.abort();
    this.stopped.abort();
    this.cut.abort();
  }

  private async validate(): Promise<void> {
    const { endpoint, inputFileId } = this.batch.state;
    const { total, faults } = await checkInput(this.needs.files.lines(inputFileId), endpoint);
    if (this.halted.signal.aborted || this.batch.status !== "validating") return;
    if (faults.length > 0) await this.move("failed", { faults });
    else await this.move("in_progress", { counts: { total, completed: 0, failed: 0 } });
  }

  private async runLines(): Promise<void> {
    const isOver = new AbortController();
    const { expiresAt } = this.batch.state;
    const left = expiresAt - this.needs.now();
    if (left <= 0) this.expire();
    else {
      const signal = AbortSignal.any([isOver.signal, this.halted.signal]);
      void this.needs.pause(left, signal).then(() => {
        if (this.needs.now() >= expiresAt) this.expire();
      });
    }
    try {
      await this.eachLine((line) => this.runLine(line));
    } finally {
      isOver.abort();
    }
    if (this.halted.signal.aborted) return;
    if (this.batch.state.goal === "expired") await this.recordExpired();
    this.checkInputIsThere();
  }

  private expire(): void {
    if (this.batch.status !== "in_progress" || this.stopped.signal.aborted) return;
    this.change({ goal: "expired" });
    this.stopped.abort();
    this.cut.abort();
  }

  /** Starts every line that is not recorded yet, as many at a time as may be, and sees them end. */
  private async eachLine(run: (line: BatchLine) => Promise<void>): Promise<void> {
    const running = new Set<Promise<void>>();
    let failure: { readonly cause: unknown } | undefined;
    for await (const line of this.openLines()) {
      while (running.size >= this.needs.concurrency()) await Promise.race(running);
      await this.yieldToCallers();
      if (this.stopped.signal.aborted || failure) break;
      const one = run(line)
        .catch((cause: unknown) => {
          failure ??= { cause };
        })
        .finally(() => running.delete(one));
      running.add(one);
    }
    await Promise.all(running);
    if (failure) throw failure.cause;
  }

  private async *openLines(): AsyncGenerator<BatchLine> {
    const { endpoint, inputFileId } = this.batch.state;
    let number = 0;
    for await (const text of this.needs.files.lines(inputFileId)) {
      number += 1;
      const read = text.trim() === "" ? undefined : readLine(text, number, endpoint);
      if (read && "line" in read && !this.record?.has(read.line.customId)) yield read.line;
    }
  }

  private async yieldToCallers(): Promise<void> {
    for (let pauses = 0; pauses < MAX_BUSY_PAUSES && this.needs.isBusy(); pauses += 1) {
      if (this.stopped.signal.aborted) return;
      await this.needs.pause(BUSY_PAUSE_MS, this.stopped.signal);
    }
  }

  private async runLine(line: BatchLine): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      const result = await this.call(line);
      if (!result) return;
      if (result.retryAfterMs === undefined || tries >= MAX_TRIES) {
        await this.write(line.customId, result);
        return;
      }
      const pauseMs = Math.max(result.retryAfterMs, 1000 * 2 ** (tries - 1));
      await this.needs.pause(Math.min(pauseMs, MAX_PAUSE_MS), this.stopped.signal);
    }
  }

  /** Undefined when the line was not called, or was cut. */
  private async call({ body }: BatchLine): Promise<LineResult | undefined> {
    await this.slots.take();
    try {
      if (this.stopped.signal.aborted) return undefined;
      const caller = this.needs.caller(this.batch.keyId);
      if (!caller) return KEY_GONE;
      return await this.needs.run(this.batch.state.endpoint, body, caller, this.cut.signal);
    } catch (cause) {
      if (this.cut.signal.aborted) return undefined;
      this.needs.log.error("batch_line_failed", { reason: reasonOf(cause) });
      return INTERNAL;
    } finally {
      this.slots.release();
    }
  }

  private async write(customId: string, { status, body }: LineResult): Promise<void> {
    const { newId } = this.needs;
    const response = { status_code: status, request_id: newId("req_"), body };
    const line = { id: newId("batch_req_"), custom_id: customId, response, error: null };
    const isOutput = status >= 200 && status < 300;
    await this.whenThereIsRoom(() => this.record?.add(JSON.stringify(line), isOutput));
  }

  private async recordExpired(): Promise<void> {
    const error = {
      code: "batch_expired",
      message: "This request was not run before the completion window ended.",
    };
    for await (const { customId } of this.openLines()) {
      const id = this.needs.newId("batch_req_");
      const line = { id, custom_id: customId, response: null, error };
      await this.whenThereIsRoom(() => this.record?.add(JSON.stringify(line), false));
    }
  }

  /** A file that was deleted reads as empty: its lines must not be taken for done. */
  private checkInputIsThere(): void {
    const { inputFileId, goal } = this.batch.state;
    if (goal !== "completed" || this.needs.files.find(this.batch.keyId, inputFileId)) return;
    const { counts } = this.current.state;
    if (counts.completed + counts.failed >= counts.total) return;
    const message = "The input file was deleted before all its lines had run.";
    const fault = { code: "input_file_missing", line: null, message, param: "input_file_id" };
    this.change({ goal: "failed", faults: [fault] });
  }

  private async finalize(): Promise<void> {
    const { goal, outputFileId, errorFileId } = this.batch.state;
    if (goal !== "cancelled") await this.move("finalizing");
    this.record?.close();
    const hasOutput = await this.publish(outputFileId, "output");
    const hasErrors = await this.publish(errorFileId, "error");
    await this.move(goal, { hasOutput, hasErrors });
  }

  private async publish(id: string, name: string): Promise<boolean> {
    const { needs, batch } = this;
    const bytes = await needs.files.publishJournal(id);
    if (bytes === 0) return false;
    const { outputExpiresAfterSeconds: seconds } = batch.state;
    const createdAt = needs.now();
    const file = {
      id,
      keyId: batch.keyId,
      purpose: "batch_output",
      filename: `${batch.id}_${name}.jsonl`,
      bytes,
      createdAt,
      expiresAt: seconds === null ? null : createdAt + seconds * 1000,
    };
    await this.whenThereIsRoom(() => needs.files.add(file));
    return true;
  }

  private async fail(code: string, message: string): Promise<void> {
    try {
      await this.move("failed", { faults: [{ code, line: null, message, param: null }] });
    } catch (cause) {
      this.needs.log.error("batch_not_kept", { batch: this.batch.id, reason: reasonOf(cause) });
    }
  }

  private change(state: Partial<BatchState>): void {
    this.batch = { ...this.batch, state: { ...this.batch.state, ...state } };
  }

  /** Goes on to a status, and writes it down. */
  private async move(status: BatchStatus, state: Partial<BatchState> = {}): Promise<void> {
    this.change(state);
    this.batch = moved(this.batch, status, this.needs.now());
    await this.whenThereIsRoom(() => this.needs.shelf.put(toKept(this.current)));
  }

  /** A full disk must cost no result that was paid for: it waits until somebody made room. */
  private async whenThereIsRoom(write: () => void): Promise<void> {
    for (;;) {
      try {
        write();
        return;
      } catch (cause) {
        if (!isFull(cause) || this.halted.signal.aborted) throw cause;
        this.needs.log.warn("batch_waits_for_room", { batch: this.batch.id });
        await this.needs.pause(FULL_PAUSE_MS, this.halted.signal);
      }
    }
  }
}

function refusal(status: number, code: "unauthorized" | "internal", message: string): LineResult {
  return { status, body: { error: { message, type: ERRORS[code].type, code, param: null } } };
}
