import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { learn, partition, TEXT, type TestTokenizer } from "./learning.ts";

export interface SentencePieceOptions {
  readonly form: "model" | "json";
  /** Whether a text begins as if behind a space. */
  readonly spaceFirst: boolean;
  /** Whether runs of spaces are words, all of the same score, as Llama 2 has them. */
  readonly hasRuns?: boolean;
}

const SPACE = "▁";

/** SentencePiece of the BPE kind: as its own `tokenizer.model`, or retold in `tokenizer.json`. */
export function sentencePiece(options: SentencePieceOptions): TestTokenizer {
  const words = TEXT.replaceAll(/[世界你好]/g, "")
    .replaceAll(" ", SPACE)
    .split(/(?=▁)/);
  const merges = learn(
    words.map((word) => Array.from(word.replaceAll("\n", ""))),
    80,
  );
  const made = [...new Set(merges.map(([left, right]) => left + right))];
  const letters = [...new Set(words.join("").replaceAll("\n", ""))].toSorted();
  const pieces: Piece[] = [
    { text: "<unk>", score: 0, kind: 2 },
    { text: "<s>", score: 0, kind: 3 },
    { text: "</s>", score: 0, kind: 3 },
    ...Array.from({ length: 256 }, (_, byte) => ({
      text: `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`,
      score: 0,
      kind: 6,
    })),
    ...made.map((text, at) => ({ text, score: 0 - at, kind: 1 })),
    ...(options.hasRuns ? [4, 2, 5, 3] : []).map((length) => ({
      text: SPACE.repeat(length),
      score: -1_000_000_000,
      kind: 1,
    })),
    ...letters.map((text, at) => ({ text, score: -made.length - at, kind: 1 })),
  ];
  const added = { "<turn>": pieces.length, "<tool>": pieces.length + 1 };
  const ids = new Map<string, number>([["<s>", 1], ["</s>", 2], ...Object.entries(added)]);
  return {
    write: (folder) => writeSentencePiece(folder, options, { pieces, added }),
    encode: (text) =>
      partition(text, ids).flatMap((part) =>
        typeof part === "number" ? [part] : encodePieces(part, { pieces, ...options }),
      ),
    prefix: [1],
    size: pieces.length + 5,
  };
}

interface Piece {
  readonly text: string;
  readonly score: number;
  readonly kind: number;
}

function encodePieces(
  text: string,
  { pieces, spaceFirst }: { readonly pieces: readonly Piece[]; readonly spaceFirst: boolean },
): number[] {
  const ids = new Map(pieces.map(({ text: piece }, id) => [piece, id]));
  let symbols = Array.from((spaceFirst ? SPACE : "") + text.replaceAll(" ", SPACE));
  for (;;) {
    let best: { at: number; score: number } | undefined;
    for (let at = 1; at < symbols.length; at++) {
      const id = ids.get(`${symbols[at - 1]}${symbols[at]}`);
      const score = id === undefined ? undefined : pieces[id]?.score;
      if (score !== undefined && (!best || score > best.score)) best = { at, score };
    }
    if (!best) break;
    symbols = symbols.toSpliced(best.at - 1, 2, `${symbols[best.at - 1]}${symbols[best.at]}`);
  }
  return symbols.flatMap((symbol) => {
    const id = ids.get(symbol);
    return id === undefined ? [...Buffer.from(symbol)].map((byte) => 3 + byte) : [id];
  });
}

interface PieceFiles {
  readonly pieces: readonly Piece[];
  readonly added: Readonly<Record<string, number>>;
}

