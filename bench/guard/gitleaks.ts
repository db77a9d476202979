import { readFileSync } from "node:fs";

/**
 * The rules of gitleaks, read from its own `config/gitleaks.toml` and run as its detector runs them:
 * keywords, expression, entropy of the secret, allow-lists. Rules that ask for the name of a file take every text.
 * Its decoders are left out, as ours are where the two are compared.
 */
export function readGitleaks(path: string): (text: string) => Match[] {
  const tables = readTables(readFileSync(path, "utf8"));
  const everywhere = tables.filter(({ name }) => name === "allowlist").map(({ values }) => values);
  const rules = tables.flatMap(({ name, values }, at) => {
    if (name !== "rules" || values["regex"] === undefined) return [];
    const next = tables.findIndex((other, index) => index > at && other.name === "rules");
    const own = tables
      .slice(at + 1, next < 0 ? tables.length : next)
      .filter((one) => one.name === "rules.allowlists")
      .map((one) => one.values);
    return [toRule(values, [...own, ...everywhere])];
  });
  return (text) => {
    const lower = text.toLowerCase();
    return rules.flatMap((rule) => matchesOf(rule, text, lower));
  };
}

interface Match {
  readonly start: number;
  readonly end: number;
}

interface Rule {
  readonly pattern: RegExp;
  readonly keywords: readonly string[];
  readonly entropy: number;
  readonly group: number;
  readonly allowed: readonly Allowed[];
}

interface Allowed {
  readonly target: string;
  readonly patterns: readonly RegExp[];
  readonly stopwords: readonly string[];
}

function toRule(values: Values, allowed: readonly Values[]): Rule {
  return {
    pattern: new RegExp(toSource(String(values["regex"])), "g"),
    keywords: listOf(values["keywords"]),
    entropy: Number(values["entropy"] ?? 0),
    group: Number(values["secretGroup"] ?? 0),
    // What is allowed only in some files is not allowed in a text.
    allowed: allowed
      .filter(({ condition }) => condition !== "AND")
      .map(({ regexTarget, regexes, stopwords }) => ({
        target: String(regexTarget ?? "secret"),
        patterns: listOf(regexes).map((source) => new RegExp(toSource(source))),
        stopwords: listOf(stopwords).map((word) => word.toLowerCase()),
      })),
  };
}

function matchesOf(rule: Rule, text: string, lower: string): Match[] {
  if (!rule.keywords.some((keyword) => lower.includes(keyword))) return [];
  return Array.from(text.matchAll(rule.pattern), ({ 0: whole, index }) => ({ whole, index }))
    .filter(({ whole, index }) => isSecret(rule, whole, lineOf(text, index, whole.length)))
    .map(({ whole, index }) => ({ start: index, end: index + whole.length }));
}

function isSecret(rule: Rule, whole: string, line: string): boolean {
  const match = whole.replace(/^\n+|\n+$/g, "");
  const groups = new RegExp(rule.pattern.source).exec(match)?.slice(1) ?? [];
  const own = rule.group > 0 ? groups[rule.group - 1] : groups.find((one) => one);
  const secret = own ?? match;
  if (rule.entropy > 0 && entropyOf(secret) <= rule.entropy) return false;
  return !rule.allowed.some(({ target, patterns, stopwords }) => {
    const looked = target === "line" ? line : target === "match" ? match : secret;
    const low = secret.toLowerCase();
    return patterns.some((one) => one.test(looked)) || stopwords.some((one) => low.includes(one));
  });
}

function lineOf(text: string, start: number, length: number): string {
  const end = text.indexOf("\n", start + length);
  return text.slice(text.lastIndexOf("\n", start) + 1, end < 0 ? text.length : end);
}

/** Shannon's, in bits a character. */
function entropyOf(text: string): number {
  const counts = [...Map.groupBy(text, (char) => char).values()].map(({ length }) => length);
  return counts.reduce(
    (sum, count) => sum - (count / text.length) * Math.log2(count / text.length),
    0,
  );
}

const FLAGS = /\(\?([ims-]+)\)/y;

/**
 * An expression of Go as one of JavaScript. Flags in the middle of a group hold to its end, over all of its
 * branches; here they need a group of their own in each.
 */
function toSource(go: string): string {
  let source = "";
  const open: string[] = [""];
  for (let at = 0; at < go.length;) {
    const level = open.length - 1;
    FLAGS.lastIndex = at;
    const flags = FLAGS.exec(go);
    const char = go[at] ?? "";
    if (flags) {
      source += `(?${flags[1]}:`;
      open[level] += `(?${flags[1]}:`;
      at += flags[0].length;
      continue;
    }
    const part = partAt(go, at);
    at += part.length;
    if (char === "(") open.push("");
    if (char === ")") source += closed(open.pop());
    source += char === "|" ? `${closed(open[level])}|${open[level]}` : inJavaScript(part);
  }
  return source + closed(open[0]);
}

/** An escape, a class, how a group begins, or one character. */
function partAt(go: string, at: number): string {
  if (go[at] === "\\") return go.slice(at, at + 2);
  if (go.startsWith("(?P<", at)) return "(?P<";
  if (go[at] !== "[") return go[at] ?? "";
  const part = /\[\^?\]?(?:\[:\w+:\]|\\[^]|[^\]\\])*\]/y;
  part.lastIndex = at;
  const [found] = part.exec(go) ?? [];
  if (found === undefined) throw new Error(`a class without end: ${go}`);
  return found;
}

function inJavaScript(part: string): string {
  if (part === String.raw`\z`) return "(?![^])";
  if (part === "(?P<") return "(?<";
  if (!part.startsWith("[")) return part;
  return part.replace(/^\[(\^?)\](?=.)/, String.raw`[$1\]`).replaceAll("[:alnum:]", "a-zA-Z0-9");
}

function closed(groups = ""): string {
  return ")".repeat(groups.split("(").length - 1);
}

type Value = string | number | readonly string[];
type Values = Readonly<Record<string, Value>>;

interface Table {
  readonly name: string;
  readonly values: Record<string, Value>;
}

const TOKEN =
  /\s+|#.*|^\[{1,2}(?<table>[\w.]+)\]{1,2}$|(?<key>\w+)\s*=\s*|'''(?<raw>[^]*?)'''|(?<quoted>"(?:[^"\\]|\\.)*")|(?<number>[\d.]+)|(?<mark>[[\],])/gmy;

/** As much of TOML as that file uses. */
function readTables(toml: string): Table[] {
  const tables: Table[] = [{ name: "", values: {} }];
  let key = "";
  let list: string[] | undefined;
  let end = 0;
  for (const { 0: token, index, groups = {} } of toml.matchAll(TOKEN)) {
    end = index + token.length;
    const { table, raw, quoted, number, mark } = groups;
    const values = tables.at(-1)?.values ?? {};
    const text = raw ?? (quoted === undefined ? undefined : String(JSON.parse(quoted)));
    if (table !== undefined) tables.push({ name: table, values: {} });
    key = groups["key"] ?? key;
    if (mark === "[") values[key] = list = [];
    if (mark === "]") list = undefined;
    if (number !== undefined) values[key] = Number(number);
    if (text === undefined) continue;
    if (list) list.push(text);
    else values[key] = text;
  }
  if (end !== toml.length) throw new Error(`the rules cannot be read from character ${end} on`);
  return tables;
}

function listOf(value: Value | undefined): readonly string[] {
  return Array.isArray(value) ? (value as readonly string[]) : [];
}
