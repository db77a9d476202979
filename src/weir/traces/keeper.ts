import { WeirError, messageOf } from "../../core/errors.ts";
import { isDiskFull } from "../../store/disk-full.ts";
import type { Feedback, RunPart, RunSource } from "../../core/run.ts";
import type { LogRecord, RecordLog } from "../../store/record-log.ts";
import type { Sealing } from "../../store/sealing.ts";
import { describeCall, projectOfCall } from "../../watch/trace/call-run.ts";
import { Coalescer, isBefore } from "../../watch/trace/coalescer.ts";
import type { PriceTokens } from "../../watch/trace/describe-run.ts";
import type { Decode, Decoded, IngestProtocol, Ingested } from "../../watch/trace/ingest.ts";
import { type Redact, maskPart, stripPart } from "../../watch/trace/mask-part.ts";
import type { Capture, KeptCall } from "../../watch/trace/recorder.ts";
import type { LogPosition } from "../../core/log-position.ts";
import type { RunWriter } from "../../watch/trace/run-store.ts";
import type { IngestRequest } from "../../watch/trace/traces.ts";
import { decompress } from "./decompress.ts";
import { writeWhatCanBe } from "./isolate.ts";
import { Merging } from "./merging.ts";
import {
  BODY,
  CALLS,
  type DecodedParts,
  PARTS,
  SEALED,
  bodyHead,
  readBodyRecord,
} from "./record-kinds.ts";

export interface IngestTools {
  readonly decoders: Readonly<Record<IngestProtocol, Decode>>;
  readonly redact: Redact;
}

export interface KeeperNeeds {
  readonly log: RecordLog;
  readonly writer: RunWriter;
  readonly sealing: Sealing;
  /** Loaded when the first trace comes in: a server that only makes calls does without. */
  readonly tools: () => Promise<IngestTools>;
  readonly price: PriceTokens;
  readonly capture: (source: RunSource) => Capture;
  readonly limits: {
    /** Of a body when it is unpacked. */
    readonly maxBodyBytes: number;
    /** What may wait in the log for the database. */
    readonly maxBacklogBytes: number;
  };
  readonly now: () => number;
  readonly onTrouble: (message: string) => void;
}

/** What became of traces since the start. */
export interface KeeperFigures {
  /** Runs and calls that were accepted; parts of runs count each. */
  accepted: number;
  rejected: number;
  truncated: number;
  /** Accepted, and left out: they named the run of another tenant. */
  conflicts: number;
  /** Written to the database. */
  written: number;
  /** Refused by the database by themselves, while it took others: they are lost. */
  failed: number;
  backlogBytes: number;
  trouble: string | null;
}

/** Held in memory for the next write; what comes beyond it is read from the log again. */
const MOST_HELD_BYTES = 24 * 1024 * 1024;
const FLUSH_RUNS = 2000;

/**
 * Takes traces and brings them into the database: first they stand in the append log, and are accepted
 * with that; then they are merged, run by run, and written many at once. What the database cannot
 * take waits in the log. All of it runs in one thread, one write at a time.
 */
export class TraceKeeper {
  private readonly needs: KeeperNeeds;
  private readonly merging: Merging;
  private readonly coalescer = new Coalescer();
  /** Everything before it was read from the log, or taken as it came. */
  private readTo: LogPosition | undefined;
  /** Where the log ends. */
  private appendedTo: LogPosition | undefined;
  /** Records that were taken as they came, while older ones wait. */
  private readonly taken = new Set<string>();
  private heldBytes = 0;
  private isStarted = false;
  private writtenTo: LogPosition | undefined;
  private last: Promise<unknown> = Promise.resolve();
  private readonly counts = { accepted: 0, rejected: 0, truncated: 0, written: 0, failed: 0 };
  private trouble: string | null = null;

  constructor(needs: KeeperNeeds) {
    this.needs = needs;
    this.merging = new Merging(needs);
  }

  /** A database that is away is asked again before anything is read from the log. */
  async start(): Promise<void> {
    try {
      this.readTo = await this.needs.writer.position();
      this.writtenTo = this.readTo;
      this.isStarted = true;
      this.trouble = null;
    } catch (cause) {
      this.trouble = messageOf(cause);
      this.needs.onTrouble(this.trouble);
    }
  }

  get figures(): KeeperFigures {
    const { conflicts } = this.merging;
    return { ...this.counts, conflicts, backlogBytes: this.backlog, trouble: this.trouble };
  }

  /** Whether something waits to be written. */
  get isBehind(): boolean {
    return this.coalescer.size > 0 || this.hasUnread;
  }

  get backlog(): number {
    return this.hasUnread ? this.needs.log.backlog(this.readTo) : 0;
  }

