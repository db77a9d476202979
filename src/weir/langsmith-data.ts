import { randomUUID } from "node:crypto";
import type { App } from "../http/app.ts";
import type { Authorise } from "../http/authorise.ts";
import { datasetVersionRoutes } from "../http/routes/langsmith/dataset-versions.ts";
import { datasetRoutes } from "../http/routes/langsmith/datasets.ts";
import { exampleBytesRoutes } from "../http/routes/langsmith/example-bytes.ts";
import { exampleRoutes } from "../http/routes/langsmith/examples.ts";
import { promptRoutes } from "../http/routes/langsmith/prompts.ts";
import { settingsRoutes } from "../http/routes/langsmith/settings.ts";
import {
  datasetShareRoutes,
  publicDatasetRoutes,
} from "../http/routes/langsmith/shared-datasets.ts";
import { createDatasetVersions } from "../watch/langsmith/dataset-versions.ts";
import { createDatasets } from "../watch/langsmith/datasets.ts";
import { createExamples } from "../watch/langsmith/examples.ts";
import { createPrompts } from "../watch/langsmith/prompts.ts";
import type { Traces } from "../watch/trace/traces.ts";
import type { House } from "./house.ts";

/** LangSmith's data side: datasets, experiments, prompts, annotation queues. Routes with and without a key. */
export function langSmithData(house: House, authorise: Authorise) {
  const needs = {
    authorise,
    shelf: house.shelf,
    traces: house.traces as unknown as Traces,
    now: Date.now,
    newId: randomUUID,
  };
  const datasets = createDatasets(needs);
  const versions = createDatasetVersions(needs);
  const examples = createExamples(needs, datasets, versions);
  const parts = { ...needs, datasets, versions, examples, prompts: createPrompts(needs) };
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
      promptRoutes(routes, parts);
    },
    withoutKey(routes: App["fastify"]): void {
      exampleBytesRoutes(routes, parts);
      publicDatasetRoutes(routes, parts);
    },
  };
}
