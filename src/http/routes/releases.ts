import type { FastifyInstance } from "fastify";
import type { Caller } from "../../core/call.ts";
import type { Authorise } from "../authorise.ts";
import {
  JudgeScore,
  RejudgeWish,
  Rejudged,
  ReleaseAction,
  ReleaseDetail,
  ReleaseList,
  ReleaseName,
  Scored,
  ToJudge,
} from "../release-schemas.ts";

export interface ReleasesNeeds {
  readonly authorise: Authorise;
  readonly list: () => ReleaseList;
  readonly detail: (model: string) => ReleaseDetail;
  /** Lines of JSON, each an entry. */
  readonly journal: (model: string) => Iterable<string>;
  readonly act: (wish: ReleaseAction, by: Caller) => ReleaseDetail;
  readonly toJudge: (model: string) => ToJudge;
  readonly score: (score: JudgeScore) => void;
  readonly rejudge: (wish: RejudgeWish) => Rejudged;
}

const tag = "Releases";

/** Candidates that take over a model's traffic: how they stand, why, and what an operator decides. */
export function releaseRoutes(app: FastifyInstance, needs: ReleasesNeeds): void {
  const { authorise } = needs;
  app.get(
    "/admin/v1/releases",
    { schema: { summary: "Releases and how they stand", tag, response: { 200: ReleaseList } } },
    async (request) => {
      authorise(request.raw, "viewer");
      return needs.list();
    },
  );
  app.get<{ Querystring: ReleaseName }>(
    "/admin/v1/releases/detail",
    {
      schema: {
        summary: "One release: its evidence by mark, its curve and its turns",
        tag,
        querystring: ReleaseName,
        response: { 200: ReleaseDetail },
      },
    },
    async (request) => {
      authorise(request.raw, "viewer");
      return needs.detail(request.query.model);
    },
  );
  app.get<{ Querystring: ReleaseName }>(
    "/admin/v1/releases/journal",
    {
      schema: {
        summary: "Every bet and every turn, as lines of JSON",
        tag,
        querystring: ReleaseName,
      },
    },
    async (request, reply) => {
      authorise(request.raw, "viewer");
      const lines = needs.journal(request.query.model);
      return reply.type("application/jsonl").send([...lines].join(""));
    },
  );
  registerDecisions(app, needs);
}

function registerDecisions(app: FastifyInstance, needs: ReleasesNeeds): void {
  app.post<{ Body: ReleaseAction }>(
    "/admin/v1/releases/actions",
    {
      schema: {
        summary: "Pause, resume, promote, abort or begin anew",
        tag,
        body: ReleaseAction,
        response: { 200: ReleaseDetail },
      },
    },
    async (request) => needs.act(request.body, needs.authorise(request.raw, "operator")),
  );
  app.post<{ Body: RejudgeWish }>(
    "/admin/v1/releases/rejudge",
    {
      schema: {
        summary: "What the recorded traffic would have come to by other rules",
        tag,
        body: RejudgeWish,
        response: { 200: Rejudged },
      },
    },
    async (request) => {
      needs.authorise(request.raw, "viewer");
      return needs.rejudge(request.body);
    },
  );
  registerJudging(app, needs);
}

function registerJudging(app: FastifyInstance, needs: ReleasesNeeds): void {
  app.get<{ Querystring: ReleaseName }>(
    "/admin/v1/releases/to-judge",
    {
      schema: {
        summary: "Calls that a judge is to score",
        tag,
        querystring: ReleaseName,
        response: { 200: ToJudge },
      },
    },
    async (request) => {
      needs.authorise(request.raw, "viewer");
      return needs.toJudge(request.query.model);
    },
  );
  app.post<{ Body: JudgeScore }>(
    "/admin/v1/releases/scores",
    {
      schema: {
        summary: "What a judge thinks of a call",
        tag,
        body: JudgeScore,
        response: { 200: Scored },
      },
    },
    async (request) => {
      needs.authorise(request.raw, "operator");
      needs.score(request.body);
      return { ok: true as const };
    },
  );
}
