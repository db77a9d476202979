import { WeirError, messageOf } from "../../core/errors.ts";
import { readGguf } from "../../gguf/read-gguf.ts";
import { openLibrary } from "../engine/library.ts";
import { answerQuestions } from "./answer-questions.ts";
import { measureQuality, measureSpeed } from "./evaluate.ts";
import type { Answered, MeasuringJob, Quality, Speed, Told } from "./messages.ts";

/** The process that measures one model: a crash in here costs the measurement only. */

async function measure(job: MeasuringJob): Promise<Quality | Speed | Answered> {
  const llama = openLibrary();
  if (job.type === "speed") return measureSpeed(llama, job, progress);
  if (job.type === "quality") return measureQuality(llama, job, progress);
  const { metadata } = await readGguf(job.file);
  return answerQuestions(llama, { ...job, metadata }, progress);
}

const send = (told: Told): void => void process.send?.(told);
const progress = (done: number, all: number) => send({ type: "progress", done, all });

process.on("disconnect", () => process.exit(0));
process.on("message", (job: MeasuringJob) => {
  measure(job).then(
    (result) => send({ type: "result", result }),
    (cause: unknown) => {
      const isAsked = cause instanceof WeirError && cause.code === "invalid_request";
      const code = isAsked ? "invalid_request" : "model_unavailable";
      send({ type: "fault", code, message: messageOf(cause) });
    },
  );
});
