import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { parseBody } from "../../../core/dialects/parse-body.ts";
import { WeirError } from "../../../core/errors.ts";
import { type Dataset, Id, isoTime } from "../../../watch/langsmith/dataset.ts";
import type { Datasets } from "../../../watch/langsmith/datasets.ts";
import {
  ExampleChange,
  type ExampleView,
  NewExample,
  toWireExample,
} from "../../../watch/langsmith/example.ts";
import { parseExampleFilter } from "../../../watch/langsmith/example-filter.ts";
import { changesOfForm, newExamplesOfForm } from "../../../watch/langsmith/example-form.ts";
import type { ExampleQuery } from "../../../watch/langsmith/example-query.ts";
import type { Examples, Written } from "../../../watch/langsmith/examples.ts";
import type { Authorise } from "../../authorise.ts";
import {
  askedFields,
  askedIds,
  askedPage,
  askedSome,
  pathId,
  sentAs,
  sentWire,
} from "./data-scope.ts";
import { asked, askedFlag, sentBytes, tenantOf } from "./scope.ts";

export interface ExampleRoutesNeeds {
  readonly authorise: Authorise;
  readonly datasets: Datasets;
  readonly examples: Examples;
}

const MANY_EXAMPLES = 100_000;
const NewExamples = z.array(NewExample).max(MANY_EXAMPLES);
/** As the SDKs before 0.3 send many: one list for each field. */
const Columns = z.object({
  dataset_id: Id,
  inputs: z.array(NewExample.shape.inputs),
  outputs: z.array(NewExample.shape.outputs).nullish(),
  metadata: z.array(NewExample.shape.metadata).nullish(),
  splits: z.array(NewExample.shape.split).nullish(),
  source_run_ids: z.array(NewExample.shape.source_run_id).nullish(),
  ids: z.array(NewExample.shape.id).nullish(),
});
const Identified = ExampleChange.extend({ id: Id });

/** Examples: made, read, changed and removed, one by one or many at once. */
export function exampleRoutes(app: FastifyInstance, needs: ExampleRoutesNeeds): void {
  const { authorise, examples } = needs;
  const tenant = (request: FastifyRequest) => tenantOf(authorise, request).tenantId;

  const read = reading(needs);

  app.get("/api/v1/examples", async (request) => {
    const dataset = await askedDataset(needs, request);
    const found = await examples.list(dataset, {
      ...askedExamples(request),
      ...askedPage(request),
    });
    const view = {
      select: askedSome(request, "select") ?? [],
      isExact: askedFlag(request, "exclude_default_fields") ?? false,
    };
    return found.map((example) => toWireExample(example, dataset, view));
  });
  app.get("/api/v1/examples/count", async (request) => {
    return examples.count(await askedDataset(needs, request), askedExamples(request));
  });
  app.get("/api/v1/examples/:example", async (request) =>
    read(tenant(request), pathId(request, "example")),
  );
  app.post("/api/v1/examples", async (request) => {
    const sent = sentAs(request, NewExample);
    const { ids } = await examples.create(tenant(request), datasetIdOf(sent), [sent]);
    return read(tenant(request), ids[0] ?? "");
  });
  app.patch("/api/v1/examples/:example", async (request) => {
    const id = pathId(request, "example");
    const tenantId = tenant(request);
    const { datasetId } = await examples.find(tenantId, id);
    await examples.update(tenantId, datasetId, [{ ...sentAs(request, ExampleChange), id }]);
    return { message: `Example ${id} was updated.`, ...(await read(tenantId, id)) };
  });
  app.delete("/api/v1/examples/:example", async (request) => {
    const { id } = await examples.find(tenant(request), pathId(request, "example"));
    await examples.remove(tenant(request), [id]);
    return { message: "The example was deleted." };
  });
  app.delete("/api/v1/examples", async (request) => {
    await examples.remove(tenant(request), askedIds(request, "example_ids") ?? []);
    return { message: "The example was deleted." };
  });
  bulkRoutes(app, needs);
  platformRoutes(app, needs);
}

function reading({ datasets, examples }: ExampleRoutesNeeds) {
  return async (tenantId: string, id: string, view?: ExampleView) => {
    const example = await examples.find(tenantId, id);
    return toWireExample(example, await datasets.find(tenantId, example.datasetId), view);
  };
}

