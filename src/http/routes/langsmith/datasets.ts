import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { WeirError } from "../../../core/errors.ts";
import type { Authorise } from "../../authorise.ts";
import {
  type Dataset,
  DatasetChange,
  Id,
  NewDataset,
  isoTime,
  toWireDataset,
} from "../../../watch/langsmith/dataset.ts";
import { examplesOfFile, toCsv, toJsonLines } from "../../../watch/langsmith/dataset-file.ts";
import type { DatasetVersions } from "../../../watch/langsmith/dataset-versions.ts";
import type { Datasets } from "../../../watch/langsmith/datasets.ts";
import type { Examples } from "../../../watch/langsmith/examples.ts";
import { toFineTuning } from "../../../watch/langsmith/fine-tuning.ts";
import { readForm, textsOf } from "../../../watch/langsmith/sent-form.ts";
import { parseBody } from "../../../core/dialects/parse-body.ts";
import {
  MOST,
  askedFields,
  askedIds,
  askedPage,
  askedSome,
  offsetOf,
  pathId,
  sentAs,
} from "./data-scope.ts";
import { asked, askedCount, askedFlag, sentBytes, tenantOf } from "./scope.ts";

export interface DatasetRoutesNeeds {
  readonly authorise: Authorise;
  readonly datasets: Datasets;
  readonly versions: DatasetVersions;
  readonly examples: Examples;
}

/** Datasets: made, listed, changed, uploaded, cloned, downloaded. */
export function datasetRoutes(app: FastifyInstance, needs: DatasetRoutesNeeds): void {
  const { authorise, datasets } = needs;
  const tenant = (request: FastifyRequest) => tenantOf(authorise, request).tenantId;
  const answer = async (dataset: Dataset) => (await answers(needs, [dataset]))[0];

  app.post("/api/v1/datasets", async (request) =>
    answer(await datasets.create(tenant(request), sentAs(request, NewDataset))),
  );
  app.get("/api/v1/datasets", async (request) => {
    const found = await datasets.list(askedDatasets(request, tenant(request)));
    return answers(needs, found);
  });
  app.get("/api/v2/datasets", async (request) => {
    const limit = Math.max(1, askedCount(request, "page_size", { otherwise: 20, most: MOST }));
    const offset = offsetOf(asked(request, "cursor"));
    const wish = { ...askedDatasets(request, tenant(request)), limit: limit + 1, offset };
    const found = await datasets.list(wish);
    const items = await answers(needs, found.slice(0, limit));
    return { items, next_cursor: found.length > limit ? String(offset + limit) : null };
  });
  app.get("/api/v1/datasets/:dataset", async (request) =>
    answer(await datasets.find(tenant(request), pathId(request, "dataset"))),
  );
  app.patch("/api/v1/datasets/:dataset", async (request) => {
    const change = sentAs(request, DatasetChange);
    return answer(await datasets.update(tenant(request), pathId(request, "dataset"), change));
  });
  // Older SDKs parse the answer to a deletion.
  app.delete("/api/v1/datasets/:dataset", async (request) => {
    await datasets.remove(tenant(request), pathId(request, "dataset"));
    return { message: "The dataset was deleted." };
  });
  app.post("/api/v1/datasets/upload", async (request) => {
    const { fields, rows } = uploadOf(request);
    const dataset = await datasets.create(tenant(request), parseBody(NewDataset, fields));
    await needs.examples.create(dataset.tenantId, dataset.id, rows);
    return answer(await datasets.find(dataset.tenantId, dataset.id));
  });
  app.post("/api/v1/examples/upload/:dataset", async (request) => {
    const { tenantId, id } = await datasets.find(tenant(request), pathId(request, "dataset"));
    const { ids } = await needs.examples.create(tenantId, id, uploadOf(request).rows);
    return { count: ids.length, example_ids: ids };
  });
  cloneRoute(app, needs);
  downloadRoutes(app, needs);
}

async function answers({ datasets }: DatasetRoutesNeeds, found: readonly Dataset[]) {
  const [first] = found;
  if (!first) return [];
  const counts = await datasets.counts(first.tenantId, found);
  return found.flatMap((dataset, index) => {
    const own = counts[index];
    return own ? [toWireDataset(dataset, own)] : [];
  });
}

