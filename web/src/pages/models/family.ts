import type { LibraryFile } from "../../api/library-queries.ts";

/** Whether two files hold the same model, as far as their headers tell. */
export function areOneModel(one: LibraryFile, other: LibraryFile): boolean {
  return (
    one.facts?.architecture === other.facts?.architecture &&
    one.facts?.parameters === other.facts?.parameters
  );
}

const PRECISE = new Set(["F32", "BF16", "F16"]);

/** What one would start from: what others were made of, then what has the most bits. */
export function likelyOriginal(files: readonly LibraryFile[]): LibraryFile | undefined {
  const isOriginal = ({ name }: LibraryFile) => files.some(({ original }) => original === name);
  const isPrecise = ({ facts }: LibraryFile) => PRECISE.has(facts?.type ?? "");
  return (
    files.find((file) => isPrecise(file) && isOriginal(file)) ?? files.find(isPrecise) ?? files[0]
  );
}
