import { existsSync } from "node:fs";
import { join } from "node:path";
import { isJson, type Json, objectsIn, readJson } from "../json-file.ts";
import { refusal } from "../refusal.ts";
import type { AddedToken } from "./vocabulary.ts";

/** What a checkpoint says about its tokenizer, in all the files that may say it. */
export interface TokenizerFiles {
  readonly folder: string;
  /** `tokenizer.json`, all of a tokenizer in one file. */
  readonly tokenizer: Json | undefined;
  /** `tokenizer_config.json`. */
  readonly config: Json;
  /** `generation_config.json`. */
  readonly generation: Json;
  /** `tokenizer.model`, SentencePiece's own file. */
  readonly sentencePiece: string | undefined;
  /** By every file that names some, later ones last. */
  readonly added: readonly AddedToken[];
}

/** Reads them. Throws WeirError for broken ones; that one is missing is left to whoever needs it. */
export async function readTokenizerFiles(folder: string): Promise<TokenizerFiles> {
  const tokenizer = await readJson(folder, "tokenizer.json");
  const config = (await readJson(folder, "tokenizer_config.json")) ?? {};
  const older = (await readJson(folder, "added_tokens.json")) ?? {};
  const sentencePiece = join(folder, "tokenizer.model");
  return {
    folder,
    tokenizer,
    config,
    generation: (await readJson(folder, "generation_config.json")) ?? {},
    sentencePiece: existsSync(sentencePiece) ? sentencePiece : undefined,
    added: [
      ...Object.entries(older).map(([content, id]) => toAdded(folder, { id, content })),
      ...decoderEntries(config).map(([id, entry]) => toAdded(folder, { ...entry, id: Number(id) })),
      ...objectsIn(tokenizer?.["added_tokens"]).map((entry) => toAdded(folder, entry)),
    ],
  };
}

function decoderEntries({ added_tokens_decoder: decoder }: Json): [string, Json][] {
  if (!isJson(decoder)) return [];
  return Object.entries(decoder).flatMap(([id, entry]) => (isJson(entry) ? [[id, entry]] : []));
}

function toAdded(folder: string, { id, content, special }: Json): AddedToken {
  if (typeof id === "number" && Number.isInteger(id) && id >= 0 && typeof content === "string")
    return { id, content, special: special === true };
  throw refusal(
    `${folder}: an added token of the tokenizer has no id or no text (${JSON.stringify({ id, content })}).`,
  );
}
