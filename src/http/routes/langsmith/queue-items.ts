import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { Id } from "../../../watch/langsmith/dataset.ts";
import { NewItem, stateOf, toWireItem } from "../../../watch/langsmith/queue.ts";
import { MOST, offsetOf, pathId, sentAs } from "./data-scope.ts";
import { type QueueRoutesNeeds, type ReviewerOf, askedState } from "./queue-scope.ts";
import { asked, askedCount } from "./scope.ts";

const NewItems = z.object({ items: z.array(NewItem).max(10_000) });
const Change = z.object({
  added_at: z.string().nullish(),
  last_reviewed_time: z.string().nullish(),
});
const Status = z.object({
  status: z.enum(["viewed", "completed"]).nullish(),
  override_added_at: z.string().nullish(),
});
const Removal = z.object({ item_ids: z.array(Id).max(10_000) });
const url = "/api/v1/platform/annotation-queues/:queue/items";
const SECTIONS = { completed: "archived" } as const;

/** What waits in a queue as the newer addresses have it: runs and threads alike. */
export function queueItemRoutes(
  app: FastifyInstance,
  needs: QueueRoutesNeeds,
  reviewer: ReviewerOf,
): void {
  const { queues } = needs;
  app.post(url, async (request) => {
    const { items } = sentAs(request, NewItems);
    const { tenantId } = reviewer(request);
    const added = await queues.add(tenantId, pathId(request, "queue"), items);
    return { items: added.map(toWireItem) };
  });
  app.get(url, async (request) => {
    const limit = Math.max(1, askedCount(request, "page_size", { otherwise: 20, most: MOST }));
    const offset = offsetOf(asked(request, "cursor"));
    const state = askedState(request);
    const all = await queues.itemsIn(reviewer(request), pathId(request, "queue"), state);
    return {
      items: all.slice(offset, offset + limit).map(toWireItem),
      next_cursor: all.length > offset + limit ? String(offset + limit) : null,
    };
  });
  app.get(`${url}/count`, async (request) => {
    const state = askedState(request);
    const all = await queues.itemsIn(reviewer(request), pathId(request, "queue"), state);
    return { count: all.length };
  });
  oneItemRoutes(app, needs, reviewer);
}

function oneItemRoutes(
  app: FastifyInstance,
  { queues }: QueueRoutesNeeds,
  reviewer: ReviewerOf,
): void {
  app.patch(`${url}/:item`, async (request) => {
    const { added_at, last_reviewed_time } = sentAs(request, Change);
    const { tenantId } = reviewer(request);
    const { id } = await queues.item(tenantId, pathId(request, "item"), pathId(request, "queue"));
    const item = await queues.changeItem(tenantId, id, (value) => ({
      ...value,
      added_at: added_at ?? value.added_at,
      last_reviewed_time: last_reviewed_time ?? value.last_reviewed_time,
    }));
    return toWireItem(item);
  });
  app.get(`${url}/:item/placement`, async (request) => {
    const who = reviewer(request);
    const queueId = pathId(request, "queue");
    const item = await queues.item(who.tenantId, pathId(request, "item"), queueId);
    const state = stateOf(item, who.name);
    const same = await queues.itemsIn(who, queueId, state);
    const position = same.findIndex(({ id }) => id === item.id);
    return {
      position,
      cursor: String(position),
      item_type: toWireItem(item).item_type,
      section: state === "completed" ? SECTIONS.completed : state,
    };
  });
  app.post(`${url}/delete`, async (request) => {
    const { item_ids: ids } = sentAs(request, Removal);
    const { tenantId } = reviewer(request);
    await queues.removeItems(tenantId, pathId(request, "queue"), ({ id }) => ids.includes(id));
    return {};
  });
  app.post("/api/v1/platform/annotation-queues/items/:item/status", async (request) => {
    const { status, override_added_at: addedAt } = sentAs(request, Status);
    const who = reviewer(request);
    const item = await queues.review(who, pathId(request, "item"), status ?? null);
    if (addedAt) {
      await queues.changeItem(who.tenantId, item.id, (value) => ({ ...value, added_at: addedAt }));
    }
    const { archived_at } = item.value;
    return { queue_item_id: item.id, status, is_archived: archived_at !== null };
  });
}
