import { bool, type MetadataEntry, uint32 } from "../../metadata.ts";
import { isJson, type Json, objectsIn } from "../json-file.ts";
import type { ModelConfig } from "../model-config.ts";
import { quote, refusal } from "../refusal.ts";
import type { TokenizerFiles } from "./tokenizer-files.ts";
import { KINDS, type Vocabulary } from "./vocabulary.ts";

/** Which tokens begin, end and fill a text, and which of them are put there unasked. */

/** Their names in Hugging Face's files, and in llama.cpp's keys. */
const ROLES = {
  bos: "bos",
  eos: "eos",
  unk: "unknown",
  sep: "seperator",
  pad: "padding",
  cls: "cls",
  mask: "mask",
} as const;

/** Ends of a turn that the engine finds by their names. */
const FOUND_BY_NAME = [
  "<|eot_id|>",
  "<|im_end|>",
  "<|end|>",
  "<end_of_turn>",
  "<|endoftext|>",
  "<|end_of_text|>",
  "<EOT>",
  "[EOT]",
  "<end_of_utterance>",
];

interface Told {
  readonly files: TokenizerFiles;
  readonly config: ModelConfig;
  readonly vocabulary: Vocabulary;
}

/** Throws WeirError where a text would be put between tokens that no key can name. */
export function specialEntries({ files, config, vocabulary }: Told): [string, MetadataEntry][] {
  const frame = frameOf(files.tokenizer);
  const idOf = idFinder(vocabulary);
  const entries: [string, MetadataEntry][] = [];
  const ids = new Map<string, number>();
  for (const [role, key] of Object.entries(ROLES)) {
    const named =
      (role === "bos" ? frame?.first : undefined) ?? textOf(files.config[`${role}_token`]);
    const id =
      (named === undefined ? undefined : idOf(named)) ?? config.tokenId(`${role}_token_id`);
    if (id === undefined || id >= vocabulary.tokens.length) continue;
    ids.set(role, id);
    entries.push([`tokenizer.ggml.${key}_token_id`, uint32(id)]);
  }
  const isKnown = FOUND_BY_NAME.some((name) => idOf(name) !== undefined);
  const turn = isKnown ? undefined : endOfTurn(files.generation, ids.get("eos"));
  if (turn !== undefined && turn < vocabulary.tokens.length)
    entries.push(["tokenizer.ggml.eot_token_id", uint32(turn)]);
  const last = frame?.last;
  if (last !== undefined && idOf(last) !== ids.get("eos"))
    throw refusal(
      `${files.folder}/tokenizer.json ends each text with ${quote(last)}, which is not its eos_token.`,
    );
  return [...entries, ...addedEntries(files, vocabulary)];
}

/** What is put before and behind each text: the config's word counts most. */
function addedEntries(
  { config, tokenizer }: TokenizerFiles,
  { model }: Vocabulary,
): [string, MetadataEntry][] {
  const frame = frameOf(tokenizer);
  const said = (role: "bos" | "eos", framed: boolean | undefined): boolean | undefined => {
    const value = config[`add_${role}_token`];
    return typeof value === "boolean" ? value : framed;
  };
  // Without a word about it, BPE over bytes adds nothing; the engine would for some.
  const usual = model === "gpt2" ? false : undefined;
  const begins = said("bos", frame ? frame.first !== undefined : usual);
  const ends = said("eos", frame?.last === undefined ? undefined : true);
  return [
    ...(begins === undefined ? [] : [["tokenizer.ggml.add_bos_token", bool(begins)] as const]),
    ...(ends === undefined ? [] : [["tokenizer.ggml.add_eos_token", bool(ends)] as const]),
  ].map(([key, entry]): [string, MetadataEntry] => [key, entry]);
}

interface Frame {
  readonly first: string | undefined;
  readonly last: string | undefined;
}

/** The template of a single text, where there is one. */
function frameOf(tokenizer: Json | undefined): Frame | undefined {
  const processor = tokenizer?.["post_processor"];
  if (!isJson(processor)) return undefined;
  const all = processor["type"] === "Sequence" ? objectsIn(processor["processors"]) : [processor];
  const template = all.find(({ type }) => type === "TemplateProcessing");
  if (!template) return undefined;
  const parts = objectsIn(template["single"]).map((part) => {
    const special = part["SpecialToken"];
    return isJson(special) && typeof special["id"] === "string" ? special["id"] : undefined;
  });
  return { first: parts[0], last: parts.length > 1 ? parts.at(-1) : undefined };
}

/** A token is written as its text, or as an object around it. */
function textOf(value: unknown): string | undefined {
  const text = isJson(value) ? value["content"] : value;
  return typeof text === "string" ? text : undefined;
}

function idFinder({ tokens, kinds }: Vocabulary): (text: string) => number | undefined {
  const ids = new Map<string, number>();
  for (const [id, token] of tokens.entries()) if (kinds[id] !== KINDS.unused) ids.set(token, id);
  return (text) => ids.get(text);
}

/** Chat models end a turn with one more token than the text's end. */
function endOfTurn({ eos_token_id: ends }: Json, eos: number | undefined): number | undefined {
  if (!Array.isArray(ends)) return undefined;
  return ends.findLast((id): id is number => Number.isInteger(id) && id >= 0 && id !== eos);
}
