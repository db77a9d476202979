import { randomInt } from "node:crypto";
import koffi from "koffi";
import type { Sampling } from "../../core/chat.ts";
import { WeirError } from "../../core/errors.ts";
import type { Pointer } from "./layout.ts";
import type { Llama } from "./library.ts";
import { logitsOf } from "./logits.ts";
import type { HostCall } from "./messages.ts";
import type { Sampler } from "./sequence.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** What a model is sampled with where the caller says nothing: llama.cpp's own habits. */
const DEFAULTS = { temperature: 0.8, topK: 40, topP: 0.95, minP: 0.05 } as const;
/** How far back the repeat penalty looks, prompt included. */
const REPEAT_WINDOW = 64;
/** `llama_token_data`: id, logit, p. */
const CANDIDATE_WORDS = 3;

interface Needs {
  readonly llama: Llama;
  readonly context: Pointer;
  readonly vocabulary: Vocabulary;
  readonly contextTokens: number;
}

/** The library's chain for one answer. Throws `invalid_request` for a grammar it cannot read. */
export function createSampler(
  needs: Needs,
  call: HostCall,
  { index, prompt }: { index: number; prompt: readonly number[] },
): Sampler {
  const { llama, context, vocabulary } = needs;
  const grammar = call.grammar === undefined ? undefined : parseGrammar(needs, call.grammar);
  const chain = buildChain(needs, call.sampling, { index, prompt });
  if (grammar === undefined)
    return {
      sample: (output) => llama.sample(chain, context, output),
      free: () => llama.samplerFree(chain),
    };
  const candidates = new Candidates(vocabulary.size);
  return {
    sample: (output) => sampleByGrammar(needs, { chain, grammar, candidates, output }),
    free: () => {
      llama.samplerFree(chain);
      llama.samplerFree(grammar);
    },
  };
}

function parseGrammar({ llama, vocabulary }: Needs, text: string): Pointer {
  // C ends a text at its first zero, and an empty grammar allows everything.
  const isText = text.trim() !== "" && !text.includes("\0");
  const grammar = isText ? llama.grammar(vocabulary.pointer, text, "root") : null;
  if (grammar !== null) return grammar;
  throw new WeirError(
    "invalid_request",
    "The grammar cannot be read: it must be GBNF, with a rule named root, no rule that begins with " +
      "itself, and no undefined names.",
    { param: "grammar" },
  );
}

function buildChain(
  { llama, vocabulary, contextTokens }: Needs,
  sampling: Sampling,
  { index, prompt }: { index: number; prompt: readonly number[] },
): Pointer {
  const chain = llama.chainNew({ no_perf: true });
  const add = (sampler: Pointer): void => llama.chainAdd(chain, sampler);
  const { size } = vocabulary;
  const biases = Object.entries(sampling.logitBias ?? {});
  if (biases.length > 0) add(llama.logitBias(size, biases.length, biasTable(biases, vocabulary)));
  const { repeatPenalty = 1, frequencyPenalty = 0, presencePenalty = 0 } = sampling;
  if (repeatPenalty !== 1) {
    const repeat = llama.penalties(size, REPEAT_WINDOW, repeatPenalty, 0, 0);
    for (const token of prompt.slice(-REPEAT_WINDOW)) llama.samplerAccept(repeat, token);
    add(repeat);
  }
  // OpenAI's two penalties count the answer's own tokens, all of them.
  if (frequencyPenalty !== 0 || presencePenalty !== 0)
    add(llama.penalties(size, contextTokens, 1, frequencyPenalty, presencePenalty));
  const temperature = sampling.temperature ?? DEFAULTS.temperature;
  if (temperature <= 0) {
    add(llama.greedy());
    return chain;
  }
  add(llama.topK(sampling.topK ?? DEFAULTS.topK));
  add(llama.topP(sampling.topP ?? DEFAULTS.topP, 1));
  add(llama.minP(sampling.minP ?? DEFAULTS.minP, 1));
  add(llama.temperature(temperature));
  const seed = sampling.seed === undefined ? randomInt(2 ** 32 - 1) : sampling.seed + index;
  add(llama.random(seed >>> 0));
  return chain;
}

