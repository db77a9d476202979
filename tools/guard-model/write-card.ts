import { rateOf } from "../../src/guard/classifier/calibration.ts";
import { type CrossScored, calibrateSurfaces } from "./cross-score.ts";
import type { trainHarm } from "./harm.ts";
import { FIT, SEED } from "./learn.ts";
import type { Row, Rows } from "./read-rows.ts";
import { TECHNIQUES, techniqueOf } from "./techniques.ts";

interface CardFacts {
  readonly rows: Rows;
  readonly crossed: readonly CrossScored[];
  readonly fitRows: number;
  readonly bytes: number;
  readonly harm: ReturnType<typeof trainHarm>;
  readonly harmBytes: number;
}

const LICENCES: Readonly<Record<string, string>> = {
  verazuo: "MIT",
  NVIDIA: "Apache-2.0",
  "Giskard-AI": "MIT",
  "meta-llama": "MIT",
  microsoft: "MIT",
  "DAMO-NLP-SG": "MIT",
  lmarena: "Apache-2.0",
  "lm-sys": "Apache-2.0",
  yizhongw: "Apache-2.0",
  f: "CC0-1.0",
  hiyouga: "Apache-2.0 (its c4 sample: ODC-By)",
  "weir-grammar": "own work",
};

/** The card: what the weights rest on, what they find in sources that they had not seen, what they miss. */
export function writeCard(facts: CardFacts): string {
  return `${[
    `# The guard's models

\`guard.bin\` (${facts.bytes} bytes) tells injection in users' texts, injection in documents and tool results, and jailbreaks
from innocent texts. \`harmful.bin\` (${facts.harmBytes} bytes) tells three kinds of harmful content. Both are linear: hashed words and pairs of words,
runs of two to four characters, ideas (a word list in some twenty languages) with pairs of them, and the form of sentences (prose, code, table; how
it ends, what it begins with, whether the rest of the text has its words); logistic regression, int8
weights, the strongest of windows of some sentences (one, two and six in documents, else two and six) and the whole. Decoders run first (\`src/guard/normalize/\`).

Made by \`node tools/guard-model/train.ts\` (seed ${SEED}, ${FIT.epochs} epochs, rate ${FIT.rate}); the same data gives the same bytes.`,
    data(facts),
    calibration(),
    figures(facts),
    harmful(facts),
    missed(),
  ].join("\n\n")}\n`;
}

function data({ rows, fitRows }: CardFacts): string {
  const groups = Map.groupBy(rows.training, ({ group }) => group);
  const lines = [...groups].map(([group, own]) => {
    const count = (label: Row["label"]) => own.filter((row) => row.label === label).length;
    const cells = [count("injection"), count("jailbreak"), count("harmful"), count("benign")];
    return `| ${group} | ${LICENCES[group] ?? "see the data's README"} | ${cells.join(" | ")} |`;
  });
  return `## Data

${rows.training.length} rows with a clear licence, copies dropped, and ${fitRows - rows.training.length} more of our own making (\`tools/guard-model/grammar.ts\`), less
what a mixed collection holds of harmless role prompts. Never learned from: rows of unclear licence (neuralchemy) and of share-alike licence
(xquad), ${rows.validation.length} rows that only measure.

| who wrote it | licence | injection | jailbreak | harmful | innocent |
| --- | --- | --- | --- | --- | --- |
${lines.join("\n")}`;
}

function calibration(): string {
  return `## Calibration

The tables in the file tell, for a score, which share of innocent texts scores as high. They were measured on innocent texts of
sources that the measuring weights had not seen, hard negatives included (security questions, role prompts, prose about prompts,
trigger words). Long texts score higher than short ones, innocent ones too: a table by length says how much, and it is taken
off first, so that a rate holds for users' texts of any length up to some 8000 characters. For a user's text the two heads are counted together: at a setting of 1 % one innocent text in a hundred is flagged by
either. The probability is Platt's, with attacks and innocent texts weighing the same.`;
}