/** Many at once, as SDKs before 0.3 send them. */
function bulkRoutes(app: FastifyInstance, needs: ExampleRoutesNeeds): void {
  const { authorise, examples } = needs;
  const tenant = (request: FastifyRequest) => tenantOf(authorise, request).tenantId;
  const read = reading(needs);
  app.post("/api/v1/examples/bulk", async (request) => {
    const tenantId = tenant(request);
    const sent = bulkOf(sentWire(request));
    const ids: string[] = [];
    for (const [datasetId, own] of byDataset(sent)) {
      ids.push(...(await examples.create(tenantId, datasetId, own)).ids);
    }
    return Promise.all(ids.map((id) => read(tenantId, id)));
  });
  app.patch("/api/v1/examples/bulk", async (request) => {
    const changes = sentAs(request, z.array(Identified).max(MANY_EXAMPLES));
    const tenantId = tenant(request);
    const found = await Promise.all(changes.map(({ id }) => examples.find(tenantId, id)));
    const placed = changes.map((one, at) => ({ ...one, dataset_id: found[at]?.datasetId }));
    for (const [datasetId, own] of byDataset(placed)) {
      await examples.update(tenantId, datasetId, own);
    }
    return { message: `${changes.length} examples were updated.` };
  });
}

const HardDelete = z.object({ example_ids: z.array(Id), hard_delete: z.boolean().nullish() });

/** The newer addresses: forms with attachments, and changes of many. */
function platformRoutes(app: FastifyInstance, { authorise, examples }: ExampleRoutesNeeds): void {
  const url = "/api/v1/platform/datasets/:dataset/examples";
  const isForm = ({ headers }: FastifyRequest) =>
    /^multipart\//i.test(headers["content-type"] ?? "");
  const type = ({ headers }: FastifyRequest) => headers["content-type"] ?? "";
  const tenant = (request: FastifyRequest) => tenantOf(authorise, request).tenantId;

  app.post(url, async (request, reply) => {
    const sent = isForm(request)
      ? newExamplesOfForm(sentBytes(request), type(request))
      : sentAs(request, NewExamples);
    const written = await examples.create(tenant(request), pathId(request, "dataset"), sent);
    return reply.code(201).send(toAnswer(written));
  });
  app.patch(url, async (request) => {
    const sent = isForm(request)
      ? changesOfForm(sentBytes(request), type(request))
      : sentAs(request, z.array(Identified).max(MANY_EXAMPLES));
    const dataset = pathId(request, "dataset");
    return toAnswer(await examples.update(tenant(request), dataset, sent));
  });
  app.delete(`${url}/:example`, async (request) => {
    const { id } = await examples.find(tenant(request), pathId(request, "example"));
    await examples.remove(tenant(request), [id]);
    return { message: "The example was deleted." };
  });
  app.post("/api/v1/platform/datasets/examples/delete", async (request) => {
    const { example_ids: ids, hard_delete: isHard } = sentAs(request, HardDelete);
    const count = await examples.remove(tenant(request), ids, isHard ?? false);
    return { count, example_ids: ids };
  });
}

const toAnswer = ({ ids, at }: Written) => ({
  count: ids.length,
  example_ids: ids,
  as_of: isoTime(at),
});

/** The dataset of the query, or that of the first example of it. */
async function askedDataset(needs: ExampleRoutesNeeds, request: FastifyRequest): Promise<Dataset> {
  const { tenantId } = tenantOf(needs.authorise, request);
  const id = askedIds(request, "dataset")?.[0];
  if (id !== undefined) return needs.datasets.find(tenantId, id);
  const first = askedIds(request, "id")?.[0];
  if (first !== undefined) {
    const { datasetId } = await needs.examples.find(tenantId, first);
    return needs.datasets.find(tenantId, datasetId);
  }
  throw new WeirError("invalid_request", "dataset: say whose examples are wanted, by its id.", {
    param: "dataset",
    status: 422,
  });
}

const Order = z.enum(["recent", "random", "id"]).optional();

export function askedExamples(request: FastifyRequest): Omit<ExampleQuery, "limit" | "offset"> {
  const filter = asked(request, "filter");
  return {
    ids: askedIds(request, "id"),
    asOf: asked(request, "as_of"),
    splits: askedSome(request, "splits"),
    metadata: askedFields(request, "metadata"),
    fullText: askedSome(request, "full_text_contains"),
    order: parseBody(z.object({ order: Order }), { order: asked(request, "order") }).order,
    ...(filter && { filter: parseExampleFilter(filter) }),
  };
}

type Placed = { readonly dataset_id?: string | null | undefined };

function datasetIdOf({ dataset_id: id }: Placed): string {
  if (id) return id;
  throw new WeirError("invalid_request", "dataset_id: say which dataset the example is for.", {
    param: "dataset_id",
    status: 422,
  });
}

function byDataset<T extends Placed>(examples: readonly T[]): Map<string, T[]> {
  return Map.groupBy(examples, datasetIdOf);
}

function bulkOf(sent: unknown): z.infer<typeof NewExample>[] {
  if (Array.isArray(sent)) return parseBody(NewExamples, sent);
  const { dataset_id, inputs, ...columns } = parseBody(Columns, sent);
  return inputs.map((own, at) => ({
    dataset_id,
    inputs: own,
    outputs: columns.outputs?.[at],
    metadata: columns.metadata?.[at],
    split: columns.splits?.[at],
    source_run_id: columns.source_run_ids?.[at],
    id: columns.ids?.[at],
  }));
}
