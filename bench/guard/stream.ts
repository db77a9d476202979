import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Category } from "../../src/guard/detector.ts";
import { leaksOf } from "../../src/guard/detectors/all.ts";
import { secretRules } from "../../src/guard/detectors/secrets.ts";
import { type RuleSet, createRuleSet } from "../../src/guard/stream/rule-set.ts";
import { TextChannel } from "../../src/guard/stream/text-channel.ts";
import { type Random, createRandom } from "../../tools/guard-model/random.ts";
import { DATA_FOLDER } from "../../tools/guard-model/read-rows.ts";
import { type Report, type Row, currentCommit, describeMachine, writeReport } from "../report.ts";
import { readGitleaks } from "./gitleaks.ts";

/** What watching a stream costs, what it holds back, and whether anything leaves it that should not. */

const ROOT = join(import.meta.dirname, "../..");
/** Characters of each kind of text: about 250,000 tokens. */
const LENGTH = 1_000_000;
const TOKEN = 4;
const ROUNDS = 5;
const SEEDS = [1, 2, 3, 4, 5];
const OUT = "\u0000";
/** A piece of a value that nobody should see: eight of its characters in a row. */
const PIECE = 8;
/** Names need a model; a day is personal only where it is somebody's birthday. */
const BEYOND_SHAPES: ReadonlySet<string> = new Set(["PERSON", "DATE_TIME"]);

interface Labelled {
  readonly text: string;
  readonly spans: readonly {
    readonly start: number;
    readonly end: number;
    readonly type: string;
  }[];
}

interface TextRow {
  readonly text: string;
  readonly lang?: string;
}

export async function run(): Promise<Report> {
  const leaks = ruleSetOf(["secrets", "pii"]);
  const all = ruleSetOf(["secrets", "pii", "payload", "exfiltration"]);
  const labelled = {
    pii: readLines<Labelled>("pii_synthetic"),
    secrets: readLines<Labelled>("secrets_synthetic"),
  };
  const texts = readTexts();
  const rows: Row[] = [
    ...texts.flatMap(([name, text]) => streamRows(name, text, leaks)),
    ...texts.map(([name, text]) => costRow(`${name}, payloads and exfiltration too`, text, all)),
    ...texts.map(([name, text]) => wholeRow(name, text, leaks)),
    ...(["pii", "secrets"] as const).flatMap((name) => leakRows(name, labelled[name], leaks)),
    ...recallRows("pii", labelled.pii, leaks),
    ...secretsRows(labelled.secrets, leaks),
  ];
  const report: Report = {
    name: "guard-stream",
    commit: currentCommit(),
    machine: describeMachine(),
    notes: [
      `Tokens of ${TOKEN} characters; medians of ${ROUNDS} rounds over ${LENGTH / 1e6} million characters of each kind. Chunks of 1–6 characters, ${SEEDS.length} seeds.`,
      "The secrets were made from gitleaks' own rules: run on them (`GITLEAKS_CONFIG` names its `config/gitleaks.toml`; keywords, expressions, entropy, allow-lists), they find all but what their own",
      "keywords and borders leave out, and nothing can find twice as much. The target of 2 is about lines of other repositories, which the data has none of.",
      "",
    ],
    rows,
  };
  writeReport(report);
  return report;
}

function ruleSetOf(wanted: readonly Category[]): RuleSet {
  const rules = leaksOf(new Set(wanted));
  if (!rules) throw new Error("there is nothing to look for");
  return rules;
}

function readLines<T>(name: string): T[] {
  const lines = gunzipSync(readFileSync(join(DATA_FOLDER, `${name}.jsonl.gz`))).toString("utf8");
  return lines
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as T);
}

