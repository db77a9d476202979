import type { Question } from "./questions.ts";

/** What the process that measures is asked, and what it tells. */

export interface QualityJob {
  readonly type: "quality";
  readonly file: string;
  /** The original that it is compared with; absent: its perplexity alone. */
  readonly original?: string | undefined;
  readonly text: string;
  readonly windowTokens: number;
  readonly threads: number;
}

export interface SpeedJob {
  readonly type: "speed";
  readonly file: string;
  readonly promptTokens: number;
  readonly newTokens: number;
  readonly threads: number;
}

export interface AnswersJob {
  readonly type: "answers";
  readonly file: string;
  readonly questions: readonly Question[];
  readonly threads: number;
}

export type MeasuringJob = QualityJob | SpeedJob | AnswersJob;

/** What a model answered, question by question. */
export interface Answered {
  readonly answers: readonly Answer[];
}

interface Answer {
  /** The question's line in the evaluation set. */
  readonly line: number;
  readonly said: string;
  readonly isRight: boolean;
}

export interface Quality {
  /** e to the mean negative log likelihood of a token. */
  readonly perplexity: number;
  /** Its standard error. */
  readonly perplexityError: number;
  /** Tokens that were predicted. */
  readonly tokens: number;
  readonly windowTokens: number;
  /** Set where there was an original. */
  readonly against?: Closeness | undefined;
}

export interface Closeness {
  readonly originalPerplexity: number;
  /** Mean KL divergence from the original in nats a token, and its standard error. */
  readonly divergence: number;
  readonly divergenceError: number;
  /** The share of tokens for which both find the same one likeliest. */
  readonly sameTop: number;
}

export interface Speed {
  /** Milliseconds from the prompt to its first token. */
  readonly firstTokenMs: number;
  readonly promptTokens: number;
  readonly tokensPerSecond: number;
  readonly peakBytes: number;
  readonly fileBytes: number;
}

export type Told =
  | { readonly type: "progress"; readonly done: number; readonly all: number }
  | { readonly type: "result"; readonly result: Quality | Speed | Answered }
  | {
      readonly type: "fault";
      readonly code: "invalid_request" | "model_unavailable";
      readonly message: string;
    };
