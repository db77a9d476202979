import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { WeirError } from "../../../core/errors.ts";
import { Id } from "../../../watch/langsmith/dataset.ts";
import { toWireFeedback } from "../../../watch/langsmith/feedback-wire.ts";
import { type Item, reviewersWho, toQueueRun } from "../../../watch/langsmith/queue.ts";
import { timeOf } from "../../../watch/langsmith/wire-time.ts";
import { askedPage, pathId, pathText, sentAs } from "./data-scope.ts";
import { type QueueRoutesNeeds, type ReviewerOf, askedState } from "./queue-scope.ts";
import { originOf } from "./origin.ts";
import { asked, askedFlag } from "./scope.ts";

const RunKeys = z
  .array(
    z.union([
      Id.transform((run_id) => ({ run_id })),
      z.object({ run_id: Id, session_id: Id.nullish(), source_proposed_example_id: Id.nullish() }),
    ]),
  )
  .max(10_000);
const Times = z.object({
  added_at: z.string().nullish(),
  last_reviewed_time: z.string().nullish(),
});
const Removal = z.object({
  delete_all: z.boolean().nullish(),
  run_ids: z.array(Id).nullish(),
  exclude_run_ids: z.array(Id).nullish(),
});
const Status = z.object({
  status: z.enum(["viewed", "completed"]).nullish(),
  override_added_at: z.string().nullish(),
});
const Export = z.object({ start_time: z.string().nullish(), end_time: z.string().nullish() });
const url = "/api/v1/annotation-queues/:queue";
const MANY_SCORES = 10_000;

/** The runs of a queue, as the first version of the API has them. */
export function queueRunRoutes(
  app: FastifyInstance,
  needs: QueueRoutesNeeds,
  reviewer: ReviewerOf,
): void {
  const { queues } = needs;
  const add = async (request: FastifyRequest) => {
    const sent = sentAs(request, RunKeys);
    const { tenantId } = reviewer(request);
    return (await queues.add(tenantId, pathId(request, "queue"), sent)).map(toQueueRun);
  };
  app.post(`${url}/runs`, add);
  app.post(`${url}/runs/by-key`, add);
  app.get(`${url}/runs`, async (request) => {
    const isArchived = askedFlag(request, "archived");
    const found = await queues.itemsIn(
      reviewer(request),
      pathId(request, "queue"),
      isArchived === true ? "completed" : askedState(request),
    );
    const wanted = found.filter(({ value }) => isArchived !== false || value.archived_at === null);
    const { limit, offset } = askedPage(request);
    return runsOf(needs, request, wanted.slice(offset, offset + limit), reviewer);
  });
  app.get(`${url}/run/:index`, async (request) => {
    const index = Number(pathText(request, "index"));
    const who = reviewer(request);
    const found = await queues.itemsIn(who, pathId(request, "queue"), "needs_my_review");
    const item = Number.isSafeInteger(index) ? found.at(Math.max(index, -1)) : undefined;
    const [run] = item && index >= 0 ? await runsOf(needs, request, [item], reviewer) : [];
    if (run) return run;
    throw new WeirError(
      "not_found",
      `index: ${found.length} runs of this queue wait for your review, counted from 0.`,
      { param: "index" },
    );
  });
  reviewRoutes(app, needs, reviewer);
  sizeRoutes(app, needs, reviewer);
}

