import { readFileSync } from "node:fs";

/** Clock ticks that the machine and some processes of ours have worked so far. */
export interface CpuMark {
  readonly machine: number;
  readonly ours: number;
}

/** Reads the counters now. `pids` are our processes besides this one. Zeros where there is no /proc. */
export function markCpu(pids: readonly number[]): CpuMark {
  const ours = [process.pid, ...pids].reduce((sum, pid) => sum + ticksOf(pid), 0);
  return { machine: machineTicks(), ours };
}

/** The share of the machine's work between two marks that was not ours: 0 on a quiet machine. */
export function foreignShare(from: CpuMark, to: CpuMark): number {
  const machine = to.machine - from.machine;
  const ours = to.ours - from.ours;
  return machine <= 0 ? 0 : Math.max(0, (machine - ours) / machine);
}

/** user, nice and system time of all cores; idle and waiting are no work. */
function machineTicks(): number {
  const fields = read("/proc/stat").split("\n")[0]?.trim().split(/\s+/).slice(1, 4) ?? [];
  return fields.reduce((sum, field) => sum + Number(field), 0);
}

function ticksOf(pid: number): number {
  // The name may hold spaces; what follows it is counted from the last bracket.
  const fields = read(`/proc/${pid}/stat`).split(") ").at(-1)?.split(" ") ?? [];
  return Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
