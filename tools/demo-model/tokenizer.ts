/**
 * Byte-level BPE in GPT-2's manner: text is split into words, words into bytes, and the merges learnt
 * in training join bytes into pieces. Special tokens come first and never from plain text.
 */

export const SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"] as const;
export const [END_OF_TEXT, IM_START, IM_END] = [0, 1, 2] as const;

/** GPT-2's own split, which llama.cpp does under the name `gpt-2`. */
const WORD = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;

const FIRST_MERGE = SPECIAL.length + 256;

export interface Tokenizer {
  /** Pieces in GPT-2's byte alphabet, by token. */
  readonly tokens: readonly string[];
  /** `left right` in the order they were learnt. */
  readonly merges: readonly string[];
  readonly encode: (text: string) => number[];
  readonly decode: (tokens: readonly number[]) => string;
}

type Pair = readonly [left: number, right: number];

/** Learns merges until the vocabulary is full or no pair is seen twice. */
export function trainTokenizer(texts: Iterable<string>, vocabulary: number): Tokenizer {
  const words = countWords(texts);
  const merges: Pair[] = [];
  while (FIRST_MERGE + merges.length < vocabulary) {
    const best = commonestPair(words);
    if (!best) break;
    const joined = FIRST_MERGE + merges.length;
    merges.push(best);
    for (const word of words) word.pieces = join(word.pieces, best, joined);
  }
  return createTokenizer(merges);
}

interface Word {
  pieces: number[];
  readonly count: number;
}

function countWords(texts: Iterable<string>): Word[] {
  const counts = new Map<string, number>();
  for (const text of texts)
    for (const [word] of text.matchAll(WORD)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return Array.from(counts, ([word, count]) => ({ pieces: bytesOf(word), count }));
}

function bytesOf(word: string): number[] {
  return Array.from(Buffer.from(word), (byte) => SPECIAL.length + byte);
}

/** The pair seen most often, of equals the one with the lowest numbers; none when all are rare. */
function commonestPair(words: readonly Word[]): Pair | undefined {
  const counts = new Map<number, number>();
  for (const { pieces, count } of words) {
    for (let i = 1; i < pieces.length; i++) {
      const key = (pieces[i - 1] ?? 0) * 65_536 + (pieces[i] ?? 0);
      counts.set(key, (counts.get(key) ?? 0) + count);
    }
  }
  let best = -1;
  let most = 1;
  for (const [key, count] of counts) {
    if (count > most || (count === most && most > 1 && key < best)) [best, most] = [key, count];
  }
  return best === -1 ? undefined : [Math.floor(best / 65_536), best % 65_536];
}

function join(pieces: number[], [left, right]: Pair, joined: number): number[] {
  const out: number[] = [];
  for (let i = 0; i < pieces.length; i++) {
    const isPair = pieces[i] === left && pieces[i + 1] === right;
    out.push(isPair ? joined : (pieces[i] ?? 0));
    if (isPair) i++;
  }
  return out;
}

function createTokenizer(merges: readonly Pair[]): Tokenizer {
  const ranks = new Map(merges.map(([left, right], rank) => [left * 65_536 + right, rank]));
  const bytes: Buffer[] = Array.from({ length: FIRST_MERGE }, (_, token) =>
    Buffer.from(token < SPECIAL.length ? [] : [token - SPECIAL.length]),
  );
  const bytesAt = (token: number): Buffer => bytes[token] ?? Buffer.alloc(0);
  for (const [left, right] of merges) bytes.push(Buffer.concat([bytesAt(left), bytesAt(right)]));
  const name = (token: number): string => SPECIAL[token] ?? inByteAlphabet(bytesAt(token));
  const known = new Map<string, number[]>();

  return {
    tokens: bytes.map((_, token) => name(token)),
    merges: merges.map(([left, right]) => `${name(left)} ${name(right)}`),
    encode: (text) => Array.from(text.matchAll(WORD), ([word]) => encodeWord(word)).flat(),
    decode: (tokens) => Buffer.concat(tokens.map(bytesAt)).toString("utf8"),
  };

  function encodeWord(word: string): number[] {
    const before = known.get(word);
    if (before) return before;
    let pieces = bytesOf(word);
    for (;;) {
      const rank = lowestRank(pieces, ranks);
      const pair = merges[rank];
      if (!pair) break;
      pieces = join(pieces, pair, FIRST_MERGE + rank);
    }
    if (known.size < 100_000) known.set(word, pieces);
    return pieces;
  }
}

/** The merge learnt first of all that apply; -1 when none does. */
function lowestRank(pieces: readonly number[], ranks: ReadonlyMap<number, number>): number {
  let lowest = Infinity;
  for (let i = 1; i < pieces.length; i++) {
    const rank = ranks.get((pieces[i - 1] ?? 0) * 65_536 + (pieces[i] ?? 0));
    if (rank !== undefined && rank < lowest) lowest = rank;
  }
  return lowest === Infinity ? -1 : lowest;
}

/** GPT-2 shows bytes as printable characters: most as themselves, the rest from U+0100 on. */
const BYTE_ALPHABET = byteAlphabet();

function byteAlphabet(): string[] {
  let moved = 256;
  return Array.from({ length: 256 }, (_, byte) => {
    const isPrintable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    return String.fromCodePoint(isPrintable ? byte : moved++);
  });
}

function inByteAlphabet(bytes: Buffer): string {
  return Array.from(bytes, (byte) => BYTE_ALPHABET[byte] ?? "").join("");
}
