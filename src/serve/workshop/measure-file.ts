import { describeGguf } from "../../gguf/describe-gguf.ts";
import { readModel } from "../../gguf/read-model.ts";
import { measureAnswers, measureQuality, measureSpeed } from "../quality/measuring.ts";
import type { Answered, Quality, Speed } from "../quality/messages.ts";
import type { Question } from "../quality/questions.ts";

/** What every measurement is told. */
export interface MeasureOptions {
  readonly text: string;
  readonly windowTokens: number;
  readonly threads: number;
  /** An evaluation set to put to each. */
  readonly questions?: readonly Question[] | undefined;
}

/** A file with all that was measured of it. */
export interface Measured {
  readonly file: string;
  /** Its quantization, as `Q4_K_M`. */
  readonly name: string;
  readonly bytes: number;
  /** Mean KL divergence from the original, in nats a token. */
  readonly divergence: number;
  readonly speed: Speed;
  readonly quality: Quality;
  /** Set where there was an evaluation set. */
  readonly answered?: Answered | undefined;
}

export interface MeasuredFile {
  readonly file: string;
  readonly original: string;
  readonly options: MeasureOptions;
  readonly signal?: AbortSignal | undefined;
  /** Told the windows of the text that were read. */
  readonly onProgress?: ((done: number, all: number) => void) | undefined;
}

export const WINDOW_TOKENS = 512;
const PROMPT_TOKENS = 128;
const NEW_TOKENS = 32;

/** Speed and memory first, alone in a process; then how far it is from its original. Rejects with a WeirError. */
export async function measureFile({
  file,
  original,
  options,
  signal,
  onProgress,
}: MeasuredFile): Promise<Measured> {
  const { quantization, fileBytes } = describeGguf((await readModel(file)).whole);
  const speed = await speedOf(file, options, signal);
  const { questions, threads, ...reading } = options;
  const quality = await measureQuality(
    { file, original, threads, ...reading },
    { onProgress, signal },
  );
  const answered = questions && (await measureAnswers({ file, questions, threads }, { signal }));
  const divergence = quality.against?.divergence ?? 0;
  return { file, name: quantization, bytes: fileBytes, divergence, speed, quality, answered };
}

/** How fast a file answers, and the memory that it takes. */
export function speedOf(
  file: string,
  { threads }: MeasureOptions,
  signal?: AbortSignal,
): Promise<Speed> {
  const job = { file, promptTokens: PROMPT_TOKENS, newTokens: NEW_TOKENS, threads };
  return measureSpeed(job, { signal });
}