function figures({ crossed }: CardFacts): string {
  const judged = judge(crossed);
  const attacks = judged.filter(
    ({ row }) => row.label === "injection" || row.label === "jailbreak",
  );
  const techniques = TECHNIQUES.map((technique) => ({
    name: technique,
    own: attacks.filter(({ row }) => techniqueOf(row) === technique),
  }));
  const sources = [...Map.groupBy(attacks, ({ row }) => `${row.source}, ${row.surface}`)].map(
    ([name, own]) => ({ name, own }),
  );
  const benign = judged.filter(({ row }) => row.label === "benign");
  const innocent = [...Map.groupBy(benign, ({ row }) => row.source)].map(([name, own]) => ({
    name,
    own,
  }));
  return `## Out of domain

Seven folds, split by source: each row was scored by weights that had seen no row of its source, at the score that a share of the
innocent texts kept out beside it reaches. Classifiers alone, without the phrases that stand beside them;
\`bench/results/guard-quality.md\` has both together, by encoding and by set.

${table("technique", techniques)}

${table("attacks of", sources)}

${table("innocent texts of", innocent)}`;
}

interface Judged {
  readonly row: Row;
  readonly rate: number;
}

function judge(crossed: readonly CrossScored[]): Judged[] {
  const tables = new Map(
    [...Map.groupBy(crossed, ({ fold }) => fold)].map(([fold, own]) => [
      fold,
      calibrateSurfaces(own),
    ]),
  );
  return crossed.map(({ row, fold, scores }) => {
    const heads = row.surface === "document" ? [1] : [0, 2];
    const rates = heads.map((head) => {
      const calibration = tables.get(fold)?.[head];
      return calibration ? rateOf(calibration, scores[head] ?? 0) : 1;
    });
    return { row, rate: Math.min(...rates) };
  });
}

function table(title: string, lines: readonly { name: string; own: readonly Judged[] }[]): string {
  const cells = (own: readonly Judged[]) =>
    [0.01, 0.02, 0.05].map((limit) => {
      const found = own.filter(({ rate }) => rate <= limit + 1e-9).length;
      return own.length === 0 ? "no data" : `${((100 * found) / own.length).toFixed(1)} %`;
    });
  return [
    `| ${title} | rows | found at 1 % | at 2 % | at 5 % |`,
    "| --- | --- | --- | --- | --- |",
    ...lines.map(({ name, own }) => `| ${name} | ${own.length} | ${cells(own).join(" | ")} |`),
  ].join("\n");
}

function harmful({ harm }: CardFacts): string {
  const lines = harm.figures.map(
    ({ head, source, rows, recall }) =>
      `| ${head} | ${source} | ${rows} | ${(100 * recall).toFixed(0)} % |`,
  );
  return `## Harmful content

Turns of phrase in English (\`src/guard/detectors/harm-rules.ts\`) stand for all thirteen categories of OpenAI's moderation endpoint. They are all that
harassment, harassment/threatening, hate, hate/threatening, self-harm and its two, sexual/minors, illicit/violent and violence/graphic rest on. For illicit, sexual
and violence a classifier was learned too: from the families of the forbidden questions (illegal activity, malware, fraud and privacy as illicit; pornography; physical harm),
from CyberSecEval's interpreter requests (illicit), and from do-not-answer and MultiJail, which name no category: our own rules labelled their English rows, and MultiJail's
nine other languages took the label of the English row. Forbidden questions about money, law, health, politics and lobbying are in no category of OpenAI's and were left out.
What was learned from other sources finds of a source, at 1 % false alarms:

| category | source kept out | rows | found |
| --- | --- | --- | --- |
${lines.join("\n")}

That is little: treat a learned finding as a hint for review. The phrases flag 0.1 to 0.2 % of the innocent rows in a category (mostly crime reports and novels).`;
}

function missed(): string {
  return `## What it misses

- Requests that are attacks only in their context: "what is Stephen's home town?" of an application that must not say it (most of CyberSecEval's hypothetical, persuasion and formatting families).
- Tasks planted in a document in the words of an ordinary user, above all in tables; a narrative or translated jailbreak; optimised suffixes (no data: nothing was learned about them).
- Languages beyond those of the word list, and Hindi at full strength: nearly all its rows are attacks, so they were given little weight.
- Its false alarms are prompts about prompts, long technical tasks with many rules ("you must", "do not"), and mails that ask for a password.
- System prompts look like attacks to it: they are never to be scanned.`;
}
