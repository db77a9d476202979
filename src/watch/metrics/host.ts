import { cpus, freemem, loadavg, totalmem } from "node:os";
import type { Gauge } from "./exposition.ts";

/** The machine, as far as this process sees it: a container sees its host's. */
export interface HostReading {
  readonly memoryTotalBytes: number;
  readonly memoryFreeBytes: number;
  readonly load: readonly number[];
  /** Of all cores since the machine's start, by what they did. */
  readonly cpuSeconds: Readonly<Record<string, number>>;
  readonly cores: number;
  readonly processCpuSeconds: number;
  readonly heapUsedBytes: number;
}

export function readHost(): HostReading {
  const cores = cpus();
  const cpuSeconds: Record<string, number> = {};
  for (const { times } of cores) {
    for (const [mode, ms] of Object.entries(times)) {
      cpuSeconds[mode] = (cpuSeconds[mode] ?? 0) + ms / 1000;
    }
  }
  const { user, system } = process.cpuUsage();
  return {
    memoryTotalBytes: totalmem(),
    memoryFreeBytes: freemem(),
    load: loadavg(),
    cpuSeconds,
    cores: cores.length,
    processCpuSeconds: (user + system) / 1e6,
    heapUsedBytes: process.memoryUsage().heapUsed,
  };
}

export function hostGauges(host: HostReading): Gauge[] {
  const minutes = ["1", "5", "15"];
  return [
    labelled("weir_host_memory_bytes", "Memory of the machine.", [
      [{ state: "total" }, host.memoryTotalBytes],
      [{ state: "available" }, host.memoryFreeBytes],
    ]),
    labelled(
      "weir_host_load",
      "Processes that run or wait to, on average over so many minutes.",
      host.load.map((load, at) => [{ minutes: minutes[at] ?? "" }, load] as const),
    ),
    labelled("weir_host_cpus", "Cores of the machine.", [[{}, host.cores]]),
    {
      ...labelled(
        "weir_host_cpu_seconds_total",
        "What the machine's cores did, by kind.",
        Object.entries(host.cpuSeconds).map(([mode, value]) => [{ mode }, value] as const),
      ),
      type: "counter",
    },
    {
      ...labelled("process_cpu_seconds_total", "Computing time of the server's own process.", [
        [{}, host.processCpuSeconds],
      ]),
      type: "counter",
    },
    labelled("weir_heap_used_bytes", "Memory of the server's own objects.", [
      [{}, host.heapUsedBytes],
    ]),
  ];
}

type Labels = Readonly<Record<string, string>>;

/** A gauge from its series. */
export function labelled(
  name: string,
  help: string,
  values: readonly (readonly [labels: Labels, value: number])[],
): Gauge {
  return {
    name,
    help,
    type: "gauge",
    values: values.map(([labels, value]) => ({ labels, value })),
  };
}
