import { listAt, numberAt, stringAt, type Metadata } from "./metadata.ts";
import type { GgufFile } from "./read-gguf.ts";
import { elementCount, FILE_TYPES } from "./tensor-types.ts";

/** What one wants to know of a model before loading it. Undefined: the file does not say. */
export interface GgufDescription {
  readonly architecture: string;
  readonly name: string | undefined;
  readonly license: string | undefined;
  readonly parameters: number;
  /** `Q4_K_M`, `F16`, …: what the file calls itself, else the type of most of its numbers. */
  readonly quantization: string;
  /** Tokens that the model was trained to hold. */
  readonly contextLength: number | undefined;
  readonly embeddingLength: number | undefined;
  readonly feedForwardLength: number | undefined;
  readonly layers: number | undefined;
  /** The most of any layer, where layers differ. */
  readonly heads: number | undefined;
  readonly kvHeads: number | undefined;
  readonly keyLength: number | undefined;
  readonly valueLength: number | undefined;
  readonly experts: number | undefined;
  readonly vocabularySize: number | undefined;
  /** `gpt2` (byte-level BPE), `llama` (SentencePiece), `bert`, … */
  readonly tokenizer: string | undefined;
  readonly preTokenizer: string | undefined;
  readonly chatTemplate: string | undefined;
  /** Set on models made for embeddings or ranking; they cannot chat. */
  readonly poolingType: number | undefined;
  /** How many files the model is split into. */
  readonly parts: number;
  readonly tensors: number;
  readonly fileBytes: number;
}

/** Sums a header up. A pure reading of what `readGguf` found. */
export function describeGguf(file: GgufFile): GgufDescription {
  const { metadata, tensors, fileBytes } = file;
  const architecture = stringAt(metadata, "general.architecture") ?? "unknown";
  const own = (key: string): number | undefined => mostOf(metadata, `${architecture}.${key}`);
  const heads = own("attention.head_count");
  const embeddingLength = own("embedding_length");
  const headSize = heads && embeddingLength ? Math.floor(embeddingLength / heads) : undefined;
  return {
    architecture,
    name: stringAt(metadata, "general.name"),
    license: stringAt(metadata, "general.license"),
    parameters: tensors.reduce((sum, { dimensions }) => sum + elementCount(dimensions), 0),
    quantization: quantizationOf(file),
    contextLength: own("context_length"),
    embeddingLength,
    feedForwardLength: own("feed_forward_length"),
    layers: own("block_count"),
    heads,
    kvHeads: own("attention.head_count_kv") ?? heads,
    keyLength: own("attention.key_length") ?? headSize,
    valueLength: own("attention.value_length") ?? headSize,
    experts: own("expert_count"),
    vocabularySize: listAt(metadata, "tokenizer.ggml.tokens")?.length ?? own("vocab_size"),
    tokenizer: stringAt(metadata, "tokenizer.ggml.model"),
    preTokenizer: stringAt(metadata, "tokenizer.ggml.pre"),
    chatTemplate: stringAt(metadata, "tokenizer.chat_template"),
    poolingType: own("pooling_type"),
    parts: numberAt(metadata, "split.count") ?? 1,
    tensors: tensors.length,
    fileBytes,
  };
}

/** Some architectures give a list with one number a layer where others give one number. */
function mostOf(metadata: Metadata, key: string): number | undefined {
  const numbers = listAt(metadata, key)?.filter((value) => typeof value === "number");
  return numbers?.length ? numbers.reduce((a, b) => Math.max(a, b)) : numberAt(metadata, key);
}

/** llama.cpp adds 1024 to a file type that it guessed. */
function quantizationOf({ metadata, tensors }: GgufFile): string {
  const declared = FILE_TYPES[(numberAt(metadata, "general.file_type") ?? -1) % 1024];
  if (declared !== undefined) return declared;
  const sums = new Map<string, number>();
  for (const { type, dimensions } of tensors)
    sums.set(type.name, (sums.get(type.name) ?? 0) + elementCount(dimensions));
  return [...sums].toSorted((a, b) => b[1] - a[1])[0]?.[0] ?? "unknown";
}
