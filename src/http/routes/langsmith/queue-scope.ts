import type { FastifyRequest } from "fastify";
import { WeirError } from "../../../core/errors.ts";
import type { FeedbackConfigs } from "../../../watch/langsmith/feedback-configs.ts";
import { STATES, type State } from "../../../watch/langsmith/queue.ts";
import type { Queues, Reviewer } from "../../../watch/langsmith/queues.ts";
import type { RunReads } from "../../../watch/langsmith/run-reads.ts";
import type { Traces } from "../../../watch/trace/traces.ts";
import type { Authorise } from "../../authorise.ts";
import { asked } from "./scope.ts";

export interface QueueRoutesNeeds {
  readonly authorise: Authorise;
  readonly queues: Queues;
  readonly configs: FeedbackConfigs;
  readonly traces: Traces;
  readonly reads: Pick<RunReads, "classic">;
}

export type ReviewerOf = (request: FastifyRequest) => Reviewer;

/** A state by any of its names; undefined where none is asked for. */
export function askedState(request: FastifyRequest): State | undefined {
  const text = asked(request, "status");
  if (text === undefined || text === "") return undefined;
  const state = text === "archived" ? "completed" : STATES.find((one) => one === text);
  if (state) return state;
  throw new WeirError("invalid_request", `status: must be one of ${STATES.join(", ")}.`, {
    param: "status",
  });
}
