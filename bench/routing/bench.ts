import {
  currentCommit,
  describeMachine,
  type Report,
  type Row,
  toMarkdown,
  writeReport,
} from "../report.ts";
import { fewestReplicas, type Figures, figuresOf, REPLICAS, type Way } from "./cells.ts";
import { readWorkloads, type Workload } from "./workloads.ts";

/**
 * What the paced queue and prefix affinity are worth: public request traces through the real router
 * to simulated replicas. The figures hold for the model of a replica in replica.ts and for no engine.
 */

const LOADS = { low: 0, full: 1, high: 2 } as const;
const UNPACED = { promptTokens: "off" } as const;
const LEAST_BUSY: Way = { strategy: "least-busy", queue: {} };
const AT_ONCE: Way = { strategy: "least-busy", queue: UNPACED };
const BY_PREFIX: Way = { strategy: "prefix", queue: {} };
const BY_PREFIX_AT_ONCE: Way = { strategy: "prefix", queue: UNPACED };

const PAIRS = [
  ["least-busy", LEAST_BUSY, AT_ONCE],
  ["prefix", BY_PREFIX, BY_PREFIX_AT_ONCE],
] as const;

/** No prompt is large: small and large ones share one budget at each replica. */
const ONE_LANE = 1_000_000;
const ONE_BUDGET: Way = { strategy: "least-busy", queue: { large: ONE_LANE } };
const BY_PREFIX_ONE_BUDGET: Way = { strategy: "prefix", queue: { large: ONE_LANE } };

const WAYS: Readonly<Record<string, Way>> = {
  "weighted, at once": { strategy: "weighted", queue: UNPACED },
  "weighted, paced": { strategy: "weighted", queue: {} },
  "least-busy, at once": AT_ONCE,
  "least-busy, paced": LEAST_BUSY,
  "least-busy, paced in one lane": ONE_BUDGET,
  "prefix, at once": BY_PREFIX_AT_ONCE,
  "prefix, paced": BY_PREFIX,
  "prefix, paced in one lane": BY_PREFIX_ONE_BUDGET,
};

const ALTERNATIVES: Readonly<Record<string, Way>> = {
  "least-busy, as it comes (512; large 4096)": LEAST_BUSY,
  "least-busy, 256": { strategy: "least-busy", queue: { promptTokens: 256 } },
  "least-busy, 1024": { strategy: "least-busy", queue: { promptTokens: 1024 } },
  "least-busy, 2048": { strategy: "least-busy", queue: { promptTokens: 2048 } },
  "least-busy, large 2048": { strategy: "least-busy", queue: { large: 2048 } },
  "least-busy, large 8192": { strategy: "least-busy", queue: { large: 8192 } },
  "least-busy, one lane": ONE_BUDGET,
  "least-busy, one lane, 1024": {
    strategy: "least-busy",
    queue: { promptTokens: 1024, large: ONE_LANE },
  },
  "prefix, as it comes (balance 1.25)": BY_PREFIX,
  "prefix, balance 1": { strategy: "prefix", balance: 1, queue: {} },
  "prefix, balance 1.5": { strategy: "prefix", balance: 1.5, queue: {} },
  "prefix, balance 2": { strategy: "prefix", balance: 2, queue: {} },
  "prefix, one lane": BY_PREFIX_ONE_BUDGET,
};

const NOTES = [
  "Simulated: the router is the real one, the replicas are a model of continuous batching (bench/routing/replica.ts) that was calibrated on no engine.",
  "Times and sizes are those of public traces (Azure 2023, Mooncake), thinned by conversation or sped up to the load; the last workload is made up. Azure's prompts have nothing in common.",
  `In time: first token within 2 s or three times the ideal reading time of its prompt, then a token every 100 ms on average. Load full: about what ${REPLICAS} replicas carry at 95 % in time, at once.`,
  "At once: queue.promptTokens off. The router is told the true length of each prompt; 512 tokens of a trace are 256 characters of text.",
  "",
];

export async function run(): Promise<Report> {
  const workloads = readWorkloads();
  const rows: Row[] = [];
  const notes = [...NOTES];
  for (const workload of workloads) {
    notes.push(`## ${workload.name}`, "", ...tableOf(workload), "");
    rows.push(...rowsOf(workload));
  }
  notes.push("## Other settings at full load", "", ...alternativesOf(workloads), "", "## Ratios");
  const report: Report = {
    name: "routing",
    commit: currentCommit(),
    machine: describeMachine(),
    notes,
    rows,
  };
  writeReport(report);
  return Promise.resolve(report);
}

