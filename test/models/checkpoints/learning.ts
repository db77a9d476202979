/** What small tokenizers are learned from, and how. */

export const TEXT = `The model reads a text and the model writes another text, then there are the others: 123 or 2024.
Where there is one, there are more. A token is a token, the then this that these those, wörter für straße, éé.
    indented text, and  two spaces; DON'T don't we'll I've they're. 世界世界 你好你好`;

export interface TestTokenizer {
  /** Writes its files beside the weights. */
  readonly write: (folder: string) => void;
  /** Tokens of a text, without those that begin and end it. */
  readonly encode: (text: string) => number[];
  /** What is put before each text. */
  readonly prefix: readonly number[];
  /** How many ids there are. */
  readonly size: number;
}

function mostFrequentPair(words: readonly string[][]): readonly [string, string] | undefined {
  const counts = new Map<string, number>();
  for (const word of words)
    for (let at = 1; at < word.length; at++) {
      const pair = `${word[at - 1]} ${word[at]}`;
      counts.set(pair, (counts.get(pair) ?? 0) + 1);
    }
  const [best] = [...counts].toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  if (!best || best[1] < 2) return undefined;
  const [left = "", right = ""] = best[0].split(" ");
  return [left, right];
}

export function merge(word: readonly string[], [left, right]: readonly [string, string]): string[] {
  const out: string[] = [];
  for (const symbol of word) {
    if (symbol === right && out.at(-1) === left && out.length > 0)
      out.push((out.pop() ?? "") + right);
    else out.push(symbol);
  }
  return out;
}

/** Learns merges from words of symbols. */
export function learn(words: readonly string[][], count: number): (readonly [string, string])[] {
  const merges: (readonly [string, string])[] = [];
  let now = words.map((word) => [...word]);
  while (merges.length < count) {
    const pair = mostFrequentPair(now);
    if (!pair) break;
    merges.push(pair);
    now = now.map((word) => merge(word, pair));
  }
  return merges;
}

/** Cuts a text at the names of special tokens; those come out as ids. */
export function partition(
  text: string,
  specials: ReadonlyMap<string, number>,
): (string | number)[] {
  const names = [...specials.keys()].map((name) => name.replaceAll(/[|\\{}()[\]^$+*?.]/g, "\\$&"));
  return text
    .split(new RegExp(`(${names.join("|")})`))
    .filter((part) => part !== "")
    .map((part) => specials.get(part) ?? part);
}
