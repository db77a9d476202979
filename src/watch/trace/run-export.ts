import { mkdtemp, rm } from "node:fs/promises";
import { createReadStream } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { KeptRun, Run } from "../../core/run.ts";

/** Runs as files: a line of JSON each, or the columns of Parquet. Neither holds more than a page in memory. */

export function toJsonLines(pages: AsyncIterable<readonly KeptRun[]>): NodeJS.ReadableStream {
  async function* lines(): AsyncGenerator<string> {
    for await (const page of pages) {
      yield page.map(({ run, payload }) => `${JSON.stringify({ ...run, payload })}\n`).join("");
    }
  }
  return Readable.from(lines());
}

type Kind = "STRING" | "DOUBLE" | "INT64" | "TIMESTAMP";

/** Columns in the order in which they stand in the file. */
const COLUMNS: readonly (readonly [name: string, type: Kind, of: (kept: KeptRun) => unknown])[] = [
  ...texts(
    "id",
    "traceId",
    "parentId",
    "tenantId",
    "projectId",
    "source",
    "name",
    "type",
    "status",
  ),
  ["start", "TIMESTAMP", ({ run }) => new Date(run.at)],
  ["end", "TIMESTAMP", ({ run }) => (run.endAt === null ? null : new Date(run.endAt))],
  ["durationMs", "DOUBLE", ({ run }) => run.durationMs],
  ["ttftMs", "DOUBLE", ({ run }) => run.ttftMs],
  ...texts(
    "model",
    "provider",
    "target",
    "route",
    "keyName",
    "userId",
    "threadId",
    "promptVersion",
  ),
  ...counts("inputTokens", "outputTokens", "cachedTokens", "cacheWriteTokens", "reasoningTokens"),
  ...counts("imageTokens", "audioTokens", "costNanos", "inputCostNanos", "outputCostNanos"),
  ...texts("priceVersion", "errorCode", "errorMessage", "finishReason"),
  ["tags", "STRING", ({ run }) => JSON.stringify(run.tags)],
  ["metadata", "STRING", ({ run }) => JSON.stringify(run.metadata)],
  ["inputs", "STRING", ({ payload }) => jsonOf(payload.inputs)],
  ["outputs", "STRING", ({ payload }) => jsonOf(payload.outputs)],
];

/** Written to a temporary file first: the columns of a Parquet file are known at its end. */
export async function toParquet(
  pages: AsyncIterable<readonly KeptRun[]>,
): Promise<NodeJS.ReadableStream> {
  const { ParquetWriter, fileWriter, schemaFromColumnData } = await import("hyparquet-writer");
  const folder = await mkdtemp(join(tmpdir(), "weir-export-"));
  const path = join(folder, "runs.parquet");
  try {
    const empty = COLUMNS.map(([name, type]) => ({ name, type, data: [], nullable: true }));
    const writer = new ParquetWriter({
      writer: fileWriter(path),
      schema: schemaFromColumnData({ columnData: empty }),
    });
    for await (const page of pages) {
      if (page.length === 0) continue;
      await writer.write({
        columnData: COLUMNS.map(([name, type, of]) => ({ name, type, data: page.map(of) })),
      });
    }
    await writer.finish();
  } catch (cause) {
    await rm(folder, { recursive: true, force: true });
    throw cause;
  }
  const file = createReadStream(path);
  file.once("close", () => void rm(folder, { recursive: true, force: true }));
  return file;
}

function texts(...names: (keyof Run)[]): [string, Kind, (kept: KeptRun) => unknown][] {
  return names.map((name) => [name, "STRING", ({ run }) => run[name]]);
}

function counts(...names: (keyof Run)[]): [string, Kind, (kept: KeptRun) => unknown][] {
  return names.map((name) => [
    name,
    "INT64",
    ({ run }) => (run[name] === null ? null : BigInt(Math.round(Number(run[name])))),
  ]);
}

function jsonOf(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}
