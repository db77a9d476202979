import { WeirError } from "../../core/errors.ts";
import { type Random, gamma, seeded } from "./random.ts";
import { type Trace, type TraceCall, traceOf } from "./trace.ts";

/**
 * Traces that are drawn from what ServeGen (arXiv 2505.09999) tells of real services: not single calls, but
 * how often each client calls, how unevenly, and how long prompts and answers are.
 */
export interface ServeGenTables {
  /** `model,t_s,rate_rps,active_clients` in windows of ten minutes. */
  readonly rates: string;
  /** `model,client,t_s,rate_rps,interarrival_cv` of the busiest clients. */
  readonly clients: string;
  /** `model,client,t_s,field,mean,p05,…` in windows of six hours. */
  readonly lengths: string;
}

export interface ServeGenAsk {
  readonly model: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** The mean rate that the whole is brought to, in calls a second. */
  readonly rate: number;
  readonly seed: number;
}

const WINDOW_S = 600;
const LENGTHS_S = 21_600;
/** All clients that are not among the busiest come as one, at random. */
const OTHERS = "others";

/** Draws a trace. The same tables and wishes give the same one. */
export function drawServeGen(tables: ServeGenTables, ask: ServeGenAsk): Trace {
  const random = seeded(ask.seed);
  const { model, fromMs, toMs } = ask;
  const flows = flowsOf(tables, ask);
  if (flows.size === 0) {
    throw new WeirError("invalid_request", `The tables have no model "${model}" at that time.`);
  }
  const lengths = new Lengths(tables.lengths, model);
  const calls: TraceCall[] = [];
  for (const [number, [client, windows]] of [...flows].entries()) {
    for (const at of arrivals(windows, random)) {
      if (at < fromMs || at >= toMs) continue;
      const from = lengths.has(client) ? client : lengths.any(random);
      const [prompt, output] = lengths.draw(from, at / 1000, random);
      calls.push({ at: at - fromMs, prompt, output, client: number });
    }
  }
  return traceOf(model, toMs - fromMs, calls);
}

interface Window {
  readonly atMs: number;
  /** Calls a second. */
  readonly rate: number;
  readonly cv: number;
}

/** Each client's windows between the two times, at the wished rate. */
function flowsOf(tables: ServeGenTables, { model, fromMs, toMs, rate }: ServeGenAsk) {
  const isIn = (cells: readonly string[], time: number) =>
    cells[0] === model && time * 1000 >= fromMs && time * 1000 < toMs;
  const others = new Map<number, number>();
  for (const cells of rowsOf(tables.rates)) {
    const time = Number(cells[1]);
    if (isIn(cells, time)) others.set(time, Number(cells[2]));
  }
  const mean = [...others.values()].reduce((all, one) => all + one, 0) / Math.max(1, others.size);
  const scale = mean > 0 ? rate / mean : 0;
  const flows = new Map<string, Window[]>();
  const add = (client: string, window: Window) => {
    const windows = flows.get(client);
    if (windows) windows.push(window);
    else flows.set(client, [window]);
  };
  for (const cells of rowsOf(tables.clients)) {
    const [, client = "", at, own, cv] = cells;
    const time = Number(at);
    if (!isIn(cells, time)) continue;
    others.set(time, Math.max(0, (others.get(time) ?? 0) - Number(own)));
    add(client, { atMs: time * 1000, rate: Number(own) * scale, cv: Math.max(0.2, Number(cv)) });
  }
  for (const [time, left] of others) add(OTHERS, { atMs: time * 1000, rate: left * scale, cv: 1 });
  return flows;
}

/** Gamma gaps of mean 1 over each window's own time: a gap may go on from one window into the next. */
function* arrivals(windows: readonly Window[], random: Random): Generator<number> {
  let gap = 0;
  for (const { atMs, rate, cv } of windows) {
    if (rate <= 0) continue;
    const shape = 1 / (cv * cv);
    if (gap === 0) gap = gamma(shape, random) * random();
    let done = 0;
    const whole = rate * WINDOW_S;
    while (done + gap < whole) {
      done += gap;
      yield atMs + (done / whole) * WINDOW_S * 1000;
      gap = gamma(shape, random);
    }
    gap -= whole - done;
  }
}

const SHARES = [0.05, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99] as const;

/** Prompt and answer lengths by their quantiles, and straight lines between these. */
class Lengths {
  /** `client field window` to the quantiles. */
  private readonly quantiles = new Map<string, readonly number[]>();
  private readonly clients: string[];

  constructor(table: string, model: string) {
    const clients = new Set<string>();
    for (const cells of rowsOf(table)) {
      if (cells[0] !== model) continue;
      const [, client = "", at, field = "", , ...points] = cells;
      clients.add(client);
      this.quantiles.set(keyOf(client, field, Number(at)), points.map(Number));
    }
    this.clients = [...clients].filter((client) =>
      ["in", "out"].every((field) => this.nearest(client, field, 0) !== undefined),
    );
    if (this.clients.length === 0) {
      throw new WeirError("invalid_request", `The tables have no lengths of a model "${model}".`);
    }
  }

  has(client: string): boolean {
    return this.clients.includes(client);
  }

  any(random: Random): string {
    return this.clients[Math.floor(random() * this.clients.length)] ?? "";
  }

  draw(client: string, atS: number, random: Random): [number, number] {
    const of = (field: string) => quantile(this.nearest(client, field, atS) ?? [1], random());
    return [of("in"), of("out")];
  }

  /** Those of the window, or of the nearest one before or after. */
  private nearest(client: string, field: string, atS: number): readonly number[] | undefined {
    const window = Math.floor(atS / LENGTHS_S) * LENGTHS_S;
    for (let away = 0; away <= MOST_WINDOWS; away++) {
      for (const time of [window - away * LENGTHS_S, window + away * LENGTHS_S]) {
        const found = this.quantiles.get(keyOf(client, field, time));
        if (found) return found;
      }
    }
    return undefined;
  }
}

/** Fourteen days. */
const MOST_WINDOWS = 56;

function keyOf(client: string, field: string, time: number): string {
  return `${client} ${field} ${time}`;
}

/** Below the first quantile down to half of it, above the last up to a fifth more. */
function quantile(points: readonly number[], share: number): number {
  const xs = [0, ...SHARES, 1];
  const ys = [(points[0] ?? 1) / 2, ...points, (points.at(-1) ?? 1) * 1.2];
  const at = Math.max(
    1,
    xs.findIndex((x) => x >= share),
  );
  const [x0 = 0, x1 = 1, y0 = 1, y1 = 1] = [xs[at - 1], xs[at], ys[at - 1], ys[at]];
  return Math.max(1, Math.round(y0 + ((share - x0) / (x1 - x0)) * (y1 - y0)));
}

function* rowsOf(table: string): Generator<string[]> {
  const lines = table.split("\n");
  for (let at = 1; at < lines.length; at++) {
    const line = lines[at];
    if (line) yield line.split(",");
  }
}
