import { expect, it } from "vitest";
import { readSamples } from "./read-metrics.ts";

it("reads samples of a Prometheus page, with labels as they were meant", () => {
  const page = [
    "# HELP weir_gpu_utilisation 0 to 1.",
    'weir_gpu_utilisation{gpu="0",name="A \\"B\\" {x}"} 0.5',
    "weir_host_cpus 8",
    "weir_host_load NaN",
    "other 1",
  ].join("\n");
  expect(readSamples(page, "weir_")).toEqual([
    { name: "weir_gpu_utilisation", labels: { gpu: "0", name: 'A "B" {x}' }, value: 0.5 },
    { name: "weir_host_cpus", labels: {}, value: 8 },
  ]);
});
