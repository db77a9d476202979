import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { silentLog } from "../../src/core/log.ts";
import { createEngine } from "../../src/serve/engine/engine.ts";
import { unit, wordVector } from "../../src/serve/gateway/cache/words.ts";
import {
  currentCommit,
  describeMachine,
  type Report,
  type Row,
  toMarkdown,
  writeReport,
} from "../report.ts";
import { type Asked, Study, type Tally } from "./study.ts";

/**
 * What a semantic cache gets wrong, by threshold: each question of the set is answered once, then
 * all others of the set are asked. A paraphrase that finds its own question is right; whatever else
 * is found is wrong, and would have been somebody's false answer.
 */

const Group = z.strictObject({
  question: z.string(),
  close: z.array(z.string()),
  free: z.array(z.string()),
  near: z.array(z.strictObject({ kind: z.string(), text: z.string() })),
});
const Questions = z.strictObject({ about: z.string(), groups: z.array(Group).min(20) });
type Questions = z.infer<typeof Questions>;

/** The set that guard and threshold were chosen with, and one that was written afterwards. */
const SETS = { "the set": "questions.json", "the set written afterwards": "held-out.json" };
const THRESHOLDS = [0.7, 0.75, 0.8, 0.85, 0.9, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.99];
const WANTED_PRECISION = 0.99;
const DEMO_MODEL = join(import.meta.dirname, "..", "..", "models", "demo.gguf");

type Embed = (texts: readonly string[]) => Promise<readonly Float32Array[]>;

export async function run(): Promise<Report> {
  const rows: Row[] = [];
  const notes = [
    "Right and wrong are hits; precision is right / (right + wrong) with its 95 % interval (Wilson).",
    "It holds for these sets, half of which are near misses that were made to be hard.",
  ];
  for (const [set, file] of Object.entries(SETS)) {
    const { groups } = readSet(file);
    for (const [name, embed] of await comparisons()) {
      const study = await studyOf(groups, embed);
      for (const threshold of THRESHOLDS) {
        const [bare, guarded] = [study.tally(threshold, false), study.tally(threshold, true)];
        rows.push(...rowsOf(`${name}, ${set}, ≥ ${threshold.toFixed(2)}`, bare, guarded));
      }
      notes.push("", `## ${name}, ${set}`, "", describe(groups), "");
      notes.push(...tableOf(study), "", ...wrongKinds(study));
    }
  }
  const report: Report = {
    name: "semantic-cache",
    commit: currentCommit(),
    machine: describeMachine(),
    notes,
    rows,
    hasOwnTables: true,
  };
  writeReport(report);
  return report;
}

function readSet(file: string): Questions {
  return Questions.parse(JSON.parse(readFileSync(join(import.meta.dirname, file), "utf8")));
}

async function studyOf(groups: Questions["groups"], embed: Embed): Promise<Study> {
  const known = groups.map(({ question }) => question);
  const asked = groups.flatMap(({ close, free, near }, group): Asked[] => [
    ...close.map((text) => ({ text, group, kind: "close" })),
    ...free.map((text) => ({ text, group, kind: "free" })),
    ...near.map(({ text, kind }) => ({ text, group, kind })),
  ]);
  const vectors = await embed(known);
  return new Study(known, vectors, asked, await embed(asked.map(({ text }) => text)));
}

function describe(groups: Questions["groups"]): string {
  const count = (of: (group: Questions["groups"][number]) => readonly unknown[]) =>
    groups.reduce((sum, group) => sum + of(group).length, 0);
  const [close, free, near] = [
    count((group) => group.close),
    count((group) => group.free),
    count((group) => group.near),
  ];
  return `${groups.length} questions are known; ${close + free + near} others are asked: ${close} in nearly the same words, ${free} in other words, ${near} that deserve another answer.`;
}