function askedDatasets(request: FastifyRequest, tenantId: string) {
  return {
    tenantId,
    ids: askedIds(request, "id"),
    name: asked(request, "name"),
    nameContains: asked(request, "name_contains"),
    dataTypes: askedSome(request, "data_type"),
    metadata: askedFields(request, "metadata"),
    sortBy: asked(request, "sort_by"),
    isAscending:
      asked(request, "sort_order") === "asc" || askedFlag(request, "sort_by_desc") === false,
    ...askedPage(request),
  };
}

function uploadOf(request: FastifyRequest) {
  const parts = readForm(sentBytes(request), request.headers["content-type"] ?? "");
  const file = parts.find(({ name }) => name === "file");
  if (!file) {
    throw new WeirError("invalid_request", 'file: the form has no part "file".', { param: "file" });
  }
  const filename = file.filename ?? "file.csv";
  const inputs = textsOf(parts, "input_keys");
  const rows = examplesOfFile(file.bytes.toString("utf8"), filename, {
    inputs,
    outputs: textsOf(parts, "output_keys"),
    metadata: textsOf(parts, "metadata_keys"),
  });
  const text = (name: string) => textsOf(parts, name)[0];
  const json = (name: string) => jsonField(name, text(name));
  return {
    rows,
    fields: {
      name: text("name") ?? filename,
      description: text("description"),
      data_type: text("data_type"),
      inputs_schema_definition: json("inputs_schema_definition"),
      outputs_schema_definition: json("outputs_schema_definition"),
      transformations: json("transformations"),
    },
  };
}

function jsonField(name: string, text: string | undefined): unknown {
  if (text === undefined || text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new WeirError("invalid_request", `${name}: is not valid JSON.`, { param: name, cause });
  }
}

const Clone = z.object({
  source_dataset_id: Id,
  target_dataset_id: Id,
  examples: z.array(Id).nullish(),
  split: z.union([z.string(), z.array(z.string())]).nullish(),
  as_of: z.string().nullish(),
});

function cloneRoute(app: FastifyInstance, { authorise, datasets, examples }: DatasetRoutesNeeds) {
  app.post("/api/v1/datasets/clone", async (request) => {
    const { tenantId } = tenantOf(authorise, request);
    const wish = sentAs(request, Clone);
    const source = await datasets.find(tenantId, wish.source_dataset_id);
    const found = await examples.list(source, {
      ids: wish.examples ?? undefined,
      splits: typeof wish.split === "string" ? [wish.split] : (wish.split ?? undefined),
      asOf: wish.as_of ?? undefined,
      limit: Number.MAX_SAFE_INTEGER,
      offset: 0,
    });
    const { ids, at } = await examples.create(
      tenantId,
      wish.target_dataset_id,
      found.map(({ value }) => ({
        inputs: value.inputs,
        outputs: value.outputs,
        metadata: value.metadata,
        source_run_id: value.source_run_id,
      })),
    );
    return { count: ids.length, example_ids: ids, as_of: isoTime(at) };
  });
}

const DOWNLOADS = {
  csv: { write: toCsv, type: "text/csv; charset=utf-8" },
  jsonl: { write: toJsonLines, type: "application/x-ndjson" },
  openai_ft: { write: toFineTuning, type: "application/x-ndjson" },
} as const;

function downloadRoutes(
  app: FastifyInstance,
  { authorise, datasets, examples }: DatasetRoutesNeeds,
) {
  for (const [name, { write, type }] of Object.entries(DOWNLOADS)) {
    app.get(`/api/v1/datasets/:dataset/${name}`, async (request, reply) => {
      const { tenantId } = tenantOf(authorise, request);
      const dataset = await datasets.find(tenantId, pathId(request, "dataset"));
      const asOf = asked(request, "as_of");
      const all = await examples.list(dataset, { asOf, limit: Number.MAX_SAFE_INTEGER, offset: 0 });
      return reply.type(type).send(write(all));
    });
  }
}
