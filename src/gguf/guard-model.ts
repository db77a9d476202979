import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { WeirError } from "../core/errors.ts";
import { listAt, type Metadata } from "./metadata.ts";
import type { GgufFile } from "./read-gguf.ts";
import { faultsInTemplate } from "./template-faults.ts";

/** `tokenizer.chat_template`, and `tokenizer.chat_template.tool_use` and others beside it. */
const TEMPLATE = /^tokenizer\.chat_template(?:\.|$)/;
/** Names, licences, descriptions: what is shown to people. */
const LONGEST_TEXT = 1_000_000;
const LONGEST_NAME = 1000;
// eslint-disable-next-line no-control-regex
const CONTROLS = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F\u202A-\u202E\u2066-\u2069]/;
/** Above every real one, and below what takes a machine down. */
const MOST: Readonly<Record<string, number>> = {
  context_length: 1e9,
  block_count: 10_000,
  embedding_length: 1e6,
  feed_forward_length: 1e8,
  "attention.head_count": 1e5,
  expert_count: 1e5,
  vocab_size: 1e8,
};

/**
 * What is suspicious about a model's header, in the words of an error message; empty for an honest file.
 * Whether the file is whole, and its tensors where they should be, `readGguf` has checked. Pure.
 */
export function faultsOf({ metadata }: GgufFile): string[] {
  return [
    ...templateFaults(metadata),
    ...textFaults(metadata),
    ...numberFaults(metadata),
    ...vocabularyFaults(metadata),
  ];
}

function templateFaults(metadata: Metadata): string[] {
  return Array.from(metadata).flatMap(([key, { value }]) => {
    if (!TEMPLATE.test(key) || typeof value !== "string") return [];
    return faultsInTemplate(value).map((fault) => `the chat template: ${fault}`);
  });
}

function textFaults(metadata: Metadata): string[] {
  const faults: string[] = [];
  for (const [key, { value }] of metadata) {
    if (CONTROLS.test(key)) faults.push(`a key has control characters (${shown(key)})`);
    if (typeof value !== "string" || TEMPLATE.test(key)) continue;
    const most =
      key === "general.name" || key === "general.architecture" ? LONGEST_NAME : LONGEST_TEXT;
    if (value.length > most) faults.push(`${shown(key)} has ${value.length} characters`);
    else if (CONTROLS.test(value)) faults.push(`${shown(key)} has control characters`);
  }
  return faults;
}

function numberFaults(metadata: Metadata): string[] {
  return Array.from(metadata).flatMap(([key, { value }]) => {
    const most = MOST[key.slice(key.indexOf(".") + 1)];
    const numbers = [value]
      .flat()
      .filter((one) => typeof one === "number" || typeof one === "bigint");
    const odd = numbers.find((one) => most !== undefined && (one < 0 || one > most));
    return odd === undefined ? [] : [`${shown(key)} is ${odd}`];
  });
}

/** One score and one type for each token: engines read them without asking how many there are. */
function vocabularyFaults(metadata: Metadata): string[] {
  const tokens = listAt(metadata, "tokenizer.ggml.tokens")?.length;
  return ["tokenizer.ggml.scores", "tokenizer.ggml.token_type"].flatMap((key) => {
    const count = listAt(metadata, key)?.length;
    if (count === undefined || count === tokens) return [];
    return [`${key} has ${count} entries for ${tokens ?? 0} tokens`];
  });
}

function shown(key: string): string {
  return JSON.stringify(key.length > 80 ? `${key.slice(0, 80)}…` : key);
}

/**
 * Refuses a file that is not the pinned one, and without a pin one whose header is suspicious. Reads all
 * of the file where it is pinned, about a second a gigabyte. Throws WeirError `invalid_config` with
 * the reason and what to do. Gives what is suspicious about a pinned file: whoever pinned it has judged it.
 */
export async function guardModel(file: GgufFile, sha256?: string): Promise<readonly string[]> {
  const faults = faultsOf(file);
  if (sha256 !== undefined) {
    const actual = await hashOf(file.path);
    if (actual === sha256.toLowerCase()) return faults;
    throw refused(
      `${file.path} is not the file that is pinned: its SHA-256 is ${actual}, not ${sha256}. Put the pinned file there, or change sha256 in weir.yaml if the new one is meant.`,
    );
  }
  if (faults.length === 0) return faults;
  throw refused(
    `${file.path} was refused, it may have been tampered with: ${faults.join("; ")}. Take the file from its maker; or read it (weir model inspect), and if you trust it, pin it with sha256: in weir.yaml (sha256sum FILE).`,
  );
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
    hash.update(piece as Buffer);
  }
  return hash.digest("hex");
}

function refused(message: string): WeirError {
  return new WeirError("invalid_config", message);
}
