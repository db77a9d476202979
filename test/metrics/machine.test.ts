import { expect, it } from "vitest";
import {
  createGpuReader,
  gpuGauges,
  parseNvidiaSmi,
  parseRocmSmi,
} from "../../src/watch/metrics/gpu.ts";
import { hostGauges, readHost } from "../../src/watch/metrics/host.ts";

const NVIDIA = `0, NVIDIA H100 80GB HBM3, 87, 61234, 81559, 512.34, 64
1, NVIDIA H100 80GB HBM3, 0, 4, 81559, 68.10, 31
2, Tesla K80, [N/A], 0, 11441, [Not Supported], 40
`;
const ROCM = `WARNING: AMD GPU device(s) is/are in a low-power state. Check power control/runtime_status

{"card0": {"GPU use (%)": "35", "VRAM Total Memory (B)": "68702699520", "VRAM Total Used Memory (B)": "10870784",
"Average Graphics Package Power (W)": "92.0", "Temperature (Sensor edge) (C)": "44.0", "Card Series": "AMD Instinct MI210"},
"system": {"Driver version": "6.7.0"}}`;
const MIB = 1024 * 1024;

it("reads nvidia-smi's answer, and leaves out what a card does not tell", () => {
  const [first, , old] = parseNvidiaSmi(NVIDIA);
  expect(first).toEqual({
    index: "0",
    name: "NVIDIA H100 80GB HBM3",
    utilisation: 0.87,
    memoryUsedBytes: 61_234 * MIB,
    memoryTotalBytes: 81_559 * MIB,
    powerWatts: 512.34,
    celsius: 64,
  });
  expect(old).toMatchObject({ utilisation: undefined, powerWatts: undefined, memoryUsedBytes: 0 });
  expect(parseNvidiaSmi("NVIDIA-SMI has failed because it couldn't communicate")).toEqual([]);
  const power = gpuGauges(parseNvidiaSmi(NVIDIA)).find(({ name }) => name.includes("power"));
  expect(power?.values.map(({ value }) => value)).toEqual([512.34, 68.1]);
});

it("reads rocm-smi's answer behind its warnings", () => {
  expect(parseRocmSmi(ROCM)).toEqual([
    {
      index: "0",
      name: "AMD Instinct MI210",
      utilisation: 0.35,
      memoryUsedBytes: 10_870_784,
      memoryTotalBytes: 68_702_699_520,
      powerWatts: 92,
      celsius: 44,
    },
  ]);
  expect(parseRocmSmi("no json")).toEqual([]);
});

/** Runs the reader over answers by command; `tick` is what the interval calls. */
async function reader(answers: Record<string, (() => Promise<string>) | undefined>) {
  let tick: (() => void) | undefined;
  const asked: string[] = [];
  const gpus = createGpuReader({
    async run(command) {
      asked.push(command);
      return answers[command]?.();
    },
    every(_ms, run) {
      tick = run;
      return () => (tick = undefined);
    },
  });
  const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
  await settled();
  return { gpus, asked, tick: () => tick, settled };
}

it("asks the tool that is there, again and again", async () => {
  let use = 10;
  const { gpus, asked, tick, settled } = await reader({
    "rocm-smi": async () => ROCM.replace('"35"', `"${use}"`),
  });
  expect(asked).toEqual(["nvidia-smi", "rocm-smi"]);
  expect(gpus.readings()[0]?.utilisation).toBeCloseTo(0.1);
  use = 60;
  tick()?.();
  await settled();
  expect(asked).toEqual(["nvidia-smi", "rocm-smi", "rocm-smi"]);
  expect(gpus.readings()[0]?.utilisation).toBeCloseTo(0.6);
  gpus.close();
  expect(tick()).toBeUndefined();
});

it("asks nothing again where there is no tool, and shows nothing old where it fails", async () => {
  const none = await reader({});
  expect(none.tick()).toBeUndefined();
  expect(gpuGauges(none.gpus.readings()).flatMap(({ values }) => values)).toEqual([]);
  let fails = false;
  const broken = await reader({
    "nvidia-smi": async () => {
      if (fails) throw new Error("driver gone");
      return NVIDIA;
    },
  });
  expect(broken.gpus.readings()).toHaveLength(3);
  fails = true;
  broken.tick()?.();
  await broken.settled();
  expect(broken.gpus.readings()).toEqual([]);
});

it("reads the machine", () => {
  const host = readHost();
  expect(host.memoryTotalBytes).toBeGreaterThan(host.memoryFreeBytes);
  const names = hostGauges(host).map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});