function writeSentencePiece(
  folder: string,
  options: SentencePieceOptions,
  { pieces, added }: PieceFiles,
): void {
  if (options.form === "model") {
    writeFileSync(join(folder, "tokenizer.model"), sentencePieceModel(pieces, options));
    writeFileSync(join(folder, "added_tokens.json"), JSON.stringify({ "<tool>": added["<tool>"] }));
  } else {
    const json = retold(pieces, added, options);
    writeFileSync(join(folder, "tokenizer.json"), JSON.stringify(json));
  }
  const settings = {
    tokenizer_class: "LlamaTokenizer",
    bos_token: "<s>",
    eos_token: "</s>",
    unk_token: "<unk>",
    add_bos_token: true,
    add_eos_token: false,
    added_tokens_decoder: {
      "1": { content: "<s>", special: true },
      "2": { content: "</s>", special: true },
      [String(added["<turn>"])]: { content: "<turn>", special: true },
    },
  };
  writeFileSync(join(folder, "tokenizer_config.json"), JSON.stringify(settings));
  const template = "{% for m in messages %}{{ m.content }}<turn>{% endfor %}";
  writeFileSync(join(folder, "chat_template.jinja"), template);
}

/** SentencePiece's format, written by hand: pieces, how they were learned (with bytes), how texts are prepared. */
export function sentencePieceModel(
  pieces: readonly Piece[],
  { spaceFirst, algorithm = 2 }: { readonly spaceFirst: boolean; readonly algorithm?: number },
): Buffer {
  const counted = (field: number, bytes: Buffer) =>
    Buffer.concat([Buffer.from([(field << 3) | 2]), varint(bytes.length), bytes]);
  const score = (value: number) => {
    const bytes = Buffer.alloc(5);
    bytes[0] = (2 << 3) | 5;
    bytes.writeFloatLE(value, 1);
    return bytes;
  };
  const encoded = pieces.map(({ text, score: value, kind }) =>
    counted(
      1,
      Buffer.concat([counted(1, Buffer.from(text)), score(value), Buffer.from([3 << 3, kind])]),
    ),
  );
  return Buffer.concat([
    ...encoded,
    counted(
      2,
      Buffer.concat([Buffer.from([3 << 3, algorithm]), varint(35 << 3), Buffer.from([1])]),
    ),
    counted(
      3,
      Buffer.concat([
        counted(1, Buffer.from("identity")),
        Buffer.from([3 << 3, spaceFirst ? 1 : 0, 4 << 3, 0]),
      ]),
    ),
  ]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}

/** Every way in which a piece is two others, the best pieces first, as converters write them. */
function retold(
  pieces: readonly Piece[],
  added: Readonly<Record<string, number>>,
  { spaceFirst }: SentencePieceOptions,
): unknown {
  const known = new Set(pieces.filter(({ kind }) => kind === 1).map(({ text }) => text));
  const length = (text: string) => Array.from(text).length;
  const merges = pieces
    .filter(({ kind }) => kind === 1)
    .flatMap(({ text, score }) => {
      const letters = Array.from(text);
      return letters
        .slice(1)
        .map((_, at) => [letters.slice(0, at + 1).join(""), letters.slice(at + 1).join("")])
        .filter((pair) => pair.every((part) => known.has(part)))
        .map(([left = "", right = ""]) => ({ left, right, score }));
    })
    .toSorted(
      (a, b) =>
        b.score - a.score || length(b.left) - length(a.left) || length(b.right) - length(a.right),
    )
    .map(({ left, right }) => [left, right]);
  const replace = { type: "Replace", pattern: { String: " " }, content: SPACE };
  return {
    added_tokens: [
      { id: 0, content: "<unk>", special: true },
      { id: 1, content: "<s>", special: true },
      { id: 2, content: "</s>", special: true },
      ...Object.entries(added).map(([content, id]) => ({
        id,
        content,
        special: content === "<turn>",
      })),
    ],
    normalizer: spaceFirst
      ? { type: "Sequence", normalizers: [{ type: "Prepend", prepend: SPACE }, replace] }
      : replace,
    pre_tokenizer: null,
    post_processor: {
      type: "TemplateProcessing",
      single: [{ SpecialToken: { id: "<s>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
    },
    decoder: { type: "Sequence", decoders: [] },
    model: {
      type: "BPE",
      unk_token: "<unk>",
      byte_fallback: true,
      vocab: Object.fromEntries(pieces.map(({ text }, id) => [text, id])),
      merges,
    },
  };
}