/** By name: the built-in comparison, the demo model's embeddings, and one of your own. */
async function comparisons(): Promise<[name: string, embed: Embed][]> {
  const url = process.env["EMBEDDINGS_URL"];
  const model = process.env["EMBEDDINGS_MODEL"] ?? "";
  const own: [string, Embed][] =
    url === undefined ? [] : [[`embeddings of ${model}`, (texts) => embedAt(url, model, texts)]];
  return [
    ["built-in words", (texts) => Promise.resolve(texts.map(wordVector))],
    ["embeddings of the demo model", embedByDemo],
    ...own,
  ];
}

async function embedByDemo(texts: readonly string[]): Promise<Float32Array[]> {
  const engine = createEngine({
    name: "bench",
    file: DEMO_MODEL,
    slots: 4,
    contextTokens: 512,
    log: silentLog,
  });
  await engine.start();
  try {
    const ask = { kind: "embedding" as const, model: "demo", input: [...texts] };
    const { vectors } = await engine.embed(ask, AbortSignal.timeout(120_000));
    return vectors.map((vector) => unit(Float32Array.from(vector)));
  } finally {
    await engine.close();
  }
}

const Embeddings = z.object({ data: z.array(z.object({ embedding: z.array(z.number()) })) });

/** Any server with OpenAI's /v1/embeddings, Weir among them. */
async function embedAt(
  url: string,
  model: string,
  input: readonly string[],
): Promise<Float32Array[]> {
  const key = process.env["EMBEDDINGS_KEY"];
  const response = await fetch(`${url}/v1/embeddings`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(key !== undefined && { authorization: `Bearer ${key}` }),
    },
    body: JSON.stringify({ model, input }),
  });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  const { data } = Embeddings.parse(await response.json());
  return data.map(({ embedding }) => unit(Float32Array.from(embedding)));
}

function rowsOf(what: string, bare: Tally, guarded: Tally): Row[] {
  const row = (name: string, value: number, unitName: string): Row => ({
    what: `${what}: ${name}`,
    value,
    unit: unitName,
  });
  const { right, wrong, precision, close, free } = guarded;
  return [
    row("right hits", right, "questions"),
    row("wrong hits without the guard", bare.wrong, "questions"),
    row("wrong hits", wrong, "questions"),
    {
      ...row("precision", 100 * precision.value, "%"),
      target: `≥ ${100 * WANTED_PRECISION}`,
      met: right > 0 && precision.value >= WANTED_PRECISION,
    },
    row("paraphrases in nearly the same words that were missed", close.missed, "questions"),
    row("paraphrases in other words that were missed", free.missed, "questions"),
  ];
}

function tableOf(study: Study): string[] {
  const lines = THRESHOLDS.map((threshold) => {
    const bare = study.tally(threshold, false);
    const { right, wrong, precision, close, free } = study.tally(threshold, true);
    const interval =
      right + wrong === 0
        ? "no hits"
        : `${percent(precision.value)} (${percent(precision.low)} to ${percent(precision.high)})`;
    return (
      `| ${threshold.toFixed(2)} | ${bare.right} | ${bare.wrong} | ${right} | ${wrong} | ${interval} | ` +
      `${close.missed} of ${close.all} | ${free.missed} of ${free.all} |`
    );
  });
  return [
    "| threshold | right, no guard | wrong, no guard | right | wrong | precision | missed, close | missed, free |",
    "| ---: | ---: | ---: | ---: | ---: | --- | ---: | ---: |",
    ...lines,
  ];
}

/** What the wrong hits were about, at the thresholds that are in question. */
function wrongKinds(study: Study): string[] {
  return [0.8, 0.9, 0.95].flatMap((threshold) => {
    const { wrongBy } = study.tally(threshold, true);
    const kinds = Object.entries(wrongBy).map(([kind, count]) => `${kind} ${count}`);
    return [`Wrong at ${threshold.toFixed(2)}: ${kinds.join(", ") || "none"}.`];
  });
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

if (import.meta.main) process.stdout.write(toMarkdown(await run()));
