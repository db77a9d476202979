import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { Id } from "../../../watch/langsmith/dataset.ts";
import { NewQueue, QueueChange, toWireQueue } from "../../../watch/langsmith/queue.ts";
import { askedIds, askedPage, pathId, sentAs } from "./data-scope.ts";
import type { QueueRoutesNeeds, ReviewerOf } from "./queue-scope.ts";
import { queueItemRoutes } from "./queue-items.ts";
import { queueRunRoutes } from "./queue-runs.ts";
import { asked, tenantOf } from "./scope.ts";

const Populate = z.object({ queue_id: Id, session_ids: z.array(Id) });

/** Annotation queues: made, listed, changed, filled, measured. */
export function queueRoutes(app: FastifyInstance, needs: QueueRoutesNeeds): void {
  const { authorise, queues } = needs;
  const reviewer: ReviewerOf = (request) => {
    const { tenantId, keyName } = tenantOf(authorise, request);
    return { tenantId, name: keyName };
  };
  const tenant = (request: FastifyRequest) => reviewer(request).tenantId;

  app.post("/api/v1/annotation-queues", async (request) =>
    toWireQueue(await queues.create(tenant(request), sentAs(request, NewQueue))),
  );
  app.get("/api/v1/annotation-queues", async (request) => {
    const tenantId = tenant(request);
    const found = await queues.list(tenantId, {
      ids: askedIds(request, "ids"),
      name: asked(request, "name"),
      nameContains: asked(request, "name_contains"),
      ...askedPage(request),
    });
    return Promise.all(
      found.map(async (queue) => ({
        ...toWireQueue(queue),
        total_runs: (await queues.items(tenantId, queue.id)).length,
      })),
    );
  });
  app.post("/api/v1/annotation-queues/populate", async (request) => {
    const { queue_id: id, session_ids: sessions } = sentAs(request, Populate);
    await queues.populate(tenant(request), id, sessions);
    return {};
  });
  app.get("/api/v1/annotation-queues/:queue", async (request) => {
    const queue = await queues.find(tenant(request), pathId(request, "queue"));
    const { rubric_instructions, rubric_items } = queue.value;
    return {
      ...toWireQueue(queue),
      rubric_instructions: rubric_instructions ?? null,
      rubric_items: await needs.configs.withConfigs(queue.tenantId, rubric_items ?? []),
    };
  });
  app.patch("/api/v1/annotation-queues/:queue", async (request) => {
    const change = sentAs(request, QueueChange);
    return toWireQueue(await queues.update(tenant(request), pathId(request, "queue"), change));
  });
  app.delete("/api/v1/annotation-queues/:queue", async (request) => {
    await queues.remove(tenant(request), pathId(request, "queue"));
    return {};
  });
  app.get("/api/v1/annotation-queues/:queue/queues", async (request) =>
    (await queues.having(tenant(request), pathId(request, "queue"))).map(toWireQueue),
  );
  queueRunRoutes(app, needs, reviewer);
  queueItemRoutes(app, needs, reviewer);
}
