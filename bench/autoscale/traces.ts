import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { drawServeGen } from "../../src/ship/simulate/servegen.ts";
import { type Trace, cut, times, together } from "../../src/ship/simulate/trace.ts";
import { readTrace } from "../../src/ship/simulate/trace-file.ts";

/**
 * Public request traces (Azure 2023, CC-BY 4.0; Mooncake and ServeGen, Apache-2.0), parted in two: the settings
 * were chosen on one part, and the figures are of the other.
 */

/** Beside the repository; they are not part of it. */
const FOLDER =
  process.env["TRACES"] ?? join(import.meta.dirname, "..", "..", "..", "shared", "data", "traces");

export interface Workload {
  readonly name: string;
  /** What it is made of, for the table. */
  readonly from: string;
  readonly load: () => Trace;
}

export const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** Each workload begins with ten minutes in which policies find their level; they are not counted. */
export const WARM_UP = 10 * MINUTE;

/** Where the one setting was chosen. */
export const TUNED_ON: readonly Workload[] = [
  {
    name: "Azure chat ×3",
    from: "minutes 10–20",
    load: () => times(cut(chat(), 0, 20 * MINUTE), 3),
  },
  {
    name: "Azure code ×3",
    from: "minutes 10–20",
    load: () => times(cut(code(), 0, 20 * MINUTE), 3),
  },
  { name: "Mooncake chat", from: "minutes 10–20", load: () => cut(long(), 0, 20 * MINUTE) },
  {
    name: "ServeGen m-large, 14 calls/s",
    from: "day 0, 6–14 h",
    load: () => serveGen("m-large", 6 * 60 * MINUTE, 14 * 60 * MINUTE, 14),
  },
  {
    name: "ServeGen m-small, 12 calls/s",
    from: "day 0, 6–14 h",
    load: () => serveGen("m-small", 6 * 60 * MINUTE, 14 * 60 * MINUTE, 12),
  },
];

export const BURSTY_DAY: Workload = {
  name: "ServeGen m-large, 14 calls/s",
  from: "day 4",
  load: () => serveGen("m-large", 4 * DAY, 5 * DAY, 14),
};

/** Azure's chat for an hour, and Mooncake's long prompts in its minutes 20 to 40. */
export const MIX_SHIFT: Workload = {
  name: "the mix shift",
  from: "Azure chat ×2, with Mooncake chat's minutes 20–40",
  load: () => {
    const hour = together("shift", times(chat(), 2), later(), 20 * MINUTE);
    const before = cut(times(chat(), 2), 30 * MINUTE, 40 * MINUTE);
    return together("shift", before, hour, 10 * MINUTE);
  },
};

export const MIXED: readonly Workload[] = [
  {
    name: "Azure chat ×2 and Mooncake chat",
    from: "minutes 20–40",
    load: () => together("mixed", times(cut(chat(), 10 * MINUTE, 40 * MINUTE), 2), latest(), 0),
  },
  {
    name: "Azure code ×2 and Mooncake chat",
    from: "minutes 20–40",
    load: () => together("mixed", times(cut(code(), 10 * MINUTE, 40 * MINUTE), 2), latest(), 0),
  },
];

/** Our rule was run on none of these before its setting was fixed; the minutes of warming up were tuned on. */
export const SHOWN_ON: readonly Workload[] = [
  {
    name: "Azure chat ×3",
    from: "minutes 20–58",
    load: () => times(cut(chat(), 10 * MINUTE, 60 * MINUTE), 3),
  },
  {
    name: "Azure code ×3",
    from: "minutes 20–40",
    load: () => times(cut(code(), 10 * MINUTE, 40 * MINUTE), 3),
  },
  { name: "Mooncake chat", from: "minutes 20–40", load: latest },
  BURSTY_DAY,
  {
    name: "ServeGen m-small, 12 calls/s",
    from: "day 4",
    load: () => serveGen("m-small", 4 * DAY, 5 * DAY, 12),
  },
];

/** A day of more than a million calls. */
export function millionCalls(): Trace {
  return serveGen("m-large", 5 * DAY, 6 * DAY, 12);
}

function chat(): Trace {
  return readTrace(textOf("azure2023_conv"), "azure2023_conv");
}

function code(): Trace {
  return readTrace(textOf("azure2023_code_first40m"), "azure2023_code");
}

function long(): Trace {
  return readTrace(textOf("mooncake_conversation_first40m"), "mooncake_conversation");
}

function later(): Trace {
  return cut(long(), 20 * MINUTE, 40 * MINUTE);
}

function latest(): Trace {
  return cut(long(), 10 * MINUTE, 40 * MINUTE);
}

function serveGen(model: string, fromMs: number, toMs: number, rate: number): Trace {
  const tables = {
    rates: textOf("servegen_rate_10min"),
    clients: textOf("servegen_top12_clients_10min"),
    lengths: textOf("servegen_lengths_6h"),
  };
  return drawServeGen(tables, { model, fromMs, toMs, rate, seed: 1 });
}

function textOf(name: string): string {
  const file = join(FOLDER, `${name}.csv.gz`);
  if (!existsSync(file)) {
    throw new Error(
      `The trace ${file} is missing. This bench replays public request traces (Azure 2023, Mooncake, ServeGen) that are no part of the repository: set TRACES to the folder that has them.`,
    );
  }
  return gunzipSync(readFileSync(file)).toString("utf8");
}
