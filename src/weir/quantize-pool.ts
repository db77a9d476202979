import { availableParallelism } from "node:os";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { WeirError } from "../core/errors.ts";
import type { RowsJob } from "../gguf/quantize/requantize.ts";
import type { RowsPool } from "../gguf/quantize/quantize-file.ts";
import type { QuantizeAnswer, QuantizeAsk, QuantizeThreadData } from "./quantize-thread.ts";

/**
 * Whose code writes the rows: the engine's library, or ours. Both write the same bytes; ours is up to three
 * times as fast, and only the library's takes an importance matrix into account.
 */
export type Kernel = "native" | "own";

export interface QuantizePool extends RowsPool {
  readonly kernel: Kernel;
  close(): Promise<void>;
}

interface Thread {
  readonly worker: Worker;
  readonly gone: Promise<void>;
  readonly jobs: Map<number, PromiseWithResolvers<Uint8Array>>;
}

/** Threads that quantize rows. A thread that dies fails its jobs. */
export function openQuantizePool({
  threads = availableParallelism(),
  kernel = "own",
}: { threads?: number; kernel?: Kernel } = {}): QuantizePool {
  const entry = fileURLToPath(
    new URL(`./quantize-thread${extname(import.meta.url)}`, import.meta.url),
  );
  const all = Array.from({ length: threads }, () => start(entry, kernel));
  let asked = 0;
  return {
    kernel,
    // While one is written, another waits for each thread.
    width: threads * 2,
    run(job: RowsJob) {
      const thread = all.reduce((least, one) => (one.jobs.size < least.jobs.size ? one : least));
      const id = asked++;
      const answer = Promise.withResolvers<Uint8Array>();
      thread.jobs.set(id, answer);
      thread.worker.postMessage({ id, job } satisfies QuantizeAsk, [
        job.bytes.buffer as ArrayBuffer,
      ]);
      return answer.promise;
    },
    async close() {
      // Asked, not terminated: a thread that is ended while it loads the library takes the process with it.
      for (const { worker } of all) worker.postMessage("close" satisfies QuantizeAsk);
      await Promise.all(all.map(({ gone }) => gone));
    },
  };
}

function start(entry: string, kernel: Kernel): Thread {
  const workerData: QuantizeThreadData = { kernel };
  const worker = new Worker(entry, { workerData });
  const jobs: Thread["jobs"] = new Map();
  const over = (reason: string) => {
    const fault = new WeirError("internal", `A thread that quantizes has ended: ${reason}.`);
    for (const job of jobs.values()) job.reject(fault);
    jobs.clear();
  };
  worker.on("message", (answer: QuantizeAnswer) => {
    const job = jobs.get(answer.id);
    jobs.delete(answer.id);
    if ("bytes" in answer) job?.resolve(answer.bytes);
    else job?.reject(new WeirError("internal", answer.fault));
  });
  worker.on("error", (cause) => over(String(cause)));
  const gone = new Promise<void>((resolve) => {
    worker.on("exit", (code) => {
      over(`exit code ${code}`);
      resolve();
    });
  });
  return { worker, gone, jobs };
}
