import { useMetricsPage } from "../../api/metrics-query.ts";
import { useModels } from "../../api/queries.ts";
import { formatBytes, formatCount, formatMs, formatRate, formatShare } from "../../format.ts";
import { Facts } from "../../parts/page.tsx";
import { StateBadge } from "../../parts/badge.tsx";
import type { Model } from "../targets/target.ts";
import { readSamples, type Sample } from "./read-metrics.ts";

/** What generates at this moment: queues and caches of engines, the machine and its graphics cards. */
export function EnginePanel() {
  const { data: page } = useMetricsPage();
  const { data } = useModels();
  const samples = page === undefined ? [] : readSamples(page, "weir_");
  const targets = data?.models.flatMap((model) =>
    model.targets.map((target) => ({ model, target })),
  );
  return (
    <>
      {targets && targets.length > 0 && (
        <section className="panel" aria-labelledby="engines">
          <div className="panel-head">
            <h2 id="engines">Targets now</h2>
          </div>
          <div className="table-box" tabIndex={0} role="region" aria-labelledby="engines">
            <TargetTable targets={targets} samples={samples} />
          </div>
        </section>
      )}
      <Machine samples={samples} />
    </>
  );
}

type Target = Model["targets"][number];

const HEAD = [
  "Running",
  "Waiting",
  "KV cache",
  "Prefix hits",
  "First token",
  "Tokens/s",
  "Failures",
];

function TargetTable(props: {
  targets: readonly { model: Model; target: Target }[];
  samples: readonly Sample[];
}) {
  const { targets, samples } = props;
  return (
    <table className="table">
      <thead>
        <tr>
          <th scope="col">Target</th>
          <th scope="col">State</th>
          {HEAD.map((name) => (
            <th key={name} scope="col" className="number">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {targets.map(({ model, target }) => (
          <tr key={`${model.name} ${target.id}`}>
            <th scope="row">
              {target.id} <span className="quiet small">of {model.name}</span>
            </th>
            <td>
              <StateBadge state={target.state} />
            </td>
            {cellsOf(model, target, samples).map((cell, index) => (
              <td key={HEAD[index]} className="number">
                {cell}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function cellsOf(model: Model, target: Target, samples: readonly Sample[]): string[] {
  const { engine, routing } = target;
  const said = (name: string) =>
    samples.find(
      (one) =>
        one.name === name &&
        one.labels["model"] === model.name &&
        one.labels["target"] === target.id,
    )?.value;
  const prompt = engine ? engine.promptTokens + engine.cachedTokens : 0;
  const hits = said("weir_target_prefix_cache_hit_rate");
  return [
    formatCount(engine?.running ?? routing.inFlight),
    formatCount(engine?.waiting ?? said("weir_target_waiting") ?? model.routing.waiting),
    formatPart(said("weir_target_kv_cache_usage") ?? engine?.kvCacheUsage),
    hits === undefined ? formatShare(engine?.cachedTokens ?? 0, prompt) : formatPart(hits),
    formatMs(routing.firstContentMs),
    formatRate(routing.tokensPerSecond),
    `${formatCount(routing.failures)} of ${formatCount(routing.attempts)}`,
  ];
}

function formatPart(share: number | undefined): string {
  return share === undefined ? "–" : formatShare(share, 1);
}

function Machine({ samples }: { samples: readonly Sample[] }) {
  const facts = [...machineFacts(samples), ...cardFacts(samples)];
  if (facts.length === 0) return null;
  return (
    <section className="panel" aria-labelledby="machine">
      <div className="panel-head">
        <h2 id="machine">Machine and server</h2>
      </div>
      <Facts facts={facts} />
    </section>
  );
}

function machineFacts(samples: readonly Sample[]): (readonly [string, string])[] {
  const find = (name: string, labels: Sample["labels"] = {}) =>
    samples.find(
      (one) =>
        one.name === name &&
        Object.entries(labels).every(([key, value]) => one.labels[key] === value),
    )?.value;
  const total = find("weir_host_memory_bytes", { state: "total" });
  const free = find("weir_host_memory_bytes", { state: "available" });
  const facts: [string, string][] = [];
  const add = (name: string, value: number | undefined, format: (value: number) => string) => {
    if (value !== undefined) facts.push([name, format(value)]);
  };
  if (total !== undefined && free !== undefined)
    facts.push(["Memory in use", `${formatBytes(total - free)} of ${formatBytes(total)}`]);
  add("Load, 1 min", find("weir_host_load", { minutes: "1" }), formatRate);
  add("Cores", find("weir_host_cpus"), formatCount);
  add("Server's objects", find("weir_heap_used_bytes"), formatBytes);
  add("Traces on disk", find("weir_traces_used_bytes"), formatBytes);
  add("Trace backlog", find("weir_traces_backlog_bytes"), formatBytes);
  add("Runs dropped", find("weir_traces_dropped_total"), formatCount);
  return facts;
}

/** A fact for each graphics card. */
function cardFacts(samples: readonly Sample[]): (readonly [string, string])[] {
  const cards = samples.filter(({ name }) => name === "weir_gpu_utilisation");
  return cards.map(({ labels, value }) => {
    const find = (name: string) =>
      samples.find((one) => one.name === name && one.labels["gpu"] === labels["gpu"])?.value;
    const [used, all] = [find("weir_gpu_memory_used_bytes"), find("weir_gpu_memory_total_bytes")];
    const memory = used === undefined ? "" : `, ${formatBytes(used)} of ${formatBytes(all)}`;
    const watts = find("weir_gpu_power_watts");
    const power = watts === undefined ? "" : `, ${formatCount(watts)} W`;
    return [
      `GPU ${labels["gpu"]} ${labels["name"] ?? ""}`,
      `${formatPart(value)}${memory}${power}`,
    ];
  });
}