function biasTable(biases: readonly [string, number][], vocabulary: Vocabulary): Uint8Array {
  const table = Buffer.alloc(biases.length * 8);
  vocabulary.checkTokens(
    biases.map(([token]) => Number(token)),
    "logit_bias",
  );
  for (const [at, [token, bias]] of biases.entries()) {
    table.writeInt32LE(Number(token), at * 8);
    table.writeFloatLE(bias, at * 8 + 4);
  }
  return table;
}

interface GrammarStep {
  readonly chain: Pointer;
  readonly grammar: Pointer;
  readonly candidates: Candidates;
  readonly output: number;
}

/**
 * First without the grammar: mostly the model wants what the grammar allows, and asking it about one
 * token is far cheaper than about all. Only a refused token makes the grammar mask the whole row.
 */
function sampleByGrammar(
  { llama, context, vocabulary }: Needs,
  { chain, grammar, candidates, output }: GrammarStep,
): number | undefined {
  const logits = logitsOf(llama, context, { output, size: vocabulary.size });
  candidates.takeAll(logits);
  llama.samplerApply(chain, candidates.struct);
  let token = candidates.selected();
  if (!isAllowed(llama, grammar, candidates, token)) {
    candidates.takeAll(logits);
    llama.samplerApply(grammar, candidates.struct);
    candidates.dropImpossible();
    if (candidates.length === 0) return undefined;
    llama.samplerApply(chain, candidates.struct);
    token = candidates.selected();
  }
  llama.samplerAccept(chain, token);
  llama.samplerAccept(grammar, token);
  return token;
}

function isAllowed(llama: Llama, grammar: Pointer, candidates: Candidates, token: number): boolean {
  candidates.only(token);
  llama.samplerApply(grammar, candidates.struct);
  return candidates.logit(0) !== -Infinity;
}

/** A `llama_token_data_array` and the memory behind it. */
class Candidates {
  readonly struct = Buffer.alloc(32);
  readonly #floats: Float32Array;
  readonly #ids: Int32Array;
  readonly #address: Pointer;

  constructor(vocabularySize: number) {
    this.#floats = new Float32Array(vocabularySize * CANDIDATE_WORDS);
    this.#ids = new Int32Array(this.#floats.buffer);
    this.#address = koffi.address(this.#floats);
  }

  get length(): number {
    return Number(this.struct.readBigUInt64LE(8));
  }

  takeAll(logits: Float32Array): void {
    for (let id = 0; id < logits.length; id++) {
      this.#ids[id * CANDIDATE_WORDS] = id;
      this.#floats[id * CANDIDATE_WORDS + 1] = logits[id] ?? 0;
    }
    this.#describe(logits.length);
  }

  only(token: number): void {
    this.#ids[0] = token;
    this.#floats[1] = 1;
    this.#describe(1);
  }

  logit(at: number): number {
    return this.#floats[at * CANDIDATE_WORDS + 1] ?? -Infinity;
  }

  /** Moves what a grammar left possible to the front. */
  dropImpossible(): void {
    let kept = 0;
    for (let at = 0; at < this.length; at++) {
      if (this.logit(at) === -Infinity) continue;
      this.#ids[kept * CANDIDATE_WORDS] = this.#ids[at * CANDIDATE_WORDS] ?? 0;
      this.#floats[kept * CANDIDATE_WORDS + 1] = this.logit(at);
      kept++;
    }
    this.#describe(kept);
  }

  /** The token that a chain chose; a sampler may have moved the array elsewhere. */
  selected(): number {
    const data = this.struct.readBigUInt64LE(0);
    const at = this.struct.readBigInt64LE(16);
    const wordBytes = BigInt(CANDIDATE_WORDS * 4);
    return koffi.decode.int32(data + at * wordBytes);
  }

  #describe(length: number): void {
    this.struct.writeBigUInt64LE(this.#address, 0);
    this.struct.writeBigUInt64LE(BigInt(length), 8);
    this.struct.writeBigInt64LE(-1n, 16);
    this.struct.writeUInt8(0, 24);
  }
}
