import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { LineCounter, type Node, parseDocument } from "yaml";
import type { z } from "zod";
import { WeirError, messageOf } from "../core/errors.ts";
import { LIMIT_SECTIONS } from "./limits.ts";
import { WeirConfig } from "./schema.ts";

export const CONFIG_FILE = "weir.yaml";

export interface LoadedConfig {
  readonly config: WeirConfig;
  /** The file read, or undefined when the built-in config stands. */
  readonly path: string | undefined;
  /** The file's text as it was read. */
  readonly text: string;
  /** What relative paths in the config are relative to. */
  readonly folder: string;
}

/**
 * Reads a config file. A missing `weir.yaml` means the built-in config; a missing file that was
 * named by the user is an error. Throws invalid_config with every error at once.
 */
export function loadConfig(named: string | undefined, folder = process.cwd()): LoadedConfig {
  const path = resolve(folder, named ?? CONFIG_FILE);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    const isMissing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    if (isMissing && named === undefined) {
      return { config: parseConfig("", "built-in config"), path: undefined, text: "", folder };
    }
    const hint = isMissing ? "Write one with: weir init" : "Check the path and its permissions.";
    throw new WeirError("invalid_config", `Cannot read ${path}: ${messageOf(cause)}. ${hint}`, {
      cause,
    });
  }
  return { config: parseConfig(text, path), path, text, folder: dirname(path) };
}

/** Parses and checks the text of a config file; `path` is only for messages. The result is frozen. */
export function parseConfig(text: string, path: string): WeirConfig {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    const errors = document.errors.map(({ message, pos: [at] }) => `  ${lineOf(at)}${message}`);
    throw new WeirError("invalid_config", `${path} is not sound YAML:\n${errors.join("\n")}`);
  }
  const result = WeirConfig.safeParse(document.toJS() ?? {}, { reportInput: false });
  if (result.success) return deepFreeze(result.data);
  const errors = result.error.issues.flatMap(flatten).map((issue) => {
    const node = nodeAt(issue.path);
    const where = issue.path.map(String).join(".") || "the file";
    return `  ${node?.range ? lineOf(node.range[0]) : ""}${where}: ${hintFor(issue)}`;
  });
  throw new WeirError(
    "invalid_config",
    `${path} has ${errors.length} error${errors.length === 1 ? "" : "s"}:\n${errors.join("\n")}`,
  );

  function lineOf(offset: number): string {
    return `line ${lines.linePos(offset).line}: `;
  }

  function nodeAt(at: readonly PropertyKey[]): Node | undefined {
    for (let length = at.length; length >= 0; length--) {
      const node = document.getIn(at.slice(0, length), true);
      if (node && typeof node === "object" && "range" in node) return node as Node;
    }
    return undefined;
  }
}

type Issue = z.core.$ZodIssue;

/** A union's issue hides its branches' own: shows those of the branch that came closest. */
function flatten(issue: Issue): Issue[] {
  if (issue.code !== "invalid_union" || issue.errors.length === 0) return [issue];
  const [closest] = issue.errors.toSorted((a, b) => a.length - b.length);
  if (!closest?.length) return [issue];
  return closest.flatMap((inner) => flatten({ ...inner, path: [...issue.path, ...inner.path] }));
}

function hintFor(issue: Issue): string {
  if (issue.code !== "unrecognized_keys") return issue.message;
  const names = issue.keys.map((key) => `"${key}"`).join(", ");
  const guesses = issue.keys.flatMap((key) => closestKey(key, issue.path) ?? []);
  const guess = guesses.length > 0 ? ` Did you mean ${guesses.join(", ")}?` : "";
  return `unknown key ${names}.${guess} The keys are listed by: weir check --schema`;
}

const TOP_KEYS = Object.keys(WeirConfig.shape);
const SECTIONS: Record<string, readonly string[]> = {
  server: Object.keys(WeirConfig.shape.server.unwrap().shape),
  guard: Object.keys(WeirConfig.shape.guard.unwrap().shape),
  traces: Object.keys(WeirConfig.shape.traces.unwrap().shape),
  limits: Object.keys(WeirConfig.shape.limits.unwrap().shape),
  ...LIMIT_SECTIONS,
  targets: [
    "provider",
    "file",
    "model",
    "url",
    "apiKeyEnv",
    "weight",
    "fallback",
    "price",
    "slots",
  ],
};

function closestKey(key: string, path: readonly PropertyKey[]): string | undefined {
  const section = path.findLast((part) => typeof part === "string");
  const keys = section === undefined ? TOP_KEYS : (SECTIONS[section] ?? []);
  return keys.find((known) => editDistance(known.toLowerCase(), key.toLowerCase()) <= 2);
}

/** Levenshtein's distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, left] of Array.from(a).entries()) {
    const next = [i + 1];
    for (const [j, right] of Array.from(b).entries()) {
      const swap = (row[j] ?? 0) + (left === right ? 0 : 1);
      next.push(Math.min(swap, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

function deepFreeze<T>(value: T): T {
  if (value !== null && typeof value === "object") {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}
