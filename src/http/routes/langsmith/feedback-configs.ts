import type { FastifyInstance, FastifyRequest } from "fastify";
import { WeirError } from "../../../core/errors.ts";
import {
  FeedbackConfigChange,
  type FeedbackConfigs,
  NewFeedbackConfig,
} from "../../../watch/langsmith/feedback-configs.ts";
import type { Authorise } from "../../authorise.ts";
import { askedIds, askedPage, askedSome, sentAs } from "./data-scope.ts";
import { asked, askedFlag, tenantOf } from "./scope.ts";

export interface FeedbackConfigRoutesNeeds {
  readonly authorise: Authorise;
  readonly configs: FeedbackConfigs;
}

/** What scores may be, key by key. */
export function feedbackConfigRoutes(
  app: FastifyInstance,
  { authorise, configs }: FeedbackConfigRoutesNeeds,
): void {
  const url = "/api/v1/feedback-configs";
  const tenant = (request: FastifyRequest) => tenantOf(authorise, request).tenantId;
  app.post(url, async (request) =>
    configs.create(tenant(request), sentAs(request, NewFeedbackConfig)),
  );
  app.get(url, async (request) =>
    configs.list(tenant(request), {
      keys: askedSome(request, "key"),
      nameContains: asked(request, "name_contains"),
      isEnforced: askedFlag(request, "is_enforced"),
      ...askedPage(request),
    }),
  );
  app.patch(url, async (request) =>
    configs.update(tenant(request), sentAs(request, FeedbackConfigChange)),
  );
  app.delete(url, async (request) => {
    const key = asked(request, "feedback_key");
    const id = askedIds(request, "id")?.[0];
    if ((key === undefined) === (id === undefined)) {
      throw new WeirError("invalid_request", "feedback_key: name a key, or an id instead.", {
        param: "feedback_key",
      });
    }
    await configs.remove(tenant(request), id === undefined ? { key: key ?? "" } : { id });
    return {};
  });
}
