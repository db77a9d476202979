/**
 * Trains the demo model from nothing and writes `models/demo.gguf`, `demo.json` (what was measured)
 * and `demo.md` (the model card).
 *
 *   node tools/demo-model/train.ts            about ten minutes on two cores
 *   node tools/demo-model/train.ts --steps 50 --out /tmp/try.gguf
 */
import { stat, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createConversations, readCorpus, textsOf, type Corpus } from "./corpus.ts";
import { evaluate } from "./evaluate.ts";
import { exportModel, roundToQ8 } from "./export-model.ts";
import { drawBatch } from "./make-batch.ts";
import { createProgress } from "./progress.ts";
import { createRandom } from "./random.ts";
import { phrasingsOf } from "./read-lessons.ts";
import { parameterCount, type Shape } from "./shape.ts";
import { SPECIAL, trainTokenizer, type Tokenizer } from "./tokenizer.ts";
import { createTrainer, type Trainer } from "./trainer.ts";
import { writeCard, type Result } from "./write-card.ts";

const USAGE = `node tools/demo-model/train.ts [options]

  --steps N    training steps (default 2400)
  --out PATH   the model file to write (default models/demo.gguf)
  --seed N     of all randomness (default 1)
  --threads N  training threads (default: as many as there are cores, at most 2)
  --json       print the result as JSON and nothing else
  --help
`;

/** Tokens a thread: of a usual step, and of every tenth, which holds one long conversation. */
const SHORT = 576;
const LONG = 1024;
const VOCABULARY = 2048;
const RATE = 2.5e-3;
const WARM_UP = 60;

const SIZES = { hidden: 192, layers: 4, heads: 6, kvHeads: 2, feedForward: 512, context: LONG };

interface Options {
  readonly steps: number;
  readonly seed: number;
  readonly threads: number;
  readonly out: string;
  readonly json: boolean;
}

function readOptions(): Options | undefined {
  const { values } = parseArgs({
    options: {
      steps: { type: "string", default: "2400" },
      out: { type: "string", default: join(import.meta.dirname, "../../models/demo.gguf") },
      seed: { type: "string", default: "1" },
      threads: { type: "string", default: String(Math.min(2, availableParallelism())) },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  const { out, json } = values;
  const [steps, seed, threads] = [values.steps, values.seed, values.threads].map(Number);
  if (!steps || !threads || seed === undefined || Number.isNaN(seed))
    throw new Error("--steps, --seed and --threads are whole numbers");
  return { steps, seed, threads, out, json };
}

/** The learning rate: up in a line, then down in half a cosine to a twentieth. */
function rateAt(step: number, steps: number): number {
  if (step < WARM_UP) return (RATE * (step + 1)) / WARM_UP;
  const done = (step - WARM_UP) / Math.max(1, steps - WARM_UP);
  return RATE * (0.05 + 0.475 * (1 + Math.cos(Math.PI * done)));
}

interface Trained {
  readonly tokens: number;
  readonly loss: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
}

async function train(
  trainer: Trainer,
  { corpus, tokenizer }: { corpus: Corpus; tokenizer: Tokenizer },
  { steps, seed, threads, json }: Options,
): Promise<Trained> {
  const random = createRandom(seed + 1);
  const source = { tokenizer, converse: createConversations(corpus, seed + 2) };
  const progress = createProgress(steps, json ? undefined : process.stdout);
  const started = performance.now();
  const cpu = process.cpuUsage();
  let tokens = 0;
  let mean = 0;
  for (let step = 0; step < steps; step++) {
    const isLong = step % 10 === 9;
    const size = { isLong, room: isLong ? LONG : SHORT };
    const batches = Array.from({ length: threads }, () => drawBatch(source, random, size));
    const loss = await trainer.step(batches, rateAt(step, steps));
    tokens += batches.reduce((sum, batch) => sum + batch.tokens.length, 0);
    mean = step === 0 ? loss : 0.95 * mean + 0.05 * loss;
    progress.show(step + 1, mean, (tokens * 1000) / (performance.now() - started));
  }
  progress.end();
  const { user, system } = process.cpuUsage(cpu);
  const seconds = (performance.now() - started) / 1000;
  return { tokens, loss: mean, seconds, cpuSeconds: (user + system) / 1e6 };
}

async function main(options: Options): Promise<void> {
  const say = (text: string): void => void (options.json || console.log(text));
  const corpus = readCorpus();
  const tokenizer = trainTokenizer(textsOf(corpus), VOCABULARY);
  const shape: Shape = { ...SIZES, vocabulary: Math.ceil(tokenizer.tokens.length / 4) * 4 };
  if (shape.vocabulary !== tokenizer.tokens.length) throw new Error("the vocabulary is not full");
  say(`${corpus.knowledge.length} lessons, ${parameterCount(shape)} parameters`);
  const { threads, seed, out } = options;
  const trainer = await createTrainer(shape, { threads, room: LONG, random: createRandom(seed) });
  const trained = await train(trainer, { corpus, tokenizer }, options);
  await exportModel(out, { shape, weights: trainer.weights, tokenizer });
  say("measuring");
  roundToQ8(trainer.weights, shape);
  const { mistakes, ...measured } = evaluate(trainer.model, tokenizer, corpus);
  await trainer.close();

  const result: Result = {
    ...describeCorpus(corpus),
    shape: { ...shape, parameters: parameterCount(shape), specialTokens: SPECIAL.length },
    training: {
      steps: options.steps,
      tokens: trained.tokens,
      seconds: Math.round(trained.seconds),
      cpuSeconds: Math.round(trained.cpuSeconds),
      tokensPerSecond: Math.round(trained.tokens / trained.seconds),
      threads,
      seed,
      finalLoss: Number(trained.loss.toFixed(4)),
    },
    measured,
    fileBytes: (await stat(out)).size,
  };
  await writeFile(out.replace(/\.gguf$/, ".json"), `${JSON.stringify(result, null, 2)}\n`);
  await writeCard(out.replace(/\.gguf$/, ".md"), result);
  if (options.json) console.log(JSON.stringify(result));
  else console.log(JSON.stringify(result.measured, null, 1));
  for (const { question, answer } of mistakes) say(`✗ ${question}\n    ${answer}`);
}

function describeCorpus(corpus: Corpus): Pick<Result, "data"> {
  const { knowledge, talk, followUps, offTopic } = corpus;
  const questions = (lessons: Corpus["talk"]): number =>
    lessons.reduce((sum, lesson) => sum + phrasingsOf(lesson).length, 0);
  return {
    data: {
      answers: knowledge.length,
      phrasings: questions(knowledge),
      heldOutPhrasings: knowledge.filter(({ heldOut }) => heldOut !== undefined).length,
      talkAnswers: talk.length + followUps.length,
      talkPhrasings: questions(talk) + questions(followUps),
      offTopicAnswers: offTopic.length,
      offTopicPatterns: questions(offTopic),
      systemPrompts: new Set(corpus.systemPrompts).size,
      bytes: [...textsOf(corpus)].reduce((sum, text) => sum + Buffer.byteLength(text), 0),
    },
  };
}

const options = readOptions();
if (options) await main(options);
else process.stdout.write(USAGE);