  /** Lines of JSON, each a KeptCall. They are read from the log when there is time for it. */
  appendCalls(lines: Uint8Array, count: number): void {
    this.append(CALLS, [lines]);
    this.counts.accepted += count;
  }

  /** Decodes and takes a body. Throws invalid_request, request_too_large, overloaded or storage_full. */
  async ingest(request: IngestRequest): Promise<Ingested> {
    const tools = await this.needs.tools();
    this.checkRoom();
    const { decoded, bytes } = this.decode(request, tools);
    const source: RunSource = request.protocol.startsWith("otlp") ? "otlp" : "langsmith";
    const level = this.needs.capture(source);
    if (level === "full") {
      const at = this.append(BODY, [bodyHead(request), request.body]);
      this.hold(decoded, at, bytes);
    } else {
      this.appendParts({
        ...decoded,
        parts: decoded.parts.map((part) => guarded(part, level, tools.redact)),
      });
    }
    this.counts.rejected += decoded.rejected.length;
    return { accepted: decoded.parts.length + decoded.feedback.length, rejected: decoded.rejected };
  }

  async add(parts: readonly RunPart[], feedback: readonly Feedback[]): Promise<void> {
    const { redact } = await this.needs.tools();
    this.checkRoom();
    this.appendParts({
      parts: parts.map((part) => guarded(part, this.needs.capture(part.source), redact)),
      feedback,
    });
  }

  /** Reads the next records of the log, if there are any, and writes what is due; false when nothing is left to read. */
  pump(): Promise<boolean> {
    return this.inTurn(() => this.step(false));
  }

  /** Writes all that was accepted, if reading it takes no more than this much of the log. */
  settle(mostBytes = Number.POSITIVE_INFINITY): Promise<void> {
    return this.inTurn(async () => {
      if (this.backlog <= mostBytes) while (await this.step(false));
      await this.step(true);
    });
  }

  /** What else changes the database. */
  change<T>(action: (writer: RunWriter) => Promise<T>): Promise<T> {
    return this.inTurn(() => action(this.needs.writer));
  }

  /** Removes runs for good: also from the log, where what was accepted stands a while longer. */
  removeWith<T>(action: (writer: RunWriter) => Promise<T>): Promise<T> {
    return this.inTurn(async () => {
      while (await this.step(false));
      await this.step(true);
      const result = await action(this.needs.writer);
      this.needs.log.rotate();
      if (this.writtenTo)
        this.needs.log.forget({ segment: `${this.writtenTo.segment}~`, offset: 0 });
      return result;
    });
  }

  /** Whether so much is held that it is to be written at once. */
  get isFull(): boolean {
    return this.coalescer.size >= FLUSH_RUNS || this.heldBytes >= MOST_HELD_BYTES / 4;
  }

  projectsChanged(): void {
    this.merging.forget();
  }

  private get hasUnread(): boolean {
    const { readTo, appendedTo } = this;
    if (!appendedTo) return this.needs.log.backlog(readTo) > 0;
    return readTo === undefined || isBefore(readTo, appendedTo);
  }

  private checkRoom(): void {
    const { maxBacklogBytes } = this.needs.limits;
    if (this.trouble === null || this.backlog < maxBacklogBytes) return;
    throw new WeirError(
      "storage_unavailable",
      `The trace database takes nothing (${this.trouble}), and what waits for it has reached traces.spillMiB. Try again later.`,
      { retryAfterMs: 5000 },
    );
  }

  private decode(
    request: IngestRequest,
    { decoders }: IngestTools,
  ): { decoded: Decoded; bytes: number } {
    const { limits } = this.needs;
    const body = decompress(request.body, request.contentEncoding, limits.maxBodyBytes);
    return { decoded: decoders[request.protocol]({ ...request, body }), bytes: body.byteLength };
  }

  private appendParts(decoded: DecodedParts): void {
    const { parts, feedback } = decoded;
    const json = Buffer.from(JSON.stringify({ parts, feedback }));
    this.hold({ parts, feedback }, this.append(PARTS, [json]), json.length);
  }

  private append(
    kind: number,
    pieces: readonly Uint8Array[],
  ): { at: LogPosition; next: LogPosition } {
    const { log, sealing } = this.needs;
    try {
      if (!sealing.isOn) return this.appended(log.append(kind, pieces));
      const { codec, body } = sealing.close(Buffer.concat(pieces));
      return this.appended(log.append(kind + SEALED, [Buffer.from([codec]), body]));
    } catch (cause) {
      if (!isDiskFull(cause)) throw cause;
      throw new WeirError(
        "storage_full",
        "The disk is full: no trace can be taken until there is room.",
        {
          cause,
          status: 503,
          retryAfterMs: 5000,
        },
      );
    }
  }

