/** What nvidia-smi and rocm-smi say of graphics cards. The parsers are pure. */
import type { Gauge } from "./exposition.ts";
import { labelled } from "./host.ts";

export interface GpuReading {
  readonly index: string;
  readonly name: string;
  /** 0 to 1; as are the others undefined where the tool does not tell. */
  readonly utilisation: number | undefined;
  readonly memoryUsedBytes: number | undefined;
  readonly memoryTotalBytes: number | undefined;
  readonly powerWatts: number | undefined;
  readonly celsius: number | undefined;
}

/** A program, how it is asked, and how its answer is read. */
export interface GpuTool {
  readonly command: string;
  readonly args: readonly string[];
  readonly parse: (output: string) => GpuReading[];
}

const MIB = 1024 * 1024;
const NVIDIA_FIELDS =
  "index,name,utilization.gpu,memory.used,memory.total,power.draw,temperature.gpu";

export const GPU_TOOLS: readonly GpuTool[] = [
  {
    command: "nvidia-smi",
    args: [`--query-gpu=${NVIDIA_FIELDS}`, "--format=csv,noheader,nounits"],
    parse: parseNvidiaSmi,
  },
  {
    command: "rocm-smi",
    args: [
      "--showuse",
      "--showmeminfo",
      "vram",
      "--showpower",
      "--showtemp",
      "--showproductname",
      "--json",
    ],
    parse: parseRocmSmi,
  },
];

/** One line a card, fields with commas between them; `[N/A]` for what a card does not know. */
export function parseNvidiaSmi(output: string): GpuReading[] {
  return output.split("\n").flatMap((line) => {
    const fields = line.split(",").map((field) => field.trim());
    const [index = "", name = "", use, used, total, power, celsius] = fields;
    if (!/^\d+$/.test(index) || name === "") return [];
    return [
      {
        index,
        name,
        utilisation: share(use),
        memoryUsedBytes: scaled(used, MIB),
        memoryTotalBytes: scaled(total, MIB),
        powerWatts: scaled(power),
        celsius: scaled(celsius),
      },
    ];
  });
}

/** An object of cards; the names of its fields differ from release to release, and so are searched. */
export function parseRocmSmi(output: string): GpuReading[] {
  let cards: unknown;
  try {
    // Warnings stand before it.
    cards = JSON.parse(output.slice(Math.max(0, output.indexOf("{"))));
  } catch {
    return [];
  }
  if (typeof cards !== "object" || cards === null) return [];
  return Object.entries(cards).flatMap(([card, fields]: [string, unknown]) => {
    const index = /^card(\d+)$/.exec(card)?.[1];
    if (index === undefined || typeof fields !== "object" || fields === null) return [];
    const find = (pattern: RegExp): string | undefined => {
      const found = Object.entries(fields).find(([name]) => pattern.test(name));
      return found && String(found[1]);
    };
    return [
      {
        index,
        name: find(/^card (series|model)/i) ?? "AMD",
        utilisation: share(find(/^gpu use/i)),
        memoryUsedBytes: scaled(find(/vram total used memory/i)),
        memoryTotalBytes: scaled(find(/vram total memory/i)),
        powerWatts: scaled(find(/power.*\(W\)/i)),
        celsius: scaled(find(/temperature.*(edge|junction)/i)),
      },
    ];
  });
}

function share(percent: string | undefined): number | undefined {
  const value = scaled(percent);
  return value === undefined ? undefined : value / 100;
}

function scaled(text: string | undefined, scale = 1): number | undefined {
  if (text === undefined || !/^\s*\d/.test(text)) return undefined;
  const value = Number.parseFloat(text);
  return Number.isFinite(value) ? value * scale : undefined;
}

export function gpuGauges(gpus: readonly GpuReading[]): Gauge[] {
  const gauge = (name: string, help: string, value: (gpu: GpuReading) => number | undefined) =>
    labelled(
      name,
      help,
      gpus.flatMap((gpu) => {
        const known = value(gpu);
        return known === undefined ? [] : [[{ gpu: gpu.index, name: gpu.name }, known] as const];
      }),
    );
  return [
    gauge("weir_gpu_utilisation", "0 to 1.", ({ utilisation }) => utilisation),
    gauge("weir_gpu_memory_used_bytes", "Memory in use.", (gpu) => gpu.memoryUsedBytes),
    gauge("weir_gpu_memory_total_bytes", "Memory of the card.", (gpu) => gpu.memoryTotalBytes),
    gauge("weir_gpu_power_watts", "Power that it draws.", ({ powerWatts }) => powerWatts),
    gauge("weir_gpu_temperature_celsius", "How warm it is.", ({ celsius }) => celsius),
  ];
}

export interface GpuReaderNeeds {
  /** Gives what a program wrote; undefined where there is no such program, rejects where it failed. */
  readonly run: (command: string, args: readonly string[]) => Promise<string | undefined>;
  readonly every: (ms: number, tick: () => void) => () => void;
}

export interface GpuReader {
  /** As it was found last; empty where there is no card. */
  readings(): readonly GpuReading[];
  close(): void;
}

const EVERY_MS = 15_000;

/** Reads the cards again and again, with the first of the tools that is there. None there: reads nothing. */
export function createGpuReader({ run, every }: GpuReaderNeeds): GpuReader {
  let readings: readonly GpuReading[] = [];
  let stop: (() => void) | undefined;
  let isClosed = false;
  let isReading = false;

  async function read(tool: GpuTool): Promise<boolean> {
    const output = await run(tool.command, tool.args);
    if (output === undefined) return false;
    readings = tool.parse(output);
    return true;
  }

  /** A card that does not answer is not waited for twice. */
  async function again(tool: GpuTool): Promise<void> {
    if (isReading) return;
    isReading = true;
    // What it said before is old by now.
    if (!(await read(tool).catch(() => false))) readings = [];
    isReading = false;
  }

  async function begin(): Promise<void> {
    for (const tool of GPU_TOOLS) {
      const isThere = await read(tool).catch(() => true);
      if (!isThere) continue;
      if (!isClosed) stop = every(EVERY_MS, () => void again(tool));
      return;
    }
  }

  void begin();
  return {
    readings: () => readings,
    close() {
      isClosed = true;
      stop?.();
    },
  };
}
