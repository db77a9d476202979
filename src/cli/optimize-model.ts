import { mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { formatBytes } from "../gguf/format-bytes.ts";
import { MIX_NAMES, type MixName, planMix } from "../gguf/quantize/mixes.ts";
import { quantizeFile } from "../gguf/quantize/quantize-file.ts";
import { readGguf } from "../gguf/read-gguf.ts";
import { tensorBytes } from "../gguf/tensor-types.ts";
import { openQuantizePool } from "../weir/quantize-pool.ts";
import { untilBrokenOff } from "./broken-off.ts";
import { type Terminal, UsageError, type Values, text } from "./command.ts";
import {
  type Measured,
  type MeasureOptions,
  measureFile,
  measureOptions,
  measuredTable,
} from "./measure-model.ts";

export const OPTIMIZE_OPTIONS = {
  memory: { type: "string", value: "SIZE", help: "optimize: the most memory, as 6GiB" },
  "max-kl": { type: "string", value: "NATS", help: "optimize: the most divergence a token (0.02)" },
} as const;

const MOST_DIVERGENCE = 0.02;

/**
 * `weir model optimize ORIGINAL --memory 6GiB --max-kl 0.02`: makes the file in one type after the other, the
 * smallest first, measures each, and keeps the first that is within both bounds, with a card.
 */
export async function optimize(
  original: string,
  values: Values,
  terminal: Terminal,
): Promise<number> {
  const search: Search = {
    original,
    options: measureOptions(values),
    bounds: boundsOf(values),
    out: resolve(text(values, "out") ?? original.replace(/\.gguf$/i, "-optimized.gguf")),
    tried: [],
  };
  const { out, tried, bounds } = search;
  const chosen = await untilBrokenOff((signal) => find(search, terminal, signal));
  if (values["json"]) {
    terminal.print(JSON.stringify({ out: chosen ? out : null, tried }, null, 2));
  } else if (tried.length > 0) terminal.print(measuredTable(tried));
  if (!chosen) {
    terminal.note(`No type is ${withinOf(bounds)}. Allow more, or take a smaller model.`);
    return 1;
  }
  writeFileSync(`${out}.md`, cardOf({ ...search, chosen }));
  if (!values["json"])
    terminal.note(`${out} is ${chosen.name}; what was measured stands in ${basename(out)}.md`);
  return 0;
}

interface Search {
  readonly original: string;
  readonly options: MeasureOptions;
  readonly bounds: Bounds;
  readonly out: string;
  readonly tried: Measured[];
}

/** The first that is within the bounds, under its final name. */
async function find(
  { original, options, bounds, out, tried }: Search,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<Measured | undefined> {
  const folder = mkdtempSync(join(dirname(out), ".weir-optimize-"));
  const pool = openQuantizePool();
  try {
    for (const { mix, bytes } of await candidates(original)) {
      if (bytes > bounds.memory) return undefined;
      const file = join(folder, `${mix}.gguf`);
      await quantizeFile(original, file, { mix, pool, again: true, signal });
      const measured = await measureFile({ file, original, options, signal }, terminal);
      const { speed, divergence } = measured;
      const isIn = speed.peakBytes <= bounds.memory && divergence <= bounds.divergence;
      if (!isIn) {
        tried.push(measured);
        rmSync(file);
        continue;
      }
      renameSync(file, out);
      const chosen = { ...measured, file: out };
      tried.push(chosen);
      return chosen;
    }
    return undefined;
  } finally {
    await pool.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function withinOf({ divergence, memory }: Bounds): string {
  const room = Number.isFinite(memory) ? ` and ${formatBytes(memory)} of memory` : "";
  return `within ${divergence} nats a token${room}`;
}

interface Bounds {
  readonly memory: number;
  readonly divergence: number;
}

function boundsOf(values: Values): Bounds {
  const asked = text(values, "max-kl");
  const divergence = asked === undefined ? MOST_DIVERGENCE : Number(asked);
  if (!(divergence >= 0)) throw new UsageError(`--max-kl is a number of nats, not "${asked}"`);
  const memory = text(values, "memory");
  return { divergence, memory: memory === undefined ? Infinity : bytesOf(memory) };
}

const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
};

function bytesOf(size: string): number {
  const [, number = "", unit = ""] = /^([\d.]+)\s*([a-z]*)$/i.exec(size) ?? [];
  const factor = UNITS[unit.toLowerCase()];
  const bytes = Number(number) * (factor ?? NaN);
  if (bytes > 0) return bytes;
  throw new UsageError(`--memory is a size as 6GiB or 900MB, not "${size}"`);
}

/** Every quantized type by the size that the file will have. */
async function candidates(original: string): Promise<{ mix: MixName; bytes: number }[]> {
  const file = await readGguf(original);
  const quantized = MIX_NAMES.filter((mix) => mix.startsWith("Q"));
  return quantized
    .map((mix) => ({
      mix,
      bytes: planMix(file, { mix }).reduce(
        (sum, { tensor, type }) => sum + tensorBytes(type, tensor.dimensions),
        file.dataOffset,
      ),
    }))
    .toSorted((a, b) => a.bytes - b.bytes);
}

function cardOf({
  original,
  chosen,
  tried,
  bounds,
  options,
}: Search & { readonly chosen: Measured }): string {
  const { name, quality, speed, file } = chosen;
  const { against } = quality;
  return `# ${basename(file)}

${name}, made from \`${basename(original)}\` (${formatBytes(statSync(original).size)}): the smallest type ${withinOf(bounds)}.

- size ${formatBytes(speed.fileBytes)}, memory ${formatBytes(speed.peakBytes)} with a prompt of ${speed.promptTokens} tokens
- first token after ${speed.firstTokenMs.toFixed(0)} ms, then ${speed.tokensPerSecond.toFixed(1)} tokens/s, on ${options.threads} threads
- perplexity ${quality.perplexity.toFixed(3)} (original ${(against?.originalPerplexity ?? 0).toFixed(3)}), divergence ${(against?.divergence ?? 0).toFixed(5)} ± ${(against?.divergenceError ?? 0).toFixed(5)} nats a token, the same choice at ${((against?.sameTop ?? 0) * 100).toFixed(1)} % of ${quality.tokens} tokens

Tried, on one text of ${options.text.length} characters in windows of ${quality.windowTokens} tokens:

\`\`\`
${measuredTable(tried)}
\`\`\`
`;
}
