import { readFile, stat } from "node:fs/promises";
import { formatBytes } from "../../format-bytes.ts";
import { refusal } from "../refusal.ts";
import { ProtobufReader } from "./protobuf.ts";
import type { TokenizerFiles } from "./tokenizer-files.ts";
import { KINDS, type Vocabulary, VocabularyBuilder } from "./vocabulary.ts";

/** SentencePiece's own `tokenizer.model`. */

interface Piece {
  readonly text: string;
  readonly score: number;
  readonly kind: number;
}

interface SentencePieceModel {
  readonly pieces: readonly Piece[];
  /** 1 unigram, 2 BPE, 3 words, 4 letters. */
  readonly algorithm: number;
  readonly spaceFirst: boolean;
  readonly changesLetters: boolean;
}

const BPE = 2;
const MOST_BYTES = 64 * 1024 * 1024;

interface Options {
  readonly size: number;
  /** Gemma's library never begins with a space, whatever the file says. */
  readonly neverSpaceFirst?: boolean;
}

/** Throws WeirError for a broken file, and for kinds that the engine would read otherwise. */
export async function readSentencePiece(
  path: string,
  { added, config }: TokenizerFiles,
  { size, neverSpaceFirst = false }: Options,
): Promise<Vocabulary> {
  const model = await readModel(path);
  if (model.algorithm !== BPE)
    throw refusal(`${path} is no SentencePiece model of the BPE kind, the only one that is known.`);
  const builder = new VocabularyBuilder(path, size);
  for (const [id, { text, score, kind }] of model.pieces.entries()) {
    const token = kind === KINDS.userDefined ? text.replaceAll("▁", " ") : text;
    builder.put(id, token, { kind, score });
  }
  const beyond = added.filter(({ id }) => !builder.has(id));
  for (const token of added) if (builder.has(token.id)) builder.putAdded(token);
  const said = config["add_prefix_space"];
  const spaceFirst = typeof said === "boolean" ? said : model.spaceFirst;
  return {
    model: "llama",
    pre: "default",
    tokens: builder.tokens,
    kinds: builder.kinds,
    scores: builder.scores,
    spaceFirst: spaceFirst && !neverSpaceFirst,
    notes: notesOf(model, beyond.length),
  };
}

function notesOf({ changesLetters }: SentencePieceModel, beyond: number): string[] {
  return [
    ...(changesLetters
      ? [
          "the original rewrites some letters first (its normalizer), the engine reads texts as they come",
        ]
      : []),
    ...(beyond > 0 ? [`${beyond} added tokens have no row in the model and were left out`] : []),
  ];
}

async function readModel(path: string): Promise<SentencePieceModel> {
  const { size } = await stat(path);
  if (size > MOST_BYTES) throw refusal(`${path} has ${formatBytes(size)}; such files are smaller.`);
  try {
    return parseModel(await readFile(path));
  } catch (cause) {
    if (cause instanceof RangeError)
      throw refusal(`${path} is no SentencePiece model, or cut off; download it again.`, cause);
    throw cause;
  }
}

/** Field numbers are those of SentencePiece's own format. Throws RangeError for what is none. */
function parseModel(bytes: Uint8Array): SentencePieceModel {
  const pieces: Piece[] = [];
  let algorithm = 1;
  let spaceFirst = true;
  let changesLetters = false;
  for (const field of new ProtobufReader(bytes).fields()) {
    if (field.number === 1) pieces.push(parsePiece(field.bytes()));
    if (field.number === 2) algorithm = numberIn(field.bytes(), 3, algorithm);
    if (field.number === 3) {
      spaceFirst = numberIn(field.bytes(), 3, 1) !== 0;
      changesLetters = bytesIn(field.bytes(), 2).length > 0;
    }
  }
  if (pieces.length === 0) throw new RangeError("no pieces");
  return { pieces, algorithm, spaceFirst, changesLetters };
}

function parsePiece(bytes: Uint8Array): Piece {
  let text = "";
  let score = 0;
  let kind: number = KINDS.normal;
  for (const field of new ProtobufReader(bytes).fields()) {
    if (field.number === 1) text = field.text();
    if (field.number === 2) score = field.float();
    if (field.number === 3) kind = field.integer();
  }
  if (kind < KINDS.normal || kind > KINDS.byte) throw new RangeError(`kind ${kind}`);
  return { text, score, kind };
}

function numberIn(bytes: Uint8Array, number: number, usual: number): number {
  let value = usual;
  for (const field of new ProtobufReader(bytes).fields()) {
    if (field.number === number) value = field.integer();
  }
  return value;
}

function bytesIn(bytes: Uint8Array, number: number): Uint8Array {
  let value = new Uint8Array();
  for (const field of new ProtobufReader(bytes).fields()) {
    if (field.number === number) value = Uint8Array.from(field.bytes());
  }
  return value;
}
