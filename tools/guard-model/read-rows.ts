import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

/** One row of the data, as its README describes it, and the repository that it comes from. */
export interface Row {
  readonly text: string;
  readonly label: "injection" | "jailbreak" | "harmful" | "benign";
  readonly surface: "user" | "document";
  readonly source: string;
  readonly family: string;
  /** What is kept out together when we measure: all that one group of authors wrote. */
  readonly group: string;
}

export const DATA_FOLDER =
  process.env["WEIR_GUARD_DATA"] ?? join(import.meta.dirname, "../../../shared/data/guard");

/** Files whose licence is clear. Weights that ship are learned from nothing else. */
const LICENSED = ["attacks", "benign", "harmful", "synthetic"] as const;
const SHARE_ALIKE = "google-deepmind/xquad";

export interface Rows {
  /** What weights may be learned from. */
  readonly training: readonly Row[];
  /** Attacks of unclear licence and share-alike questions: to measure with, never to learn from. */
  readonly validation: readonly Row[];
}

export function readRows(): Rows {
  const licensed = LICENSED.flatMap(readFile);
  const [shareAlike, training] = partition(licensed, ({ source }) =>
    source.startsWith(SHARE_ALIKE),
  );
  const validation = [...shareAlike, ...readFile("attacks_unverified_licence")];
  return withoutCopies(training, validation);
}

function readFile(name: string): Row[] {
  const path = join(DATA_FOLDER, `${name}.jsonl.gz`);
  return gunzipSync(readFileSync(path))
    .toString("utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => toRow(JSON.parse(line) as Omit<Row, "group">));
}

function toRow({ text, label, surface, source, family }: Omit<Row, "group">): Row {
  return {
    text: text.toWellFormed(),
    label,
    surface: surface ?? "user",
    source,
    family: family ?? "",
    group: groupOf(source),
  };
}

/** The owner's name, but for the copies: GPTFuzz and garak's DAN prompts circulate with verazuo's. */
function groupOf(source: string): string {
  if (source.startsWith("sherdencooper/") || source === "NVIDIA/garak:dan") return "verazuo";
  return source.split(/[/:]/, 1)[0] === "synthetic"
    ? "weir-grammar"
    : (source.split("/", 1)[0] ?? source);
}

/** Drops texts that differ in case, spaces or marks only, the later ones. */
function withoutCopies(training: readonly Row[], validation: readonly Row[]): Rows {
  const seen = new Set<string>();
  const isNew = ({ text }: Row) => {
    const key = text
      .normalize("NFKC")
      .toLowerCase()
      .replace(/[^\p{L}\p{N}]+/gu, "");
    return !seen.has(key) && seen.add(key);
  };
  return { training: training.filter(isNew), validation: validation.filter(isNew) };
}

function partition<T>(all: readonly T[], test: (one: T) => boolean): [T[], T[]] {
  const yes: T[] = [];
  const no: T[] = [];
  for (const one of all) (test(one) ? yes : no).push(one);
  return [yes, no];
}
