import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { WeirError } from "../../core/errors.ts";

/** One file, measured. Sizes are bytes, divergences nats a token, shares 0 to 1. */
export const MeasuredRow = z.object({
  name: z.string(),
  type: z.string(),
  bytes: z.number(),
  peakBytes: z.number().describe("of a process of its own with a prompt of 128 tokens"),
  firstTokenMs: z.number(),
  tokensPerSecond: z.number(),
  tokens: z.number().describe("that were predicted"),
  perplexity: z.number(),
  perplexityError: z.number(),
  divergence: z.number().describe("from the original, in nats a token"),
  divergenceError: z.number(),
  sameTop: z.number().describe("how often both find the same token likeliest, 0 to 1"),
});

/** What a comparison or a search found. Times are epoch milliseconds. */
export const Measurement = z.object({
  id: z.string(),
  kind: z.enum(["compare", "optimize"]),
  at: z.number(),
  by: z.string(),
  original: z.string(),
  originalBytes: z.number(),
  text: z.object({ name: z.string(), characters: z.number() }),
  windowTokens: z.number(),
  threads: z.number(),
  rows: z.array(MeasuredRow).describe("in the order in which they were measured"),
  bounds: z
    .object({ memoryBytes: z.number().nullable(), divergence: z.number() })
    .nullable()
    .describe("of a search"),
  chosen: z
    .object({ name: z.string(), type: z.string(), card: z.string().describe("Markdown") })
    .nullable()
    .describe("by a search that found one"),
});
export type Measurement = z.infer<typeof Measurement>;

const MOST_KEPT = 100;
const ID = /^[\w-]{1,80}$/;

/** What was measured, kept in a folder: one file each, the oldest go. No texts, only their lengths. */
export class Measurements {
  private readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  /** The newest first. */
  list(): Measurement[] {
    return readdirSync(this.folder)
      .filter((name) => name.endsWith(".json"))
      .flatMap((name) => this.read(name) ?? [])
      .toSorted((a, b) => b.at - a.at);
  }

  add(measurement: Measurement): void {
    const file = this.fileOf(measurement.id);
    writeFileSync(`${file}.new`, JSON.stringify(measurement));
    renameSync(`${file}.new`, file);
    for (const { id } of this.list().slice(MOST_KEPT)) rmSync(this.fileOf(id));
  }

  /** Throws not_found. */
  remove(id: string): void {
    const known = ID.test(id) && this.list().some((one) => one.id === id);
    if (!known) throw new WeirError("not_found", "There is no such measurement.");
    rmSync(this.fileOf(id));
  }

  private read(name: string): Measurement | undefined {
    try {
      const text = readFileSync(join(this.folder, name), "utf8");
      return Measurement.safeParse(JSON.parse(text)).data;
    } catch {
      return undefined; // not whole: nothing was measured
    }
  }

  private fileOf(id: string): string {
    return join(this.folder, `${id}.json`);
  }
}
