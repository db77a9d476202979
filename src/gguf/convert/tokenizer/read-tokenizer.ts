import type { MetadataEntry } from "../../metadata.ts";
import type { ModelConfig } from "../model-config.ts";
import { refusal } from "../refusal.ts";
import type { Plan } from "../weight.ts";
import { isByteFallback, readByteFallback } from "./byte-fallback.ts";
import { isByteLevel, readBytePairs } from "./byte-pairs.ts";
import { templateEntries } from "./chat-template.ts";
import { PRE_NAME } from "./pre-tokenizer.ts";
import { readSentencePiece } from "./sentence-piece.ts";
import { specialEntries } from "./special-tokens.ts";
import { readTokenizerFiles, type TokenizerFiles } from "./tokenizer-files.ts";
import { type Vocabulary, vocabularyEntries } from "./vocabulary.ts";

interface Tokenizer {
  readonly entries: readonly (readonly [string, MetadataEntry])[];
  readonly notes: readonly string[];
}

interface Options {
  readonly folder: string;
  readonly config: ModelConfig;
  readonly plan: Plan;
  readonly pre?: string | undefined;
}

/** A checkpoint's tokenizer as GGUF's keys. Throws WeirError with the reason for one that is not known. */
export async function readTokenizer({ folder, config, plan, pre }: Options): Promise<Tokenizer> {
  if (pre !== undefined && !PRE_NAME.test(pre))
    throw refusal(`${JSON.stringify(pre)} is no pre-tokenizer's name.`);
  const files = await readTokenizerFiles(folder);
  const vocabulary = await readVocabulary(files, {
    size: plan.vocabulary,
    isGemma: plan.architecture.startsWith("gemma"),
    pre,
  });
  return {
    entries: [
      ...vocabularyEntries(vocabulary),
      ...specialEntries({ files, config, vocabulary }),
      ...(plan.tokenizer ?? []),
      ...(await templateEntries(files)),
    ],
    notes: vocabulary.notes,
  };
}

interface VocabularyOptions {
  readonly size: number;
  readonly isGemma: boolean;
  readonly pre: string | undefined;
}

async function readVocabulary(
  files: TokenizerFiles,
  { size, isGemma, pre }: VocabularyOptions,
): Promise<Vocabulary> {
  const { tokenizer, sentencePiece, folder } = files;
  if (tokenizer && isByteLevel(tokenizer)) return readBytePairs(files, { size, pre });
  if (pre !== undefined)
    throw refusal(`${folder} has a SentencePiece tokenizer, for which --pre means nothing.`);
  if (sentencePiece !== undefined)
    return readSentencePiece(sentencePiece, files, { size, neverSpaceFirst: isGemma });
  if (tokenizer && isByteFallback(tokenizer)) return readByteFallback(files, size);
  throw refusal(
    tokenizer
      ? `${folder}/tokenizer.json is neither BPE over bytes nor a SentencePiece model, the kinds that are known.`
      : `${folder} has neither tokenizer.json nor tokenizer.model.`,
  );
}