  private appended(place: { at: LogPosition; next: LogPosition }) {
    const isNext = this.appendedTo === undefined && !this.hasUnread;
    if (isNext) this.readTo = place.at;
    this.appendedTo = place.next;
    return place;
  }

  /** Takes what was accepted just now, so that it need not be read from the log again. */
  private hold(
    { parts, feedback }: DecodedParts,
    { at, next }: { at: LogPosition; next: LogPosition },
    bytes: number,
  ): void {
    this.counts.accepted += parts.length + feedback.length;
    if (parts.some(({ truncated }) => truncated)) this.counts.truncated += 1;
    if (this.trouble !== null || this.heldBytes + bytes > MOST_HELD_BYTES) return;
    this.heldBytes += bytes;
    this.coalescer.addParts(parts, this.needs.now(), at);
    this.coalescer.addFeedback(feedback);
    const isContiguous = this.readTo?.segment === at.segment && this.readTo.offset === at.offset;
    if (isContiguous) this.readTo = next;
    else this.taken.add(`${at.segment}:${at.offset}`);
  }

  private async consume(record: LogRecord): Promise<void> {
    const { at, next } = record;
    // A write that failed meanwhile took us back: this record is read again then.
    const wasTaken = this.taken.delete(`${at.segment}:${at.offset}`);
    if (!wasTaken) {
      const { kind, body } = this.opened(record);
      if (kind === CALLS) await this.consumeCalls(body);
      else await this.consumeParts(kind, body, at);
    }
    this.readTo = next;
  }

  private opened({ kind, body }: LogRecord): { kind: number; body: Buffer } {
    if (kind < SEALED) return { kind, body };
    const plain = this.needs.sealing.open({ codec: body[0] ?? 0, body: body.subarray(1) });
    return { kind: kind - SEALED, body: plain };
  }

  private async consumeCalls(body: Buffer): Promise<void> {
    for (const line of body.toString().split("\n")) {
      if (line === "") continue;
      const call = JSON.parse(line) as KeptCall; // written by the recorder alone
      const project = await this.merging.projectId(call.tenantId, projectOfCall(call));
      this.coalescer.addCalls([describeCall(call, project)]);
    }
  }

  private async consumeParts(kind: number, body: Buffer, at: LogPosition): Promise<void> {
    const { parts, feedback } =
      kind === BODY
        ? this.decode(readBodyRecord(body), await this.needs.tools()).decoded
        : (JSON.parse(body.toString()) as DecodedParts); // written by appendParts
    this.coalescer.addParts(parts, this.needs.now(), at);
    this.coalescer.addFeedback(feedback);
  }

  /** One thing after the other: what is read of the log is not read by two. */
  private inTurn<T>(action: () => Promise<T>): Promise<T> {
    const turn = this.last.then(action, action);
    this.last = turn.catch(() => undefined);
    return turn;
  }

  private async step(isAll: boolean): Promise<boolean> {
    if (!this.isStarted) await this.start();
    if (!this.isStarted) return false;
    const records = this.hasUnread ? this.needs.log.read(this.readTo) : [];
    for (const record of records) await this.consume(record);
    // What is left of a segment was cut by a crash, or is spoilt: there is nothing more to read.
    if (records.length === 0 && this.hasUnread) this.readTo = this.appendedTo ?? this.readTo;
    await this.writeDue(isAll);
    return records.length > 0 && this.hasUnread && this.trouble === null;
  }

  private async writeDue(isAll: boolean): Promise<void> {
    const { writer, log, now, onTrouble } = this.needs;
    const due = this.coalescer.take(now(), isAll, this.readTo);
    this.heldBytes = 0;
    const isNothing = due.runs.length + due.calls.length + due.feedback.length === 0;
    if (isNothing && isSamePlace(due.position, this.writtenTo)) return;
    try {
      const batch = await this.merging.toBatch(due);
      this.counts.failed += await writeWhatCanBe(writer, batch, onTrouble);
      this.counts.written += batch.runs.length;
      this.trouble = null;
      this.writtenTo = due.position;
      if (due.position) log.forget(due.position);
    } catch (cause) {
      // The log still has all of it: it is read again from where the database stands.
      this.coalescer.clear();
      this.taken.clear();
      this.trouble = messageOf(cause);
      onTrouble(this.trouble);
      this.readTo = this.writtenTo;
    }
  }
}

function guarded(part: RunPart, level: Capture, redact: Redact): RunPart {
  if (level === "full") return part;
  return level === "redacted" ? maskPart(part, redact) : stripPart(part);
}

function isSamePlace(a: LogPosition | undefined, b: LogPosition | undefined): boolean {
  return a?.segment === b?.segment && a?.offset === b?.offset;
}
