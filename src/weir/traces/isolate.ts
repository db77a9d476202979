import { WeirError, messageOf } from "../../core/errors.ts";
import type { RunBatch } from "../../core/run-batch.ts";
import type { RunWriter } from "../../watch/trace/run-store.ts";

/** The database as a whole: it will take the same batch later. */
const PASSES =
  /full|locked|busy|readonly|read-only|I\/O|ENOSPC|ECONN|EPIPE|timeout|timed out|terminat|connect|unavailable|not a database|malformed/i;

/**
 * Writes a batch. Where the database refuses it for what is in it, the runs at fault are found by halves
 * and left out, so that one of them does not hold up all that come after; gives how many those were.
 * Throws where the database takes nothing at all.
 */
export async function writeWhatCanBe(
  writer: Pick<RunWriter, "write">,
  batch: RunBatch,
  onTrouble: (message: string) => void,
): Promise<number> {
  try {
    await writer.write(batch);
    return 0;
  } catch (cause) {
    if (isPassing(cause)) throw cause;
    if (batch.runs.length + batch.feedback.length <= 1) {
      onTrouble(`a run was left out: ${messageOf(cause)}`);
      await writer.write({ ...batch, runs: [], feedback: [] });
      return 1;
    }
  }
  const half = Math.ceil(batch.runs.length / 2);
  // The position comes with the last piece: until then a crash reads all of it again.
  const first = { ...batch, runs: batch.runs.slice(0, half), feedback: [], position: undefined };
  const second = { ...batch, runs: batch.runs.slice(half), feedback: [], position: undefined };
  const rest = { ...batch, runs: [] };
  const pieces =
    batch.runs.length > 1 ? [first, second] : [{ ...batch, feedback: [], position: undefined }];
  let failed = 0;
  for (const piece of pieces) failed += await writeWhatCanBe(writer, piece, onTrouble);
  for (const [index, feedback] of batch.feedback.entries()) {
    const position = index === batch.feedback.length - 1 ? batch.position : undefined;
    failed += await writeWhatCanBe(writer, { ...rest, feedback: [feedback], position }, onTrouble);
  }
  if (batch.feedback.length === 0) await writer.write(rest);
  return failed;
}

function isPassing(cause: unknown): boolean {
  if (cause instanceof WeirError && cause.code === "storage_unavailable") return true;
  return PASSES.test(messageOf(cause));
}
