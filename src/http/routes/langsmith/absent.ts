import type { FastifyInstance } from "fastify";
import { WeirError } from "../../../core/errors.ts";

/** Parts of the LangSmith API that SDKs know and Weir has not, each with what to do instead. */
const ABSENT: readonly [paths: readonly string[], reason: string][] = [
  [
    ["/api/v1/sessions/:session/dashboard"],
    "Projects have no charts of their own here. The dashboard's Metrics page has them, and POST /api/v1/runs/stats the figures.",
  ],
  [
    ["/api/v2/threads/:thread/share"],
    "Threads are not shared as a whole. Share their traces: PUT /api/v1/runs/ID/share.",
  ],
  [
    ["/api/v1/platform/evaluators", "/api/v1/runs/rules"],
    "Evaluators do not run on this server. Score runs with the SDK's evaluate(), or send feedback.",
  ],
  [
    ["/api/v1/agents", "/api/v1/fleet", "/v1/fleet"],
    "Agents are not deployed by this server. Files of agents are kept by pushAgent() and pullAgent().",
  ],
  [["/api/v2/sandboxes"], "There are no sandboxes on this server."],
  [
    ["/api/v1/prompt-webhooks"],
    "Prompts have no webhooks here. Ask for the commits of a prompt instead: GET /api/v1/commits/-/NAME.",
  ],
  [
    ["/api/v1/platform/issues", "/api/v1/platform/product-feedbacks"],
    "This belongs to LangSmith's hosted service.",
  ],
];

/** Answers them all with 404 and the reason. */
export function absentRoutes(app: FastifyInstance): void {
  for (const [paths, reason] of ABSENT) {
    for (const path of paths.flatMap((one) => [one, `${one}/*`])) {
      app.all(path, async () => {
        throw new WeirError("not_found", `Weir has no such part of the LangSmith API. ${reason}`);
      });
    }
  }
}
