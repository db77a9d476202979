/** `npm run bench -- NAME`: one command a table; what was measured is kept in bench/results. */
import { toMarkdown, type Report } from "./report.ts";

const BENCHES: Readonly<
  Record<string, { summary: string; load: () => Promise<{ run: () => Promise<Report> }> }>
> = {
  autoscale: {
    summary: "scaling by work against its rivals on public traces, simulated (TRACES=folder)",
    load: () => import("./autoscale/bench.ts"),
  },
  engine: {
    summary: "the embedded engine against llama-server (LLAMA_SERVER=/path)",
    load: () => import("./engine/bench.ts"),
  },
  gateway: {
    summary:
      "the gateway against nginx and Portkey (Debian's nginx and wrk; npm ci in bench/peers)",
    load: () => import("./gateway/bench.ts"),
  },
  guard: {
    summary:
      "what watching a stream costs, holds back and lets through (WEIR_GUARD_DATA=folder, GITLEAKS_CONFIG=file)",
    load: () => import("./guard/stream.ts"),
  },
  "guard-quality": {
    summary: "what the guard finds in sources it has not learned from (WEIR_GUARD_DATA=folder)",
    load: () => import("./guard/quality.ts"),
  },
  quantize: {
    summary: "quantizing, perplexity and shards against llama.cpp's own tools (LLAMA_BIN=folder)",
    load: () => import("./quantize/bench.ts"),
  },
  rollout: {
    summary: "how often good candidates are rolled back, how soon bad ones (WEIR_BENCH_RUNS)",
    load: () => import("./rollout/bench.ts"),
  },
  routing: {
    summary: "the paced queue and prefix affinity on public traces, simulated (TRACES=folder)",
    load: () => import("./routing/bench.ts"),
  },
  soak: {
    summary: "ten minutes of load: whether memory grows",
    load: () => import("./soak/bench.ts"),
  },
  "semantic-cache": {
    summary: "what a semantic cache gets wrong by threshold (EMBEDDINGS_URL, EMBEDDINGS_MODEL)",
    load: () => import("./semantic-cache/bench.ts"),
  },
  "watch-ingest": {
    summary: "trace ingest into SQLite, by itself and beside calls",
    load: async () => ({ run: (await import("./watch/bench.ts")).runIngest }),
  },
  "watch-hour": {
    summary: "memory while traces come in for an hour (WEIR_BENCH_SECONDS)",
    load: async () => ({ run: (await import("./watch/bench.ts")).runHour }),
  },
  "watch-queries": {
    summary: "questions about ten million runs (WEIR_BENCH_KEPT), written first",
    load: async () => ({ run: (await import("./watch/bench.ts")).runQueries }),
  },
  "watch-stores": {
    summary: "SQLite, PostgreSQL and ClickHouse as trace databases (Debian's packages)",
    load: async () => ({ run: (await import("./watch/bench.ts")).runStores }),
  },
  start: {
    summary: "time to a ready server and model, memory at rest",
    load: () => import("./start/bench.ts"),
  },
};

const [name = ""] = process.argv.slice(2);
const bench = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined;
if (!bench) {
  const rows = Object.entries(BENCHES).map(
    ([known, { summary }]) => `  ${known.padEnd(14)} ${summary}`,
  );
  console.log(["Usage: npm run bench -- NAME", "", ...rows].join("\n"));
  process.exit(name === "" || name === "--help" ? 0 : 2);
}
const { run } = await bench.load();
console.log(toMarkdown(await run()));
