import { z } from "zod";
import { WeirError } from "../../core/errors.ts";
import type { KeptRun } from "../../core/run.ts";
import type { RunFilter } from "../../core/run-query.ts";
import type { ShelfRecord } from "../../core/shelf.ts";
import type { DataNeeds } from "./data-needs.ts";
import { type Dataset, Fields, Id, Name, isoTime } from "./dataset.ts";
import type { Datasets } from "./datasets.ts";
import type { Example } from "./example.ts";
import type { Examples } from "./examples.ts";
import { feedbackStats } from "./feedback-stats.ts";
import { filterOf } from "./filter-language.ts";
import { tenantUuid } from "./uuid.ts";

const COMPARATIVE = "comparative";
const MANY_RUNS = 10_000;
const MANY_SCORES = 100_000;

export const NewComparative = z.object({
  id: Id.nullish(),
  name: Name,
  description: z.string().nullish(),
  experiment_ids: z.array(Id).min(1, "name at least one experiment").max(100),
  reference_dataset_id: Id.nullish(),
  extra: Fields.nullish(),
});
type Comparative = z.infer<typeof NewComparative>;

export interface TableQuery {
  readonly sessionIds: readonly string[];
  readonly exampleIds?: readonly string[] | undefined;
  /** Conditions on the runs of an experiment, in LangSmith's filter language. */
  readonly filters?: Readonly<Record<string, readonly string[]>> | undefined;
  readonly limit: number;
  readonly offset: number;
}

/** An example with what each experiment made of it. */
export interface TableRow {
  readonly example: Example;
  readonly runs: readonly KeptRun[];
}

interface Parts {
  readonly datasets: Datasets;
  readonly examples: Examples;
}

/** Experiments side by side: a dataset's examples with the runs of each, and named comparisons. */
export class Experiments {
  readonly #needs: DataNeeds;
  readonly #parts: Parts;

  constructor(needs: DataNeeds, parts: Parts) {
    this.#needs = needs;
    this.#parts = parts;
  }

  /** Where an experiment is filtered, only examples that have such a run in it. */
  async table(dataset: Dataset, query: TableQuery): Promise<TableRow[]> {
    const { examples } = this.#parts;
    const { exampleIds: ids, limit, offset } = query;
    await this.#needs.traces.merged();
    if (!query.filters) {
      return this.#rows(dataset, await examples.list(dataset, { ids, limit, offset }), query);
    }
    const all = await examples.list(dataset, { ids, limit: MANY_RUNS, offset: 0 });
    const rows = await this.#rows(dataset, all, query);
    const wanted = Object.keys(query.filters);
    return rows
      .filter(({ runs }) => wanted.every((id) => runs.some(({ run }) => run.projectId === id)))
      .slice(offset, offset + limit);
  }

  async #rows(
    { tenantId }: Dataset,
    examples: readonly Example[],
    { sessionIds, filters }: TableQuery,
  ): Promise<TableRow[]> {
    const { traces } = this.#needs;
    if (examples.length === 0) return [];
    const ids = examples.map(({ id }) => id);
    const byExample = { op: "in", field: "referenceExampleId", values: ids } as const;
    const pages = await Promise.all(
      sessionIds.map((id) => {
        const own: RunFilter = { op: "eq", field: "projectId", value: id };
        const more = (filters?.[id] ?? []).map((text) => filterOf(text, "filters"));
        const filter: RunFilter = { op: "and", of: [own, byExample, ...more] };
        return traces.runs({ tenantId, filter, isRoot: true, order: "asc", limit: MANY_RUNS });
      }),
    );
    const runIds = pages.flatMap(({ runs }) => runs.map(({ id }) => id));
    const kept = Map.groupBy(
      await traces.find(runIds, tenantId),
      ({ run }) => run.referenceExampleId,
    );
    return examples.map((example) => ({ example, runs: kept.get(example.id) ?? [] }));
  }

  /** Of experiments of one dataset. */
  async compare(tenantId: string, sent: Comparative) {
    const { shelf, traces, now, newId } = this.#needs;
    const { experiment_ids: ids } = sent;
    const projects = await traces.projects({ tenantId, ids, limit: ids.length });
    const missing = ids.find((id) => !projects.some((project) => project.id === id));
    if (missing !== undefined) {
      throw new WeirError("not_found", `experiment_ids: there is no experiment ${missing}.`, {
        param: "experiment_ids",
      });
    }
    const datasetId = sent.reference_dataset_id ?? projects[0]?.referenceDatasetId;
    if (!datasetId || projects.some((project) => project.referenceDatasetId !== datasetId)) {
      throw new WeirError(
        "invalid_request",
        "experiment_ids: only experiments of one dataset can be compared.",
        { param: "experiment_ids" },
      );
    }
    const { id: parentId } = await this.#parts.datasets.find(tenantId, datasetId);
    const id = sent.id ?? newId();
    const put = { op: "put", kind: COMPARATIVE, tenantId, id, parentId, ifVersion: 0 } as const;
    await shelf.write([{ ...put, value: sent, at: now() }]);
    return this.#toWire(await this.#find(tenantId, id));
  }

  async comparisons(
    { tenantId, id: parentId }: Dataset,
    page: { readonly limit: number; readonly offset: number },
  ) {
    const where = { kind: COMPARATIVE, tenantId, parentId, ...page };
    return Promise.all((await this.#needs.shelf.list(where)).map((one) => this.#toWire(one)));
  }

  async removeComparison(tenantId: string, id: string): Promise<void> {
    await this.#find(tenantId, id);
    await this.#needs.shelf.write([{ op: "remove", kind: COMPARATIVE, tenantId, id }]);
  }

  async #find(tenantId: string, id: string): Promise<ShelfRecord> {
    const record = await this.#needs.shelf.get(COMPARATIVE, id, tenantId);
    if (record) return record;
    throw new WeirError("not_found", `There is no comparative experiment ${id}.`, {
      param: "comparative_experiment_id",
    });
  }

  async #toWire({ id, tenantId, parentId, value, createdAt, modifiedAt }: ShelfRecord) {
    const { name, description, experiment_ids: ids, extra } = value as Comparative; // as compared above
    const { traces } = this.#needs;
    const projects = await traces.projects({ tenantId, ids, limit: ids.length });
    const query = { tenantId, comparativeExperimentId: id, limit: MANY_SCORES };
    return {
      id,
      name,
      description: description ?? null,
      tenant_id: tenantUuid(tenantId),
      created_at: isoTime(createdAt),
      modified_at: isoTime(modifiedAt),
      reference_dataset_id: parentId,
      extra: extra ?? {},
      experiments_info: projects.map((project) => ({ id: project.id, name: project.name })),
      feedback_stats: feedbackStats(await traces.feedback(query)),
    };
  }
}
