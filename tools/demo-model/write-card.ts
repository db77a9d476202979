import { writeFile } from "node:fs/promises";
import { formatBytes } from "../../src/gguf/format-bytes.ts";
import type { Evaluation, Rate } from "./evaluate.ts";
import type { Shape } from "./shape.ts";

/** What `models/demo.json` holds and the card quotes. */
export interface Result {
  readonly data: {
    readonly answers: number;
    readonly phrasings: number;
    readonly heldOutPhrasings: number;
    readonly talkAnswers: number;
    readonly talkPhrasings: number;
    readonly offTopicAnswers: number;
    readonly offTopicPatterns: number;
    readonly systemPrompts: number;
    readonly bytes: number;
  };
  readonly shape: Shape & { readonly parameters: number; readonly specialTokens: number };
  readonly training: {
    readonly steps: number;
    readonly tokens: number;
    readonly seconds: number;
    /** Of all threads: what the wall clock would say on idle cores is this over the threads. */
    readonly cpuSeconds: number;
    readonly tokensPerSecond: number;
    readonly threads: number;
    readonly seed: number;
    readonly finalLoss: number;
  };
  readonly measured: Omit<Evaluation, "mistakes">;
  readonly fileBytes: number;
}

/** Writes the model card; every number in it is one of this run's. */
export async function writeCard(path: string, result: Result): Promise<void> {
  await writeFile(path, card(result));
}

function card({ data, shape, training, measured, fileBytes }: Result): string {
  return `# Weir demo

<!-- Written by tools/demo-model/train.ts from the figures in demo.json: do not edit by hand. -->

A chat model of ${millions(shape.parameters)} parameters, trained from nothing by a script in this repository so that
\`npm start\` has something real to serve. It knows a few hundred short answers about running language
models in production, and says so when it is asked about anything else. That is all it promises.

- **File**: \`demo.gguf\`, ${formatBytes(fileBytes)}, Q8_0 (norms as 32-bit floats), architecture \`llama\`
- **Licence**: Apache-2.0, data included
- **Language**: English
- **Made again with**: \`node tools/demo-model/train.ts\` (Node 24 or newer, no downloads)

## Shape

${shape.layers} layers, hidden size ${shape.hidden}, ${shape.heads} heads of ${shape.hidden / shape.heads} (${shape.kvHeads} key/value heads), feed-forward ${shape.feedForward}, SwiGLU, RMSNorm,
RoPE, tied embedding, context ${shape.context} tokens. Byte-level BPE with ${shape.vocabulary} tokens, learnt from the same text. Chat
format: ChatML; no beginning-of-sequence token; \`<|im_end|>\` ends a turn.

## Data

Written for this project, in \`tools/demo-model/data/\`; nothing was taken from elsewhere.

| what | answers | ways of asking |
| --- | --- | --- |
| running models in production, and Weir | ${data.answers} | ${data.phrasings} (and ${data.heldOutPhrasings} kept for measuring) |
| greetings, thanks, who are you, refusals, follow-ups | ${data.talkAnswers} | ${data.talkPhrasings} |
| questions that it cannot answer | ${data.offTopicAnswers} | ${data.offTopicPatterns} patterns with slots |

During training questions are varied (case, punctuation, typing errors, lost filler words, a polite
phrase before or after), joined into conversations of one to many turns, and begin in 35 % of cases
with one of ${data.systemPrompts} system prompts. Half of the training is on questions with only the first words of their
answers: which answer to give is harder to learn than how it goes on.

## Training

${training.steps} steps of AdamW on ${training.threads} threads, ${millions(training.tokens)} tokens, seed ${training.seed}. It took ${training.cpuSeconds} s of
processor time, ${minutes(training.cpuSeconds / training.threads)} on ${training.threads} idle cores; this run shared its machine with other work and
took ${minutes(training.seconds)} by the clock. Loss on answer tokens at the end: ${training.finalLoss}. Plain TypeScript with WebAssembly SIMD kernels; the gradient is
checked against finite differences in the tests.

## Measured

On the weights as they ship, after rounding to Q8_0. Right means the expected answer word for word,
always taking the likeliest token.

| question | right |
| --- | --- |
| a training question | ${percent(measured.trained)} |
| a phrasing kept out of training | ${percent(measured.heldOut)} |
| the same under the system prompt "You are a helpful assistant." | ${percent(measured.heldOutWithSystemPrompt)} |
| the sixth question of a conversation, with typing errors | ${percent(measured.sixthTurn)} |
| an off-topic question kept out of training (its failures guided the data, so not a clean test): admits that it does not know | ${percent(measured.unseenOffTopic)} |

## What it cannot do

It does not reason, calculate, write code, translate, follow instructions or use documents and tools.
It does not look back in a conversation. A question about its subject that it was not taught gets the
answer to a similar one, in the same confident tone. A sampled answer (temperature 0.7 and more) now and then
mixes two. JSON schemas and grammars force the form of its output, not sense. Use it to see that
everything works, then serve a real model: \`weir serve -m path/to/model.gguf\`.
`;
}

function minutes(seconds: number): string {
  return `${(seconds / 60).toFixed(1)} minutes`;
}

function millions(count: number): string {
  return `${(count / 1e6).toFixed(2)} million`;
}

function percent({ rate, right, of }: Rate): string {
  return `${(rate * 100).toFixed(1)} % (${right} of ${of})`;
}
