import { parentPort, workerData } from "node:worker_threads";
import type { FigureCell } from "../../core/run-query.ts";
import type { RunReader } from "../../watch/trace/run-store.ts";
import { topCells } from "../../watch/trace/top-cells.ts";
import type { FromThread, ToThread, TraceThreadData } from "./messages.ts";
import { packCells } from "./packed-cells.ts";
import { openRunReader } from "./store-of.ts";
import { packError } from "./thread-error.ts";
import { treeJson } from "./tree-json.ts";

/** The thread that answers questions about traces, beside the one that writes them. */

/** Answers that would cost much on their way as they are. */
const PACKED: Readonly<Record<string, (value: never, args: readonly never[]) => unknown>> = {
  figures: (cells: FigureCell[], [query]: readonly { readonly top?: number }[]) =>
    packCells(query?.top === undefined ? cells : topCells(cells, query.top)),
  outline: treeJson,
};

const port = parentPort;
if (!port) throw new Error("reader-thread.ts runs as a worker thread");
const opening = openRunReader(workerData as TraceThreadData); // set by traces-client.ts alone
opening.catch(() => undefined); // whoever asks hears of it

port.on("message", (message: ToThread) => {
  if (message.type === "ask") void answer(message);
  else if (message.type === "close") void close();
});

async function answer({ ask, method, args }: Extract<ToThread, { type: "ask" }>): Promise<void> {
  try {
    const reader = await opening;
    // The client's own methods are all that asks: names and arguments are of one piece.
    const question = reader[method as keyof RunReader] as (...args: unknown[]) => Promise<unknown>;
    const value = await question.apply(reader, [...args]);
    const pack = PACKED[method];
    const packed = pack ? pack(value as never, args as never[]) : value;
    const moved = packed instanceof Uint8Array ? [packed.buffer as ArrayBuffer] : []; // our own
    tell({ type: "answer", ask, value: packed }, moved);
  } catch (cause) {
    tell({ type: "refused", ask, error: packError(cause) });
  }
}

async function close(): Promise<void> {
  await opening.then((reader) => reader.close()).catch(() => undefined);
  tell({ type: "closed" });
  port?.close();
}

function tell(message: FromThread, moved: ArrayBuffer[] = []): void {
  port?.postMessage(message, moved);
}
