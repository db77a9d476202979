import type { FastifyInstance, FastifyRequest } from "fastify";
import { WeirError } from "../../../core/errors.ts";
import type { Feedback } from "../../../core/run.ts";
import type { FeedbackTokens } from "../../../watch/langsmith/feedback-tokens.ts";
import {
  feedbackOf,
  isRejected,
  scoreOf,
  toWireFeedback,
} from "../../../watch/langsmith/feedback-wire.ts";
import type { Wire } from "../../../watch/langsmith/run-fields.ts";
import { uuidOf } from "../../../watch/langsmith/uuid.ts";
import type { Traces } from "../../../watch/trace/traces.ts";
import type { Authorise } from "../../authorise.ts";
import { askedIds, askedPage, askedSome, pathId } from "./data-scope.ts";
import { originOf } from "./origin.ts";
import { asked, sentFields, sentJson, tenantOf } from "./scope.ts";

export interface FeedbackRoutesNeeds {
  readonly authorise: Authorise;
  readonly traces: Traces;
  readonly tokens: FeedbackTokens;
  readonly settled: () => Promise<void>;
  readonly now: () => number;
}

interface OfOne {
  Params: { id: string };
}

const MOST = 10_000;

/** Scores and notes about runs, traces and experiments. */
export function feedbackRoutes(app: FastifyInstance, needs: FeedbackRoutesNeeds): void {
  const { authorise, traces, settled, now } = needs;
  const create = async (request: FastifyRequest) => {
    const feedback = sentFeedback(sentFields(request), request, needs);
    await traces.putFeedback(feedback);
    return toWireFeedback(feedback);
  };
  app.post("/api/v1/feedback", create);
  app.post("/api/v1/feedback/eager", create);
  app.post("/api/v1/feedback/batch", async (request, reply) => {
    const sent = sentJson(request);
    if (!Array.isArray(sent)) throw invalid("feedback", "The body must be a list of feedback.");
    const all = sent.map((one) => sentFeedback(one as Wire, request, needs)); // checked there
    await traces.add([], all);
    return reply.code(202).send({ accepted: all.length });
  });
  app.get("/api/v1/feedback", async (request) => {
    const { tenantId } = tenantOf(authorise, request);
    await settled();
    const found = await traces.feedback({
      tenantId,
      runIds: askedIds(request, "run"),
      projectId: uuidOf(asked(request, "session")),
      keys: askedSome(request, "key"),
      sources: askedSome(request, "source"),
      comparativeExperimentId: uuidOf(asked(request, "comparative_experiment_id")),
      ...askedPage(request),
    });
    return found.map(toWireFeedback);
  });
  app.get<OfOne>("/api/v1/feedback/:id", async (request) =>
    toWireFeedback(await one(request, needs)),
  );
  app.patch<OfOne>("/api/v1/feedback/:id", async (request) => {
    const changed = withChanges(await one(request, needs), sentFields(request), now());
    await traces.putFeedback(changed);
    return toWireFeedback(changed);
  });
  app.delete<OfOne>("/api/v1/feedback/:id", async (request) => {
    const { id } = await one(request, needs);
    await traces.removeFeedback(id);
    return {};
  });
  tokenRoutes(app, needs);
}

function sentFeedback(wire: Wire, request: FastifyRequest, needs: FeedbackRoutesNeeds): Feedback {
  const { tenantId } = tenantOf(needs.authorise, request);
  if (typeof wire !== "object" || wire === null) throw invalid("feedback", "must be an object");
  const feedback = feedbackOf(wire, { tenantId, receivedAt: needs.now() }, { part: "feedback" });
  if (!isRejected(feedback)) return feedback;
  const { field = "feedback", reason } = feedback;
  throw invalid(field, `The feedback's "${field}" ${reason}.`);
}

async function one(
  request: FastifyRequest,
  { authorise, traces, settled }: FeedbackRoutesNeeds,
): Promise<Feedback> {
  const { tenantId } = tenantOf(authorise, request);
  const id = pathId(request, "id");
  await settled();
  const found = await traces.feedback({ tenantId, ids: [id], limit: MOST });
  const [feedback] = found;
  if (feedback) return feedback;
  throw new WeirError("not_found", `There is no feedback ${id} here.`);
}

function withChanges(feedback: Feedback, wire: Wire, now: number): Feedback {
  const score = wire["score"] === undefined ? feedback.score : scoreOf(wire["score"]);
  if (score === undefined) throw invalid("score", "The score must be a number, or null.");
  const said = <T>(name: string, before: T) => (wire[name] === undefined ? before : wire[name]);
  const comment = said("comment", feedback.comment);
  return {
    ...feedback,
    score,
    value: said("value", feedback.value),
    correction: said("correction", feedback.correction),
    comment: typeof comment === "string" ? comment : null,
    modifiedAt: now,
  };
}

/** Links by which others score a run. */
function tokenRoutes(app: FastifyInstance, { authorise, tokens }: FeedbackRoutesNeeds): void {
  app.post("/api/v1/feedback/tokens", async (request) => {
    const { tenantId } = tenantOf(authorise, request);
    const sent = sentJson(request);
    const origin = originOf(request);
    if (!Array.isArray(sent)) return tokens.create(sentFields(request), tenantId, origin);
    return Promise.all(sent.map((one) => tokens.create(one as Wire, tenantId, origin))); // checked there
  });
  app.get("/api/v1/feedback/tokens", async (request) => {
    const { tenantId } = tenantOf(authorise, request);
    const runId = uuidOf(asked(request, "run_id"));
    if (runId === undefined) throw invalid("run_id", '"run_id" must be a UUID.');
    return tokens.list(runId, tenantId, { ...askedPage(request), origin: originOf(request) });
  });
}

/** What such a link does: without a key, and from other sites' pages too. */
export function feedbackLinkRoutes(app: FastifyInstance, tokens: FeedbackTokens): void {
  const url = "/api/v1/feedback/tokens/:id";
  const open = {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "GET, POST, OPTIONS",
    "access-control-allow-headers": "*",
  };
  app.options<OfOne>(url, async (_request, reply) => reply.code(204).headers(open).send());
  app.get<OfOne>(url, async (request, reply) => {
    const { score, value, comment, correction } = request.query as Record<string, string>; // texts
    const wire = { score: scoreIn(score), value, comment, correction };
    await tokens.score(request.params.id, wire);
    return reply.headers(open).send({ message: "Feedback taken. Thank you." });
  });
  app.post<OfOne>(url, async (request, reply) => {
    await tokens.score(request.params.id, sentFields(request));
    return reply.headers(open).send({ message: "Feedback taken. Thank you." });
  });
}

function scoreIn(text: string | undefined): number | boolean | undefined {
  if (text === undefined || text === "") return undefined;
  if (/^(true|false)$/i.test(text)) return text.toLowerCase() === "true";
  const score = Number(text);
  if (Number.isFinite(score)) return score;
  throw invalid("score", "The score must be a number, true or false.");
}

function invalid(param: string, message: string): WeirError {
  return new WeirError("invalid_request", message, { param, status: 422 });
}
