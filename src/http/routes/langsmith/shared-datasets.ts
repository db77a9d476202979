import { randomUUID } from "node:crypto";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { WeirError } from "../../../core/errors.ts";
import { toWireDataset } from "../../../watch/langsmith/dataset.ts";
import type { Datasets } from "../../../watch/langsmith/datasets.ts";
import { toWireExample } from "../../../watch/langsmith/example.ts";
import type { Examples } from "../../../watch/langsmith/examples.ts";
import type { Shelf } from "../../../watch/langsmith/shelf.ts";
import type { Authorise } from "../../authorise.ts";
import { askedPage, pathId } from "./data-scope.ts";
import { askedExamples } from "./examples.ts";
import { tenantOf } from "./scope.ts";

export interface SharedDatasetNeeds {
  readonly authorise: Authorise;
  readonly shelf: Shelf;
  readonly datasets: Datasets;
  readonly examples: Examples;
  readonly now: () => number;
}

const MANY = 10_000;
const SHARE = "share";
const DATASET = "dataset";

/** Making a dataset readable for everybody who has a link, and taking that back. */
export function datasetShareRoutes(app: FastifyInstance, needs: SharedDatasetNeeds): void {
  const { authorise, shelf, datasets } = needs;
  const url = "/api/v1/datasets/:dataset/share";
  const linkOf = async (request: FastifyRequest) => {
    const { tenantId } = tenantOf(authorise, request);
    const { id } = await datasets.find(tenantId, pathId(request, "dataset"));
    const [link] = await shelf.list({
      kind: SHARE,
      tenantId,
      parentId: id,
      name: DATASET,
      limit: 1,
    });
    return { tenantId, id, token: link?.id };
  };
  app.get(url, async (request) => {
    const { id, token } = await linkOf(request);
    if (token !== undefined) return { dataset_id: id, share_token: token };
    throw new WeirError("not_found", "This dataset is not shared.", { param: "dataset" });
  });
  app.put(url, async (request) => {
    const { tenantId, id, token } = await linkOf(request);
    if (token !== undefined) return { dataset_id: id, share_token: token };
    const made = randomUUID();
    const value = { dataset_id: id };
    const put = {
      op: "put",
      kind: SHARE,
      tenantId,
      id: made,
      parentId: id,
      name: DATASET,
    } as const;
    await shelf.write([{ ...put, value, at: needs.now() }]);
    return { dataset_id: id, share_token: made };
  });
  app.delete(url, async (request, reply) => {
    const { tenantId, token } = await linkOf(request);
    if (token !== undefined) {
      await shelf.write([{ op: "remove", kind: SHARE, tenantId, id: token }]);
    }
    return reply.code(204).send();
  });
}

/** What a link shows, without a key. */
export function publicDatasetRoutes(app: FastifyInstance, needs: SharedDatasetNeeds): void {
  const { shelf, datasets, examples } = needs;
  const shared = async (request: FastifyRequest) => {
    const link = await shelf.get(SHARE, pathId(request, "token"));
    if (link?.name === DATASET && link.parentId !== null) {
      return datasets.find(link.tenantId, link.parentId);
    }
    throw new WeirError("not_found", "This link shows no dataset, or not any more.", {
      param: "token",
    });
  };
  app.get("/api/v1/public/:token/datasets", async (request) => {
    const dataset = await shared(request);
    const [counts] = await datasets.counts(dataset.tenantId, [dataset]);
    return counts && toWireDataset(dataset, counts);
  });
  app.get("/api/v1/public/:token/examples", async (request) => {
    const dataset = await shared(request);
    // SDKs that clone a dataset ask once, and name no limit.
    const query = { ...askedExamples(request), ...askedPage(request, MANY) };
    return (await examples.list(dataset, query)).map((one) => toWireExample(one, dataset));
  });
  app.get("/api/v1/public/:token/examples/count", async (request) =>
    examples.count(await shared(request), askedExamples(request)),
  );
}
