import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

const CPUS = "/sys/devices/system/cpu";

/**
 * How many threads compute. Generating waits for the slowest of them at every layer, so a small
 * machine keeps a core for everything else, and two threads on one core gain nothing.
 */
export function defaultThreads(
  logicalCores = availableParallelism(),
  physicalCores = countPhysicalCores() ?? logicalCores,
): number {
  if (logicalCores <= 4) return Math.max(1, logicalCores - 1);
  return Math.max(1, Math.min(physicalCores, logicalCores - 1));
}

/** Linux tells which logical cores are the same piece of silicon. */
function countPhysicalCores(): number | undefined {
  try {
    const cores = readdirSync(CPUS).filter((name) => /^cpu\d+$/.test(name));
    const siblings = cores.map((name) =>
      readFileSync(`${CPUS}/${name}/topology/thread_siblings_list`, "utf8"),
    );
    return new Set(siblings).size || undefined;
  } catch {
    return undefined;
  }
}
