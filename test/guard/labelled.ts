import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

/** A text, and where in it what must not leak stands. Offsets are UTF-16 indexes. */
export interface Labelled {
  readonly text: string;
  readonly spans: readonly {
    readonly start: number;
    readonly end: number;
    readonly type: string;
  }[];
}

/** Made-up persons with valid checksums, and keys made from the shapes of 216 makers: own work, and gitleaks' rules (MIT). */
export function readLabelled(name: "pii" | "secrets"): Labelled[] {
  const file = join(import.meta.dirname, "..", "fixtures", "guard", `${name}_synthetic.jsonl.gz`);
  const lines = gunzipSync(readFileSync(file)).toString().trim().split("\n");
  return lines.map((line) => JSON.parse(line) as Labelled);
}