function readTexts(): [name: string, text: string][] {
  const rows = readLines<TextRow>("benign");
  const filled = (texts: readonly string[]) => {
    const text = texts.join("\n");
    return text.repeat(Math.ceil(LENGTH / text.length)).slice(0, LENGTH);
  };
  const isEnglish = ({ lang = "en" }: TextRow) => lang === "en";
  const sources = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" });
  const code = sources
    .filter((name) => name.endsWith(".ts") && !name.startsWith("guard"))
    .map((name) => readFileSync(join(ROOT, "src", name), "utf8"));
  return [
    ["prose", filled(rows.filter(isEnglish).map(({ text }) => text))],
    ["code", filled(code)],
    ["other languages", filled(rows.filter((row) => !isEnglish(row)).map(({ text }) => text))],
  ];
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** Microseconds a token, and characters that were held back on average after one. */
function stream(text: string, rules: RuleSet): { micros: number; held: number } {
  const channel = new TextChannel(rules, () => undefined);
  let [sent, held, tokens] = [0, 0, 0];
  const begun = performance.now();
  for (let at = 0; at < text.length; at += TOKEN) {
    sent += channel.push(text.slice(at, at + TOKEN)).length;
    held += Math.min(at + TOKEN, text.length) - sent;
    tokens += 1;
  }
  channel.end();
  return { micros: ((performance.now() - begun) * 1000) / tokens, held: held / tokens };
}

function streamRows(name: string, text: string, rules: RuleSet): Row[] {
  const rounds = Array.from({ length: ROUNDS }, () => stream(text, rules));
  return [
    limit(`${name}: a token`, median(rounds.map(({ micros }) => micros)), "µs", 2),
    limit(`${name}: held back on average`, rounds[0]?.held ?? 0, "characters", 8),
  ];
}

function costRow(name: string, text: string, rules: RuleSet): Row {
  const rounds = Array.from({ length: ROUNDS }, () => stream(text, rules));
  const held = (rounds[0]?.held ?? 0).toFixed(1);
  const value = median(rounds.map(({ micros }) => micros));
  return { what: `${name}: a token (${held} characters held)`, value, unit: "µs" };
}

function wholeRow(name: string, text: string, rules: RuleSet): Row {
  const bytes = Buffer.byteLength(text);
  const rounds = Array.from({ length: ROUNDS }, () => {
    const begun = performance.now();
    rules.look(text, true);
    return bytes / 1000 / (performance.now() - begun);
  });
  const value = median(rounds);
  return { what: `${name}: a whole text`, value, unit: "MB/s", target: "≥ 10", met: value >= 10 };
}

function limit(what: string, value: number, unit: string, most: number): Row {
  return { what, value, unit, target: `≤ ${most}`, met: value <= most };
}

function streamed(text: string, rules: RuleSet, random: Random): string {
  const channel = new TextChannel(rules, () => OUT);
  let sent = "";
  for (let at = 0; at < text.length;) {
    const length = 1 + random.below(6);
    sent += channel.push(text.slice(at, at + length));
    at += length;
  }
  return sent + channel.end();
}

/** Of the values that a whole text is seen to hold, those that left a stream, and those of which a piece did. */
function leakRows(name: string, rows: readonly Labelled[], rules: RuleSet): Row[] {
  let [full, partial] = [0, 0];
  for (const row of rows) {
    const known = knownIn(row, rules);
    for (const seed of known.length > 0 ? SEEDS : []) {
      const sent = streamed(row.text, rules, createRandom(seed));
      const left = known.map((value) => whatLeft(value, row.text, sent));
      full += left.filter((what) => what === "all").length;
      partial += left.filter((what) => what === "a piece").length;
    }
  }
  return [
    limit(`${name}: values that left a stream whole`, full, "", 0),
    limit(`${name}: values of which ${PIECE} characters left`, partial, "", 0),
  ];
}

function knownIn({ text, spans }: Labelled, rules: RuleSet): string[] {
  const { findings } = rules.look(text, true);
  return spans
    .filter((span) => findings.some(({ start, end }) => start <= span.start && end >= span.end))
    .map(({ start, end }) => text.slice(start, end));
}

/** What stands elsewhere in the text too gives nothing away. */
function whatLeft(value: string, text: string, sent: string): "all" | "a piece" | undefined {
  const others = text.replaceAll(value, OUT);
  if (sent.includes(value)) return "all";
  return hasPieceOf(value, sent, others) ? "a piece" : undefined;
}

function hasPieceOf(value: string, sent: string, others: string): boolean {
  for (let at = 0; at + PIECE <= value.length; at++) {
    const piece = value.slice(at, at + PIECE);
    if (sent.includes(piece) && !others.includes(piece)) return true;
  }
  return false;
}

interface Count {
  found: number;
  all: number;
}

/** How many values of each type were found whole, and what was found where nothing is. */
function count(rows: readonly Labelled[], rules: RuleSet) {
  const byType = new Map<string, Count>();
  let spurious = 0;
  for (const { text, spans } of rows) {
    const { findings } = rules.look(text, true);
    for (const { start, end, type } of spans) {
      const counts = byType.get(type) ?? { found: 0, all: 0 };
      byType.set(type, counts);
      counts.all += 1;
      if (findings.some((one) => one.start <= start && one.end >= end)) counts.found += 1;
    }
    spurious += findings.filter(
      (one) => !spans.some(({ start, end }) => one.start < end && start < one.end),
    ).length;
  }
  return { byType, spurious };
}

function recallRows(name: string, rows: readonly Labelled[], rules: RuleSet): Row[] {
  const { byType, spurious } = count(rows, rules);
  const types = Array.from(byType).toSorted(([a], [b]) => a.localeCompare(b));
  return [
    ...types.map(([type, { found, all }]): Row => {
      const value = (100 * found) / all;
      const what = `${name}: ${type} found whole (of ${all})`;
      if (BEYOND_SHAPES.has(type)) return { what: `${what}; needs a model`, value, unit: "%" };
      return { what, value, unit: "%", target: "≥ 86", met: value >= 86 };
    }),
    limit(`${name}: found where nothing is`, spurious, "", 0),
  ];
}

type Look = (text: string) => readonly Range[];

interface Range {
  readonly start: number;
  readonly end: number;
}

function secretsRows(rows: readonly Labelled[], rules: RuleSet): Row[] {
  const config = process.env["GITLEAKS_CONFIG"];
  const prefixes = createRuleSet(secretRules);
  const value = foundBy(rows, (text) => rules.look(text, true).findings);
  const row = (what: string, peer: number): Row => ({
    what: `secrets: found whole (of ${rows.length}), beside ${what}`,
    value,
    unit: "%",
    peer,
    ratio: value / peer,
  });
  return [
    row(
      "the makers' prefixes alone",
      foundBy(rows, (text) => prefixes.look(text, true).findings),
    ),
    ...(config ? [beside(row, foundBy(rows, readGitleaks(config)))] : []),
  ];
}

function beside(row: (what: string, peer: number) => Row, peer: number): Row {
  const most = (100 / peer).toFixed(2);
  const made = row(
    `gitleaks' rules, that the rows were made from (no more than ${most} can be)`,
    peer,
  );
  return { ...made, target: "≥ 2", met: (made.ratio ?? 0) >= 2 };
}

/** Of all labelled values, the share in per cent that lies within something found. */
function foundBy(rows: readonly Labelled[], look: Look): number {
  const found = rows.flatMap(({ text, spans }) => {
    const ranges = look(text);
    return spans.map(({ start, end }) =>
      ranges.some((one) => one.start <= start && one.end >= end),
    );
  });
  return (100 * found.filter(Boolean).length) / found.length;
}
