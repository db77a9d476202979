import type { Example } from "./example.ts";

/** Usual settings of BM25: how soon more of the same word says nothing new, and what length counts. */
const SATURATION = 1.2;
const LENGTH_WEIGHT = 0.75;

interface Ranked {
  readonly example: Example;
  readonly score: number;
}

/** Examples whose inputs share words with the given ones, the most alike first (BM25). */
export function rankBySimilarity(
  examples: readonly Example[],
  inputs: Readonly<Record<string, unknown>>,
): Ranked[] {
  const documents = examples.map(({ value }) => wordsOf(value.inputs));
  const wanted = [...new Set(wordsOf(inputs))];
  const mean = documents.reduce((sum, { length }) => sum + length, 0) / (documents.length || 1);
  const rarity = new Map(wanted.map((word) => [word, rarityOf(word, documents)]));
  const score = (words: readonly string[]) =>
    wanted.reduce((sum, word) => {
      const count = words.filter((own) => own === word).length;
      const length = 1 - LENGTH_WEIGHT + (LENGTH_WEIGHT * words.length) / (mean || 1);
      const weight = (count * (SATURATION + 1)) / (count + SATURATION * length);
      return sum + (rarity.get(word) ?? 0) * weight;
    }, 0);
  return examples
    .map((example, index) => ({ example, score: score(documents[index] ?? []) }))
    .filter((one) => one.score > 0)
    .toSorted((a, b) => b.score - a.score);
}

function rarityOf(word: string, documents: readonly (readonly string[])[]): number {
  const having = documents.filter((words) => words.includes(word)).length;
  return Math.log(1 + (documents.length - having + 0.5) / (having + 0.5));
}

function wordsOf(value: unknown): string[] {
  if (typeof value === "object" && value !== null) return Object.values(value).flatMap(wordsOf);
  const text = typeof value === "string" ? value : JSON.stringify(value ?? "");
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}
