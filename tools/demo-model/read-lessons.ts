import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

const DATA = join(import.meta.dirname, "data");

/** One answer and every question that has it. */
export interface Lesson {
  /** The file it stands in, without its ending. */
  readonly topic: string;
  readonly answer: string;
  /** Phrasings that are trained on, written by hand. */
  readonly questions: readonly string[];
  /** The usual forms of asking for a definition, made of the lesson's terms. */
  readonly definitions: readonly string[];
  /** A phrasing kept out of training, to measure with. */
  readonly heldOut?: string;
}

/**
 * How one asks for the meaning of a term. `{}` is the term; the first of them ends up in the card as
 * the example.
 */
const DEFINITIONS = [
  "What is {}?",
  "What's {}?",
  "What are {}?",
  "Explain {}.",
  "Can you explain {}?",
  "Define {}.",
  "Tell me about {}.",
  "What does {} mean?",
  "What do you know about {}?",
  "{}?",
  "{}",
  "Describe {}.",
  "Help me understand {}.",
  "Give me a short definition of {}.",
  "I do not understand {}. What is it?",
  "How does {} work?",
];

/**
 * The lessons of one file. A lesson is a block of lines, blocks are parted by empty lines, `#` starts
 * a comment: `Q:` a phrasing, `@` terms parted by `|` whose definition the answer gives, `A:` the
 * answer. Of every third lesson with enough phrasings the last `Q:` is held out.
 */
export function parseLessons(text: string, topic: string): Lesson[] {
  const blocks = text
    .replaceAll(/^#.*\n/gm, "")
    .split(/\n\s*\n/)
    .filter((block) => block.trim() !== "");
  return blocks.map((block, index) => parseLesson(block, topic, index % 3 === 1));
}

function parseLesson(block: string, topic: string, mayHoldOut: boolean): Lesson {
  const lines = block.trim().split("\n");
  const after = (mark: string): string[] =>
    lines.filter((line) => line.startsWith(mark)).map((line) => line.slice(mark.length).trim());
  const [answer, ...more] = after("A:");
  if (answer === undefined || more.length > 0) throw new Error(`${topic}: one A: in\n${block}`);
  const terms = after("@").flatMap((line) => line.split("|").map((term) => term.trim()));
  const asked = after("Q:");
  const defined = terms.flatMap((term) => DEFINITIONS.map((form) => form.replace("{}", term)));
  const last = asked.at(-1);
  const holdOut = mayHoldOut && last !== undefined && asked.length + defined.length >= 4;
  const questions = holdOut ? asked.slice(0, -1) : asked;
  const definitions = defined.map(capitalized);
  return { topic, answer, questions, definitions, ...(holdOut ? { heldOut: last } : {}) };
}

/** Every phrasing that is trained on. */
export function phrasingsOf({ questions, definitions }: Lesson): string[] {
  return [...questions, ...definitions];
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Every lesson of a folder under `data/`, files in the order of their names. */
export function readLessons(folder: string): Lesson[] {
  return globSync(join(DATA, folder, "*.txt"))
    .toSorted()
    .flatMap((path) => parseLessons(readFileSync(path, "utf8"), basename(path, ".txt")));
}

/** The lines of a list under `data/`, comments and empty lines left out. */
export function readLines(file: string): string[] {
  return readFileSync(join(DATA, file), "utf8")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}
