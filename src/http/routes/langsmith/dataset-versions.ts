import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { WeirError } from "../../../core/errors.ts";
import { Id, isoTime } from "../../../watch/langsmith/dataset.ts";
import type { DatasetVersions } from "../../../watch/langsmith/dataset-versions.ts";
import type { Datasets } from "../../../watch/langsmith/datasets.ts";
import { splitsOf } from "../../../watch/langsmith/example.ts";
import type { Examples } from "../../../watch/langsmith/examples.ts";
import { changedMetadata, MetadataOperation } from "../../../watch/langsmith/metadata-operation.ts";
import { rankBySimilarity } from "../../../watch/langsmith/similar-examples.ts";
import type { Authorise } from "../../authorise.ts";
import { askedPage, pathId, sentAs } from "./data-scope.ts";
import { asked, tenantOf } from "./scope.ts";

export interface DatasetVersionRoutesNeeds {
  readonly authorise: Authorise;
  readonly datasets: Datasets;
  readonly versions: DatasetVersions;
  readonly examples: Examples;
}

const Tagging = z.object({ as_of: z.string(), tag: z.string().trim().min(1).max(200) });
const Splitting = z.object({
  split_name: z.string().min(1).max(500),
  examples: z.array(Id).max(10_000),
  remove: z.boolean().nullish(),
});
const Operations = z.object({
  example_ids: z.array(Id).max(10_000),
  operations: z.array(MetadataOperation).min(1).max(100),
});

/** A dataset's versions and their tags, its splits, and what else is asked of one dataset. */
export function datasetVersionRoutes(app: FastifyInstance, needs: DatasetVersionRoutesNeeds): void {
  const { authorise, datasets, versions, examples } = needs;
  const datasetOf = (request: FastifyRequest) =>
    datasets.find(tenantOf(authorise, request).tenantId, pathId(request, "dataset"));

  app.get("/api/v1/datasets/:dataset/versions", async (request) =>
    versions.list(await datasetOf(request), askedPage(request)),
  );
  app.get("/api/v1/datasets/:dataset/version", async (request) => {
    const [asOf, tag] = [asked(request, "as_of"), asked(request, "tag")];
    return versions.read(await datasetOf(request), {
      ...(asOf !== undefined && { asOf }),
      ...(tag !== undefined && { tag }),
    });
  });
  app.get("/api/v1/datasets/:dataset/versions/diff", async (request) => {
    const dataset = await datasetOf(request);
    return versions.diff(dataset, needed(request, "from_version"), needed(request, "to_version"));
  });
  app.put("/api/v1/datasets/:dataset/tags", async (request) => {
    const { as_of: asOf, tag } = sentAs(request, Tagging);
    return versions.tag(await datasetOf(request), asOf, tag);
  });
  app.get("/api/v1/datasets/:dataset/splits", async (request) =>
    examples.splits(await datasetOf(request), asked(request, "as_of")),
  );
  app.put("/api/v1/datasets/:dataset/splits", async (request) => {
    const { split_name: name, examples: ids, remove: isRemoval } = sentAs(request, Splitting);
    const dataset = await datasetOf(request);
    await examples.revise(dataset.tenantId, dataset.id, {
      ids,
      decide(value) {
        const others = splitsOf(value).filter((split) => split !== name);
        return { split: isRemoval ? others : [...others, name] };
      },
    });
    return examples.splits(dataset, undefined);
  });
  app.patch("/api/v1/platform/datasets/:dataset/examples/metadata", async (request) => {
    const { example_ids: ids, operations } = sentAs(request, Operations);
    const dataset = await datasetOf(request);
    const { missing } = await examples.revise(dataset.tenantId, dataset.id, {
      ids,
      decide: ({ metadata }) => ({ metadata: changedMetadata(metadata, operations) }),
    });
    return {
      statuses: ids.map((id) => ({ id, status: missing.includes(id) ? "NOT_FOUND" : "UPDATED" })),
    };
  });
  searchRoutes(app, needs);
}

const Search = z.object({
  inputs: z.record(z.string(), z.unknown()),
  limit: z.int().min(1).max(100).nullish(),
});

/**
 * Examples like given inputs, by the words that they share. There is nothing to build for that: the
 * index routes say that it is there.
 */
function searchRoutes(app: FastifyInstance, needs: DatasetVersionRoutesNeeds): void {
  const { authorise, datasets, examples } = needs;
  const datasetOf = (request: FastifyRequest) =>
    datasets.find(tenantOf(authorise, request).tenantId, pathId(request, "dataset"));
  const indexOf = async (request: FastifyRequest) => {
    const { id, value } = await datasetOf(request);
    const { as_of: at } = value;
    return { dataset_id: id, tag: "latest", last_updated_version: isoTime(at) };
  };
  app.get("/api/v1/datasets/:dataset/index", indexOf);
  app.post("/api/v1/datasets/:dataset/index", indexOf);
  app.post("/api/v1/datasets/:dataset/index/sync", indexOf);
  app.delete("/api/v1/datasets/:dataset/index", indexOf);
  app.post("/api/v1/datasets/:dataset/search", async (request) => {
    const { inputs, limit } = sentAs(request, Search);
    const dataset = await datasetOf(request);
    const all = await examples.list(dataset, { limit: Number.MAX_SAFE_INTEGER, offset: 0 });
    const ranked = rankBySimilarity(all, inputs).slice(0, limit ?? 5);
    return {
      examples: ranked.map(({ example: { id, value }, score }) => ({
        id,
        dataset_id: dataset.id,
        inputs: value.inputs,
        outputs: value.outputs,
        metadata: value.metadata,
        similarity_score: score,
      })),
    };
  });
}

function needed(request: FastifyRequest, name: string): string {
  const value = asked(request, name);
  if (value !== undefined && value !== "") return value;
  throw new WeirError("invalid_request", `${name}: name a version by its time or its tag.`, {
    param: name,
    status: 422,
  });
}
