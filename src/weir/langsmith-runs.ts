import { randomUUID } from "node:crypto";
import type { App } from "../http/app.ts";
import type { Authorise } from "../http/authorise.ts";
import { feedbackLinkRoutes, feedbackRoutes } from "../http/routes/langsmith/feedback.ts";
import { langSmithIngestRoutes } from "../http/routes/langsmith/ingest.ts";
import { publicRunRoutes } from "../http/routes/langsmith/public.ts";
import { langSmithRunRoutes2 } from "../http/routes/langsmith/runs-2.ts";
import { langSmithRunRoutes } from "../http/routes/langsmith/runs.ts";
import { sessionRoutes } from "../http/routes/langsmith/sessions.ts";
import { threadRoutes } from "../http/routes/langsmith/threads.ts";
import { createFeedbackTokens } from "../watch/langsmith/feedback-tokens.ts";
import { createLinks } from "../watch/langsmith/links.ts";
import { createProjects } from "../watch/langsmith/projects.ts";
import { createRunReads } from "../watch/langsmith/run-reads.ts";
import { createShares } from "../watch/langsmith/shares.ts";
import type { Traces } from "../watch/trace/traces.ts";
import type { House } from "./house.ts";

/** LangSmith's tracing side: runs, projects, feedback. Routes with and without a key. */
export function langSmithRuns(
  { traces, shelf, recorder }: Pick<House, "shelf" | "recorder"> & { readonly traces: Traces },
  authorise: Authorise,
) {
  const basics = { authorise, traces, shelf, now: Date.now, newId: randomUUID };
  const links = createLinks(shelf);
  const shares = createShares(basics);
  const settled = () => recorder.flush();
  const reads = createRunReads({ ...basics, links, shares, settled });
  const tokens = createFeedbackTokens(basics);
  const needs = { ...basics, links, shares, reads, tokens, settled };
  return {
    withKey(routes: App["fastify"]): void {
      langSmithIngestRoutes(routes, { ...needs, ingest: (request) => traces.ingest(request) });
      langSmithRunRoutes(routes, needs);
      langSmithRunRoutes2(routes, needs);
      threadRoutes(routes, needs);
      sessionRoutes(routes, { ...needs, projects: createProjects(basics) });
      feedbackRoutes(routes, needs);
    },
    withoutKey(routes: App["fastify"]): void {
      feedbackLinkRoutes(routes, tokens);
      publicRunRoutes(routes, needs);
    },
  };
}
