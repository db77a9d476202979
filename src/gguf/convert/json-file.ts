import { existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../../core/errors.ts";
import { formatBytes } from "../format-bytes.ts";
import { refusal } from "./refusal.ts";

export type Json = Readonly<Record<string, unknown>>;

/** The largest tokenizers have 40 MB. */
const MOST_BYTES = 256 * 1024 * 1024;

export function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The objects of a list; anything else in it is left out. */
export function objectsIn(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter(isJson) : [];
}

/** A file's text. Throws WeirError for one that is no text or far too large. */
export async function readText(path: string): Promise<string> {
  const { size } = await stat(path);
  if (size > MOST_BYTES) throw refusal(`${path} has ${formatBytes(size)}; such files are smaller.`);
  return readFile(path, "utf8");
}

/** A JSON object in a folder; undefined where there is no such file. Throws WeirError for anything else. */
export async function readJson(folder: string, name: string): Promise<Json | undefined> {
  const path = join(folder, name);
  if (!existsSync(path)) return undefined;
  const value = parse(path, await readText(path));
  if (!isJson(value)) throw refusal(`${path} holds no JSON object; download it again.`);
  return value;
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw refusal(`${path} is no JSON (${messageOf(cause)}); download it again.`, cause);
  }
}
