import { rename } from "node:fs/promises";
import { newId } from "../../core/ids.ts";
import { cardOf } from "./card.ts";
import type { Job, JobResult, Working } from "./jobs.ts";
import { checkUntaken, enterMade, madeName } from "./made-models.ts";
import {
  type Measured,
  type MeasureOptions,
  WINDOW_TOKENS,
  measureFile,
  speedOf,
} from "./measure-file.ts";
import type { Speed } from "../quality/messages.ts";
import type { Measurement } from "./measurements.ts";
import type { ModelFile } from "./model-files.ts";
import { type Bounds, findSmallest } from "./optimize.ts";
import type { WorkshopNeeds } from "./workshop.ts";

interface TextWish {
  /** Absent: the sample. */
  readonly text?: string | undefined;
  readonly windowTokens?: number | undefined;
}

export interface CompareWish extends TextWish {
  readonly original: string;
  readonly files: readonly string[];
}

export interface OptimizeWish extends TextWish {
  readonly original: string;
  readonly memoryBytes: number | null;
  readonly divergence: number;
  readonly name?: string | undefined;
}

/** What models cost and lose, measured by jobs; what was found is kept. Methods throw as the workshop's do. */
export class MeasuringJobs {
  private readonly needs: WorkshopNeeds;

  constructor(needs: WorkshopNeeds) {
    this.needs = needs;
  }

  async compare({ original, files, ...wish }: CompareWish, by: string): Promise<Job> {
    const first = await this.needs.files.usable(original, "original");
    const others = await Promise.all(
      files.map((ref, at) => this.needs.files.usable(ref, `files[${at}]`)),
    );
    const all = [first, ...others.filter(({ ref }) => ref !== first.ref)];
    const text = this.textOf(wish);
    return this.needs.jobs.start({
      kind: "compare",
      title: all.map(({ name }) => name).join(", "),
      by,
      unit: "files",
      run: async (working) => {
        const rows = await measureAll(all, { options: text.options, working });
        const measurement = this.keep(text, {
          kind: "compare",
          by,
          original: first.name,
          originalBytes: first.bytes,
          rows,
          bounds: null,
          chosen: null,
        });
        return { measurement };
      },
    });
  }

  async optimize(wish: OptimizeWish, by: string): Promise<Job> {
    const { memoryBytes, divergence, name } = wish;
    const file = await this.needs.files.usable(wish.original, "original");
    const made = name ?? madeName(file.name, "optimized");
    checkUntaken(this.needs.library, made);
    const text = this.textOf(wish);
    const bounds: Bounds = { memory: memoryBytes ?? Infinity, divergence };
    return this.needs.jobs.start({
      kind: "optimize",
      title: `${file.name}, at most ${divergence} nats a token away`,
      by,
      unit: "files",
      run: (working) => this.search(file, { made, text, bounds, by }, working),
    });
  }

  private async search(
    file: ModelFile,
    { made, text, bounds, by }: { made: string; text: Text; bounds: Bounds; by: string },
    { signal, step, progress }: Working,
  ): Promise<JobResult> {
    const { library, openPool, now } = this.needs;
    const pool = openPool();
    let at = 0;
    let of = 1;
    try {
      step(`measuring ${file.name}`);
      const before = await speedOf(file.path, text.options, signal);
      const { tried, chosen } = await findSmallest({
        original: file.path,
        options: text.options,
        bounds,
        folder: library.scratch,
        pool,
        signal,
        onType(mix, position, count) {
          [at, of] = [position, count];
          step(`trying ${mix}`);
          progress(at, of);
        },
        onProgress: (done, all) => progress(at + done / all, of),
        keep: async (path, { name }) => {
          const sha256 = await library.make((to) => rename(path, to), signal);
          const source = `${file.name} as ${name}`;
          enterMade(library, { name: made, sha256, source, original: file, at: now() });
        },
      });
      const original = { name: file.name, bytes: file.bytes };
      const { options } = text;
      const card = chosen && cardOf({ title: made, original, chosen, tried, bounds, options });
      const measurement = this.keep(text, {
        kind: "optimize",
        by,
        original: file.name,
        originalBytes: file.bytes,
        rows: [...originalRow(file, before, tried[0]), ...tried.map((one) => rowOf(one.name, one))],
        bounds: { memoryBytes: finite(bounds.memory), divergence: bounds.divergence },
        chosen: chosen && card ? { name: made, type: chosen.name, card } : null,
      });
      return { measurement, ...(chosen && { name: made }) };
    } finally {
      await pool.close();
    }
  }

  private textOf({ text, windowTokens = WINDOW_TOKENS }: TextWish): Text {
    const given = text === undefined ? this.needs.sampleText() : { name: "your text", text };
    const options = { text: given.text, windowTokens, threads: this.needs.threads };
    return { name: given.name, options };
  }

  private keep(
    { name, options }: Text,
    found: Omit<Measurement, "id" | "at" | "text" | "windowTokens" | "threads">,
  ): string {
    const { measurements, now } = this.needs;
    const id = newId("measured-");
    const { text, windowTokens, threads } = options;
    measurements.add({
      ...found,
      id,
      at: now(),
      text: { name, characters: text.length },
      windowTokens,
      threads,
    });
    return id;
  }
}

interface Text {
  readonly name: string;
  readonly options: MeasureOptions;
}

type KeptRow = Measurement["rows"][number];

async function measureAll(
  files: readonly ModelFile[],
  {
    options,
    working: { signal, step, progress },
  }: { readonly options: MeasureOptions; readonly working: Working },
): Promise<KeptRow[]> {
  const original = files[0]?.path ?? "";
  const rows: KeptRow[] = [];
  for (const [at, { name, path }] of files.entries()) {
    step(`measuring ${name}`);
    progress(at, files.length);
    const onProgress = (done: number, all: number) => progress(at + done / all, files.length);
    rows.push(
      rowOf(name, await measureFile({ file: path, original, options, signal, onProgress })),
    );
  }
  return rows;
}

function rowOf(label: string, { name, bytes, divergence, speed, quality }: Measured): KeptRow {
  const { perplexity, perplexityError, tokens, against } = quality;
  return {
    name: label,
    type: name,
    bytes,
    peakBytes: speed.peakBytes,
    firstTokenMs: speed.firstTokenMs,
    tokensPerSecond: speed.tokensPerSecond,
    perplexity,
    perplexityError,
    divergence,
    divergenceError: against?.divergenceError ?? 0,
    sameTop: against?.sameTop ?? 1,
    tokens,
  };
}

/** What was searched from, as far as others' figures say it too. */
function originalRow(
  { name, bytes, facts }: ModelFile,
  speed: Speed,
  tried: Measured | undefined,
): KeptRow[] {
  if (!tried) return [];
  const { tokens, windowTokens, against } = tried.quality;
  const perplexity = against?.originalPerplexity ?? 0;
  const quality = { perplexity, perplexityError: 0, tokens, windowTokens };
  const measured = { file: name, name: facts?.type ?? "", bytes, divergence: 0, speed, quality };
  return [rowOf(name, measured)];
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
