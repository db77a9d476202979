import type { FastifyInstance } from "fastify";
import type { z } from "zod";
import type { Authorise } from "../authorise.ts";
import {
  AdviceQuery,
  CostAdvice,
  CostForecast,
  CostPreview,
  CostQuery,
  CostReport,
  ForecastQuery,
  PreviewQuery,
} from "../cost-schemas.ts";
import { costCsv } from "../cost-csv.ts";

export interface CostRoutesNeeds {
  readonly authorise: Authorise;
  readonly report: (query: CostQuery) => Promise<CostReport>;
  readonly forecast: (query: z.infer<typeof ForecastQuery>) => Promise<CostForecast>;
  readonly advice: (query: z.infer<typeof AdviceQuery>) => Promise<CostAdvice>;
  readonly preview: (query: z.infer<typeof PreviewQuery>) => Promise<CostPreview>;
}

const tag = "Costs";

/** What everything costs, will cost, and could cost. */
export function costRoutes(app: FastifyInstance, needs: CostRoutesNeeds): void {
  reportRoute(app, needs);
  outlookRoutes(app, needs);
}

function reportRoute(app: FastifyInstance, { authorise, report }: CostRoutesNeeds): void {
  app.get<{ Querystring: CostQuery }>(
    "/admin/v1/costs",
    {
      schema: {
        summary: "Cost and tokens, by up to two dimensions and by hour, day, week or month",
        tag,
        querystring: CostQuery,
        response: { 200: CostReport },
      },
    },
    async (request, reply) => {
      authorise(request.raw, "viewer");
      const found = await report(request.query);
      if (request.query.format === "json") return found;
      return reply
        .header("content-type", "text/csv; charset=utf-8")
        .header("content-disposition", 'attachment; filename="costs.csv"')
        .serializer((text: string) => text)
        .send(costCsv(found));
    },
  );
}

function outlookRoutes(
  app: FastifyInstance,
  { authorise, forecast, advice, preview }: CostRoutesNeeds,
): void {
  app.get<{ Querystring: z.infer<typeof ForecastQuery> }>(
    "/admin/v1/costs/forecast",
    {
      schema: {
        summary: "What this month will have cost at its end",
        tag,
        querystring: ForecastQuery,
        response: { 200: CostForecast },
      },
    },
    (request) => {
      authorise(request.raw, "viewer");
      return forecast(request.query);
    },
  );
  app.get<{ Querystring: z.infer<typeof AdviceQuery> }>(
    "/admin/v1/costs/advice",
    {
      schema: {
        summary: "What would make the dearest prompts, endpoints and models cheaper",
        tag,
        querystring: AdviceQuery,
        response: { 200: CostAdvice },
      },
    },
    (request) => {
      authorise(request.raw, "viewer");
      return advice(request.query);
    },
  );
  app.get<{ Querystring: z.infer<typeof PreviewQuery> }>(
    "/admin/v1/costs/preview",
    {
      schema: {
        summary: "What the same tokens would have cost on another model",
        tag,
        querystring: PreviewQuery,
        response: { 200: CostPreview },
      },
    },
    (request) => {
      authorise(request.raw, "viewer");
      return preview(request.query);
    },
  );
}
