import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { Id } from "../../../watch/langsmith/dataset.ts";
import type { Datasets } from "../../../watch/langsmith/datasets.ts";
import { toWireExample } from "../../../watch/langsmith/example.ts";
import { type Experiments, NewComparative } from "../../../watch/langsmith/experiments.ts";
import type { RunReads } from "../../../watch/langsmith/run-reads.ts";
import { selectOf } from "../../../watch/langsmith/run-view-2.ts";
import type { Authorise } from "../../authorise.ts";
import { MOST, askedPage, offsetOf, pathId, sentAs } from "./data-scope.ts";
import { originOf } from "./origin.ts";
import { tenantOf } from "./scope.ts";

export interface ExperimentRoutesNeeds {
  readonly authorise: Authorise;
  readonly datasets: Datasets;
  readonly experiments: Experiments;
  readonly reads: Pick<RunReads, "classic" | "second">;
}

const Filters = z.record(z.string(), z.array(z.string())).nullish();
const Table = z.object({
  session_ids: z.array(Id).min(1).max(100),
  example_ids: z.array(Id).nullish(),
  filters: Filters,
  limit: z.int().min(1).max(MOST).nullish(),
  offset: z.int().min(0).nullish(),
});
const Table2 = z.object({
  experiment_ids: z.array(Id).min(1).max(100),
  example_ids: z.array(Id).nullish(),
  filters: Filters,
  selects: z.array(z.string()).nullish(),
  page_size: z.int().min(1).max(MOST).nullish(),
  cursor: z.string().nullish(),
});

/** What experiments made of a dataset's examples, and comparisons of experiments. */
export function experimentRoutes(app: FastifyInstance, needs: ExperimentRoutesNeeds): void {
  const { authorise, datasets, experiments, reads } = needs;
  const datasetOf = (request: FastifyRequest) =>
    datasets.find(tenantOf(authorise, request).tenantId, pathId(request, "dataset"));

  app.post("/api/v1/datasets/:dataset/runs", async (request) => {
    const wish = sentAs(request, Table);
    const dataset = await datasetOf(request);
    const rows = await experiments.table(dataset, {
      sessionIds: wish.session_ids,
      exampleIds: wish.example_ids ?? undefined,
      filters: wish.filters ?? undefined,
      limit: wish.limit ?? 20,
      offset: wish.offset ?? 0,
    });
    const reader = { tenantId: dataset.tenantId, origin: originOf(request) };
    return Promise.all(
      rows.map(async ({ example, runs }) => ({
        ...toWireExample(example, dataset),
        runs: await reads.classic(runs, reader, undefined),
      })),
    );
  });
  app.post("/api/v2/datasets/:dataset/experiment-runs", async (request) => {
    const wish = sentAs(request, Table2);
    const dataset = await datasetOf(request);
    const limit = wish.page_size ?? 20;
    const offset = offsetOf(wish.cursor ?? undefined);
    const rows = await experiments.table(dataset, {
      sessionIds: wish.experiment_ids,
      exampleIds: wish.example_ids ?? undefined,
      filters: wish.filters ?? undefined,
      limit: limit + 1,
      offset,
    });
    const reader = { tenantId: dataset.tenantId, origin: originOf(request) };
    const select = selectOf(wish.selects ?? []);
    const items = await Promise.all(
      rows.slice(0, limit).map(async ({ example, runs }) => ({
        ...toWireExample(example, dataset),
        runs: await reads.second(runs, reader, { select, isSummed: true }),
      })),
    );
    return { items, next_cursor: rows.length > limit ? String(offset + limit) : null };
  });
  comparisonRoutes(app, needs);
}

function comparisonRoutes(app: FastifyInstance, needs: ExperimentRoutesNeeds): void {
  const { authorise, datasets, experiments } = needs;
  const tenant = (request: FastifyRequest) => tenantOf(authorise, request).tenantId;
  app.post("/api/v1/datasets/comparative", async (request) =>
    experiments.compare(tenant(request), sentAs(request, NewComparative)),
  );
  app.get("/api/v1/datasets/:dataset/comparative", async (request) => {
    const dataset = await datasets.find(tenant(request), pathId(request, "dataset"));
    return experiments.comparisons(dataset, askedPage(request));
  });
  app.delete("/api/v1/datasets/comparative/:comparison", async (request) => {
    await experiments.removeComparison(tenant(request), pathId(request, "comparison"));
    return {};
  });
}
