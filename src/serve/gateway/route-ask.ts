import type { GenerateRequest } from "../../core/chat.ts";
import { type Caller, DEFAULT_TENANT, PRIORITIES, type Priority } from "../../core/call.ts";
import { estimateTokens } from "./estimate.ts";
import type { CallContext, RoutedModel } from "./needs.ts";
import type { RouteAsk } from "./routing/ask.ts";
import type { Router } from "./routing/router.ts";

/** What routing may know of a call. */
export function routeAskOf(
  request: GenerateRequest,
  model: RoutedModel,
  { caller, wishes }: CallContext,
): RouteAsk {
  return {
    model,
    request,
    promptTokens: estimateTokens(request),
    isWhole: !request.stream,
    wishes,
    priority: priorityOf(caller, wishes?.priority),
    flow: flowOf(caller),
    keyId: caller.keyId,
    user: request.user,
  };
}

/** The same for what is asked of a model beside generation. */
export function sideAskOf(
  model: RoutedModel,
  { caller, wishes }: CallContext,
  promptTokens: number,
): RouteAsk {
  return {
    model,
    promptTokens,
    isWhole: true,
    wishes,
    priority: priorityOf(caller, wishes?.priority),
    flow: flowOf(caller),
    keyId: caller.keyId,
  };
}

function flowOf({ tenantId = DEFAULT_TENANT, keyId }: Caller): string {
  return `${tenantId}\0${keyId}`;
}

/** A call may ask for less than its key has, never for more. */
function priorityOf({ priority: own = "normal" }: Caller, wished: Priority = own): Priority {
  if (wished === own) return own;
  const highest = Math.max(PRIORITIES.indexOf(own), PRIORITIES.indexOf(wished));
  return PRIORITIES[highest] ?? own;
}

/** When a call of this model is also sent elsewhere; undefined: never. */
export function hedgeOf({ name, targets, routing }: RoutedModel, router: Router) {
  const { hedge } = routing;
  if (!hedge || targets.length < 2) return undefined;
  const afterMs = hedge.after === "p95" ? router.slowFirstContentMs(name) : hedge.after;
  return { afterMs, budget: hedge.budget };
}