function reviewRoutes(
  app: FastifyInstance,
  { queues }: QueueRoutesNeeds,
  reviewer: ReviewerOf,
): void {
  app.patch(`${url}/runs/:item`, async (request) => {
    const { added_at, last_reviewed_time } = sentAs(request, Times);
    const { tenantId } = reviewer(request);
    const { id } = await queues.item(tenantId, pathId(request, "item"), pathId(request, "queue"));
    const item = await queues.changeItem(tenantId, id, (value) => ({
      ...value,
      added_at: added_at ?? value.added_at,
      last_reviewed_time: last_reviewed_time ?? value.last_reviewed_time,
    }));
    return toQueueRun(item);
  });
  // By the item's id or the run's: SDKs name it either way.
  app.delete(`${url}/runs/:item`, async (request) => {
    const { tenantId } = reviewer(request);
    const id = pathId(request, "item");
    const isIt = (item: Item) => item.id === id || item.value.run_id === id;
    const count = await queues.removeItems(tenantId, pathId(request, "queue"), isIt);
    if (count > 0) return {};
    throw new WeirError("not_found", "This run is not in the queue.", { param: "item" });
  });
  app.post(`${url}/runs/delete`, async (request) => {
    const { delete_all: all, run_ids, exclude_run_ids } = sentAs(request, Removal);
    const { tenantId } = reviewer(request);
    await queues.removeItems(tenantId, pathId(request, "queue"), ({ id, value }) => {
      const names = [id, value.run_id ?? ""];
      if (names.some((name) => exclude_run_ids?.includes(name))) return false;
      return all === true || names.some((name) => run_ids?.includes(name) ?? false);
    });
    return {};
  });
  app.post("/api/v1/annotation-queues/status/:item", async (request) => {
    const { status, override_added_at: addedAt } = sentAs(request, Status);
    const who = reviewer(request);
    const item = await queues.review(who, pathId(request, "item"), status ?? null);
    if (addedAt) {
      await queues.changeItem(who.tenantId, item.id, (value) => ({ ...value, added_at: addedAt }));
    }
    return {};
  });
}

function sizeRoutes(app: FastifyInstance, needs: QueueRoutesNeeds, reviewer: ReviewerOf): void {
  const { queues } = needs;
  app.get(`${url}/size`, async (request) => {
    const state = askedState(request);
    const all = await queues.itemsIn(reviewer(request), pathId(request, "queue"), state);
    const waiting = all.filter(({ value }) => state !== undefined || value.archived_at === null);
    return { size: waiting.length };
  });
  app.get(`${url}/total_size`, async (request) => {
    const all = await queues.itemsIn(reviewer(request), pathId(request, "queue"), undefined);
    return { size: all.length };
  });
  app.get(`${url}/total_archived`, async (request) => {
    const [from, to] = [asked(request, "start_time"), asked(request, "end_time")];
    const all = await queues.itemsIn(reviewer(request), pathId(request, "queue"), "completed");
    return { size: all.filter(isWithin(from, to)).length };
  });
  // What was reviewed, with its scores.
  app.post(`${url}/export`, async (request) => {
    const { start_time, end_time } = sentAs(request, Export);
    const who = reviewer(request);
    const all = await queues.itemsIn(who, pathId(request, "queue"), "completed");
    const done = all.filter(isWithin(start_time, end_time));
    const runIds = done.flatMap(({ value }) => value.run_id ?? []);
    const query = { tenantId: who.tenantId, runIds, limit: MANY_SCORES };
    const scores = runIds.length === 0 ? [] : await needs.traces.feedback(query);
    const runs = await runsOf(needs, request, done, reviewer);
    return runs.map((run) => ({
      ...run,
      feedback: scores.filter(({ runId }) => runId === run.run_id).map(toWireFeedback),
    }));
  });
}

function isWithin(from: string | null | undefined, to: string | null | undefined) {
  const [first, last] = [timeOf(from) ?? 0, timeOf(to) ?? Infinity];
  return ({ value }: Item) => {
    const at = value.archived_at ?? 0;
    return at >= first && at <= last;
  };
}

/** The items' runs with their texts; those that are gone by now are left out. */
async function runsOf(
  { traces, reads }: QueueRoutesNeeds,
  request: FastifyRequest,
  items: readonly Item[],
  reviewer: ReviewerOf,
) {
  const { tenantId } = reviewer(request);
  const ids = items.flatMap(({ value }) => value.run_id ?? []);
  const kept = await traces.find(ids, tenantId);
  const wire = await reads.classic(kept, { tenantId, origin: originOf(request) }, undefined);
  const byId = new Map(wire.map((run) => [run["id"], run]));
  return items.flatMap((item) => {
    const run = byId.get(item.value.run_id);
    if (!run) return [];
    const { added_at, last_reviewed_time } = item.value;
    return {
      ...run,
      run_id: item.value.run_id,
      queue_run_id: item.id,
      added_at,
      effective_added_at: added_at,
      last_reviewed_time,
      completed_by: reviewersWho(item, "completed"),
      reserved_by: reviewersWho(item, "viewed"),
    };
  });
}
