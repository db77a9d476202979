import { WeirError } from "../../core/errors.ts";
import type { Feedback, Project, Run, RunPart } from "../../core/run.ts";
import type {
  FeedbackQuery,
  FigureCell,
  FigureQuery,
  ProjectQuery,
  RunFilter,
  RunQuery,
} from "../../core/run-query.ts";
import type { IngestRequest, Traces } from "../../watch/trace/traces.ts";
import type { FromThread, TraceSettings, TraceThreadData } from "./messages.ts";
import { type PackedCell, unpackCells } from "./packed-cells.ts";
import { ThreadLine } from "./thread-line.ts";

export type TraceFigures = Extract<FromThread, { type: "figures" }>["figures"];

export interface TracesOptions extends TraceThreadData {
  /** Told when the database refuses; traces wait in the log meanwhile. */
  readonly onTrouble: (message: string) => void;
}

/** Bodies on their way to the thread; beyond it senders are asked to wait. */
const MOST_IN_FLIGHT_BYTES = 128 * 1024 * 1024;
const REMOVED_AT_ONCE = 500;

/** Opened, or the reason why not. */
export async function openTraces(options: TracesOptions): Promise<TracesClient> {
  const client = new TracesClient(options);
  await client.merged();
  return client;
}

/** The traces behind two threads, so that no request ever waits for a disk: one takes them, one answers. */
export class TracesClient implements Traces {
  figuresOfThread: TraceFigures | undefined;
  private readonly data: TraceThreadData;
  private readonly writer: ThreadLine;
  private reader: ThreadLine | undefined;
  private inFlightBytes = 0;
  /** Whether something was accepted since it was last settled. */
  private isDirty = true;
  private settling: Promise<unknown> = Promise.resolve();

  constructor({ onTrouble, ...data }: TracesOptions) {
    this.data = data;
    this.writer = new ThreadLine("writer-thread", data, (news) => {
      if (news.type === "trouble") onTrouble(news.message);
      else this.figuresOfThread = news.figures;
    });
  }

  /** Takes calls for keeping, each a line of JSON; resolves when they are in the log, rejects when the disk refused. */
  append(lines: Uint8Array, count: number): Promise<void> {
    this.isDirty = true;
    // Memory changes hands; the caller's own stays his, for the next calls or for another try.
    return this.writer.calls(new Uint8Array(lines), count);
  }

  async ingest(request: IngestRequest) {
    const bytes = request.body.byteLength;
    if (this.inFlightBytes > 0 && this.inFlightBytes + bytes > MOST_IN_FLIGHT_BYTES) {
      throw new WeirError(
        "overloaded",
        "More traces come in than can be taken just now. Try again in a second.",
        { retryAfterMs: 1000 },
      );
    }
    this.inFlightBytes += bytes;
    this.isDirty = true;
    try {
      // Bodies that are slices of a pool cannot change hands.
      const isOwn = request.body.byteLength === request.body.buffer.byteLength;
      const body = isOwn ? request.body : new Uint8Array(request.body);
      const moved = [body.buffer as ArrayBuffer]; // never shared memory
      return await this.writer.ask<Awaited<ReturnType<Traces["ingest"]>>>(
        "ingest",
        [{ ...request, body }],
        moved,
      );
    } finally {
      this.inFlightBytes -= bytes;
    }
  }

  add(parts: readonly RunPart[], feedback: readonly Feedback[] = []): Promise<void> {
    return this.change("add", parts, feedback);
  }

  runs(query: RunQuery) {
    return this.read<Awaited<ReturnType<Traces["runs"]>>>("runs", query);
  }

  count(query: Omit<RunQuery, "limit" | "cursor">): Promise<number> {
    return this.read("count", query);
  }

  find(ids: readonly string[], tenantId?: string) {
    return this.read<Awaited<ReturnType<Traces["find"]>>>("find", ids, tenantId);
  }

  trace(traceId: string, options: { tenantId?: string; limit: number; cursor?: string }) {
    return this.read<Awaited<ReturnType<Traces["trace"]>>>("trace", traceId, options);
  }

  tree(traceId: string, options: { limit: number; cursor?: string }): Promise<Uint8Array> {
    return this.read("outline", traceId, options);
  }

  payloads(ids: readonly string[]) {
    return this.read<Awaited<ReturnType<Traces["payloads"]>>>("payloads", ids);
  }

  attachment(runId: string, name: string) {
    return this.read<Awaited<ReturnType<Traces["attachment"]>>>("attachment", runId, name);
  }

  sums(traceIds: readonly string[]) {
    return this.read<Awaited<ReturnType<Traces["sums"]>>>("sums", traceIds);
  }

  async figures(query: FigureQuery & { readonly top?: number | undefined }): Promise<FigureCell[]> {
    return unpackCells(await this.read<PackedCell[]>("figures", query));
  }

  facets(query: Omit<RunQuery, "limit" | "cursor">, fields: readonly (keyof Run)[], limit: number) {
    return this.read<Awaited<ReturnType<Traces["facets"]>>>("facets", query, fields, limit);
  }

  projects(query: ProjectQuery): Promise<Project[]> {
    return this.read("projects", query);
  }

  putProject(project: Omit<Project, "lastRunAt">): Promise<void> {
    return this.change("putProject", project);
  }

  async removeProject(id: string): Promise<void> {
    await this.change("removeProject", id);
  }

  feedback(query: FeedbackQuery): Promise<Feedback[]> {
    return this.read("feedback", query);
  }

  putFeedback(feedback: Feedback): Promise<void> {
    return this.change("putFeedback", feedback);
  }

  removeFeedback(id: string): Promise<void> {
    return this.change("removeFeedback", id);
  }

  async remove(what: Parameters<Traces["remove"]>[0]): Promise<number> {
    if (what.userId !== undefined) return this.change("removeUser", what.userId, what.tenantId);
    const filter: RunFilter | undefined =
      what.filter ??
      (what.traceIds && { op: "in", field: "traceId", values: what.traceIds }) ??
      (what.ids && { op: "in", field: "id", values: what.ids });
    if (!filter) return 0;
    let gone = 0;
    for (;;) {
      const { runs } = await this.runs({ tenantId: what.tenantId, filter, limit: REMOVED_AT_ONCE });
      if (runs.length === 0) return gone;
      gone += await this.change<number>(
        "remove",
        runs.map(({ id }) => id),
      );
    }
  }

  merged(): Promise<void> {
    return this.writer.ask("merged", []);
  }

  use(settings: TraceSettings): void {
    this.writer.tell({ type: "settings", settings });
  }

  async close(): Promise<void> {
    await this.reader?.close();
    await this.writer.close();
  }

  private async change<A>(method: string, ...args: unknown[]): Promise<A> {
    this.isDirty = true;
    return this.writer.ask<A>(method, args);
  }

  /** Who looks sees also what was accepted just now. */
  private async read<A>(method: string, ...args: unknown[]): Promise<A> {
    if (this.isDirty) {
      this.isDirty = false;
      this.settling = this.writer.ask("settle", []);
    }
    await this.settling;
    this.reader ??= new ThreadLine("reader-thread", this.data, () => undefined);
    return this.reader.ask<A>(method, args);
  }
}
