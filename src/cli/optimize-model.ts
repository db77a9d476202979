import { renameSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { cardOf } from "../serve/workshop/card.ts";
import {
  type Bounds,
  type Found,
  type Search,
  MOST_DIVERGENCE,
  findSmallest,
  withinOf,
} from "../serve/workshop/optimize.ts";
import { openQuantizePool } from "../weir/quantize-pool.ts";
import { untilBrokenOff } from "./broken-off.ts";
import { type Terminal, UsageError, type Values, text } from "./command.ts";
import { measureOptions, measuredTable } from "./measure-model.ts";
import { openProgress } from "./progress.ts";
import { bytesAsked } from "./size.ts";

export const OPTIMIZE_OPTIONS = {
  memory: { type: "string", value: "SIZE", help: "optimize: the most memory, as 6GiB" },
  "max-kl": { type: "string", value: "NATS", help: "optimize: the most divergence a token (0.02)" },
} as const;

/**
 * `weir model optimize ORIGINAL --memory 6GiB --max-kl 0.02`: the smallest type that is within both bounds, with a
 * card.
 */
export async function optimize(
  original: string,
  values: Values,
  terminal: Terminal,
): Promise<number> {
  const options = measureOptions(values);
  const bounds = boundsOf(values);
  const out = resolve(text(values, "out") ?? original.replace(/\.gguf$/i, "-optimized.gguf"));
  const wanted = { original, options, bounds, folder: dirname(out) };
  const found = await untilBrokenOff((signal) =>
    find({ ...wanted, signal, keep: (file) => renameSync(file, out) }, terminal),
  );
  const { chosen } = found;
  const tried = found.tried.map((one) => (one === chosen ? { ...one, file: out } : one));
  if (values["json"]) {
    terminal.print(JSON.stringify({ out: chosen ? out : null, tried }, null, 2));
  } else if (tried.length > 0) terminal.print(measuredTable(tried));
  if (!chosen) {
    terminal.note(`No type is ${withinOf(bounds)}. Allow more, or take a smaller model.`);
    return 1;
  }
  const from = { name: basename(original), bytes: statSync(original).size };
  writeFileSync(
    `${out}.md`,
    cardOf({ title: basename(out), original: from, chosen, tried, bounds, options }),
  );
  if (!values["json"])
    terminal.note(`${out} is ${chosen.name}; what was measured stands in ${basename(out)}.md`);
  return 0;
}

async function find(
  search: Omit<Search, "pool" | "onType" | "onProgress">,
  { redraw }: Terminal,
): Promise<Found> {
  const pool = openQuantizePool();
  let type = "";
  const draw = openProgress("Measuring", (windows) => `${windows} windows of ${type}`, { redraw });
  try {
    return await findSmallest({
      ...search,
      pool,
      onType: (mix) => {
        type = mix;
      },
      onProgress: draw,
    });
  } finally {
    draw.end();
    await pool.close();
  }
}

function boundsOf(values: Values): Bounds {
  const asked = text(values, "max-kl");
  const divergence = asked === undefined ? MOST_DIVERGENCE : Number(asked);
  if (!(divergence >= 0)) throw new UsageError(`--max-kl is a number of nats, not "${asked}"`);
  const memory = text(values, "memory");
  return { divergence, memory: memory === undefined ? Infinity : bytesAsked(memory, "memory") };
}
