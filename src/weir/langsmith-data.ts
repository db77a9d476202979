import { randomUUID } from "node:crypto";
import type { App } from "../http/app.ts";
import type { Authorise } from "../http/authorise.ts";
import { absentRoutes } from "../http/routes/langsmith/absent.ts";
import { datasetVersionRoutes } from "../http/routes/langsmith/dataset-versions.ts";
import { datasetRoutes } from "../http/routes/langsmith/datasets.ts";
import { exampleBytesRoutes } from "../http/routes/langsmith/example-bytes.ts";
import { exampleRoutes } from "../http/routes/langsmith/examples.ts";
import { experimentRoutes } from "../http/routes/langsmith/experiments.ts";
import { feedbackConfigRoutes } from "../http/routes/langsmith/feedback-configs.ts";
import { promptRoutes } from "../http/routes/langsmith/prompts.ts";
import { queueRoutes } from "../http/routes/langsmith/queues.ts";
import { settingsRoutes } from "../http/routes/langsmith/settings.ts";
import {
  datasetShareRoutes,
  publicDatasetRoutes,
} from "../http/routes/langsmith/shared-datasets.ts";
import { DatasetVersions } from "../watch/langsmith/dataset-versions.ts";
import { Datasets } from "../watch/langsmith/datasets.ts";
import { Examples } from "../watch/langsmith/examples.ts";
import { Experiments } from "../watch/langsmith/experiments.ts";
import { FeedbackConfigs } from "../watch/langsmith/feedback-configs.ts";
import { createLinks } from "../watch/langsmith/links.ts";
import { Prompts } from "../watch/langsmith/prompts.ts";
import { Queues } from "../watch/langsmith/queues.ts";
import { createRunReads } from "../watch/langsmith/run-reads.ts";
import { createShares } from "../watch/langsmith/shares.ts";
import type { House } from "./house.ts";

/** LangSmith's data side: datasets, experiments, prompts, annotation queues. Routes with and without a key. */
export function langSmithData(house: House, authorise: Authorise) {
  const needs = {
    authorise,
    shelf: house.shelf,
    traces: house.traces,
    now: Date.now,
    newId: randomUUID,
  };
  const datasets = new Datasets(needs);
  const versions = new DatasetVersions(needs);
  const examples = new Examples(needs, datasets, versions);
  const parts = {
    ...needs,
    datasets,
    versions,
    examples,
    experiments: new Experiments(needs, { datasets, examples }),
    prompts: new Prompts(needs),
    queues: new Queues(needs),
    configs: new FeedbackConfigs(needs),
    reads: createRunReads({
      ...needs,
      links: createLinks(needs.shelf),
      shares: createShares(needs),
      settled: () => house.recorder.flush(),
    }),
  };
  return {
    withKey(routes: App["fastify"]): void {
      settingsRoutes(routes, {
        authorise,
        tenant: (id) => house.access.known.tenants.find((tenant) => tenant.id === id),
      });
      datasetRoutes(routes, parts);
      datasetVersionRoutes(routes, parts);
      datasetShareRoutes(routes, parts);
      exampleRoutes(routes, parts);
      experimentRoutes(routes, parts);
      promptRoutes(routes, parts);
      queueRoutes(routes, parts);
      feedbackConfigRoutes(routes, parts);
    },
    withoutKey(routes: App["fastify"]): void {
      absentRoutes(routes);
      exampleBytesRoutes(routes, parts);
      publicDatasetRoutes(routes, parts);
    },
  };
}
