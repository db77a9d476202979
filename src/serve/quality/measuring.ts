import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { WeirError } from "../../core/errors.ts";
import { readGguf } from "../../gguf/read-gguf.ts";
import type {
  Answered,
  AnswersJob,
  MeasuringJob,
  Quality,
  QualityJob,
  Speed,
  SpeedJob,
  Told,
} from "./messages.ts";

export interface Measuring {
  readonly onProgress?: ((done: number, all: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How well a model predicts a text, and how far it is from its original. Rejects with a WeirError. */
export function measureQuality(
  job: Omit<QualityJob, "type">,
  measuring: Measuring = {},
): Promise<Quality> {
  return measure<Quality>({ type: "quality", ...job }, measuring);
}

/** How fast a model answers, and the most memory that its process took. Rejects with a WeirError. */
export function measureSpeed(
  job: Omit<SpeedJob, "type">,
  measuring: Measuring = {},
): Promise<Speed> {
  return measure<Speed>({ type: "speed", ...job }, measuring);
}

/** What a model answers to an evaluation set. Rejects with a WeirError. */
export function measureAnswers(
  job: Omit<AnswersJob, "type">,
  measuring: Measuring = {},
): Promise<Answered> {
  return measure<Answered>({ type: "answers", ...job }, measuring);
}

/** In a process of its own: what it takes is measured alone, and all given back. */
async function measure<Result extends Quality | Speed | Answered>(
  job: MeasuringJob,
  { onProgress, signal }: Measuring,
): Promise<Result> {
  // What is wrong with a file is said here, better than the library would.
  await readGguf(job.file);
  if (job.type === "quality" && job.original !== undefined) await readGguf(job.original);
  signal?.throwIfAborted();
  const entry = fileURLToPath(import.meta.url).replace(/measuring(\.[jt]s)$/, "measuring-host$1");
  const child = fork(entry, { stdio: ["ignore", "ignore", "ignore", "ipc"], execArgv: [] });
  const onAbort = () => void child.kill("SIGKILL");
  signal?.addEventListener("abort", onAbort);
  try {
    return await new Promise<Result>((resolve, reject) => {
      child.on("message", (told: Told) => {
        if (told.type === "progress") onProgress?.(told.done, told.all);
        else if (told.type === "fault") reject(new WeirError(told.code, told.message));
        else resolve(told.result as Result); // of the job that was asked
      });
      child.on("error", reject);
      child.on("exit", (code, by) => {
        const how = by ?? `exit code ${code}`;
        const fault = new WeirError(
          "model_unavailable",
          `The engine ended while it measured: ${how}.`,
        );
        reject(signal?.aborted ? signal.reason : fault);
      });
      child.send(job);
    });
  } finally {
    signal?.removeEventListener("abort", onAbort);
    child.kill("SIGKILL");
  }
}