function rowsOf(workload: Workload): Row[] {
  const { name } = workload;
  const rows: Row[] = [];
  for (const [loadName, load] of Object.entries(LOADS)) {
    for (const [way, ours, peer] of PAIRS) {
      const what = `${name}, load ${loadName}, ${way}, paced against at once`;
      const [paced, atOnce] = [
        figuresOf(workload, ours, { load }),
        figuresOf(workload, peer, { load }),
      ];
      rows.push(compared(`${what}: in time`, "%", paced.inTime, atOnce.inTime));
      rows.push(compared(`${what}: first token, p99`, "ms", paced.p99Ms, atOnce.p99Ms));
    }
  }
  const [byPrefix, byLoad] = [
    figuresOf(workload, BY_PREFIX, { load: 1 }),
    figuresOf(workload, LEAST_BUSY, { load: 1 }),
  ];
  const what = `${name}, load full, prefix against least-busy, both paced`;
  rows.push(compared(`${what}: in time`, "%", byPrefix.inTime, byLoad.inTime));
  rows.push(compared(`${what}: first token, p50`, "ms", byPrefix.medianMs, byLoad.medianMs));
  rows.push(compared(`${what}: prompt tokens saved`, "%", byPrefix.saved, byLoad.saved));
  rows.push({
    ...compared(`${what}: busiest replica by its fair share`, "×", byPrefix.worst, byLoad.worst),
    target: "≤ 1.25",
    met: byPrefix.worst <= 1.25,
  });
  return [...rows, ...sizeRowsOf(workload)];
}

function sizeRowsOf(workload: Workload): Row[] {
  const atOnce = fewestReplicas(workload, AT_ONCE);
  const size = (what: string, way: Way, peer: number) =>
    compared(
      `${workload.name}, fewest for 95 % in time at twice the full load: ${what}`,
      "replicas",
      fewestReplicas(workload, way),
      peer,
    );
  return [
    size("least-busy, paced against at once", LEAST_BUSY, atOnce),
    size("least-busy, one lane against at once", ONE_BUDGET, atOnce),
    size("prefix, paced against at once", BY_PREFIX, fewestReplicas(workload, BY_PREFIX_AT_ONCE)),
  ];
}

function compared(what: string, unit: string, value: number, peer: number): Row {
  return { what, value, unit, peer, ...(peer > 0 && { ratio: value / peer }) };
}

function tableOf(workload: Workload): string[] {
  const cells = [
    ...Object.entries(LOADS).map(([name, load]) => ({ name, load, replicas: REPLICAS })),
    { name: "full", load: 1 as const, replicas: 4 },
    { name: "full", load: 1 as const, replicas: 8 },
  ];
  const lines = cells.flatMap(({ name, load, replicas }) =>
    Object.entries(WAYS).map(([way, settings]) => {
      const figures = figuresOf(workload, settings, { load, replicas });
      return `| ${name} | ${replicas} | ${way} | ${columnsOf(figures)} |`;
    }),
  );
  return [
    "| load | replicas | way | in time, % | first token p50, s | p99, s | prompt tokens saved, % | busiest replica by fair share |",
    "| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: |",
    ...lines,
  ];
}

function columnsOf({ inTime, medianMs, p99Ms, saved, worst }: Figures): string {
  const seconds = (ms: number) => (ms / 1000).toFixed(2);
  return [
    inTime.toFixed(1),
    seconds(medianMs),
    seconds(p99Ms),
    saved.toFixed(1),
    worst.toFixed(2),
  ].join(" | ");
}

/** In time in percent, and the 99th percentile of first tokens. */
function alternativesOf(workloads: readonly Workload[]): string[] {
  const lines = Object.entries(ALTERNATIVES).map(([name, way]) => {
    const cells = workloads.map((workload) => {
      const { inTime, p99Ms } = figuresOf(workload, way, { load: 1 });
      return `${inTime.toFixed(1)} %, ${(p99Ms / 1000).toFixed(2)} s`;
    });
    return `| ${name} | ${cells.join(" | ")} |`;
  });
  return [
    `In time, and the first token's 99th percentile; ${REPLICAS} replicas.`,
    "",
    `| settings | ${workloads.map(({ name }) => name).join(" | ")} |`,
    `| --- |${" --- |".repeat(workloads.length)}`,
    ...lines,
  ];
}

if (import.meta.main) process.stdout.write(toMarkdown(await run()));
