import { WeirError, messageOf } from "../../core/errors.ts";
import { openLibrary } from "../engine/library.ts";
import { measureQuality, measureSpeed } from "./evaluate.ts";
import type { QualityJob, SpeedJob, Told } from "./messages.ts";

/** The process that measures one model: a crash in here costs the measurement only. */

const send = (told: Told): void => void process.send?.(told);
const progress = (done: number, all: number) => send({ type: "progress", done, all });

process.on("disconnect", () => process.exit(0));
process.on("message", (job: QualityJob | SpeedJob) => {
  try {
    const llama = openLibrary();
    const result =
      job.type === "speed"
        ? measureSpeed(llama, job, progress)
        : measureQuality(llama, job, progress);
    send({ type: "result", result });
  } catch (cause) {
    const isAsked = cause instanceof WeirError && cause.code === "invalid_request";
    const code = isAsked ? "invalid_request" : "model_unavailable";
    send({ type: "fault", code, message: messageOf(cause) });
  }
});
