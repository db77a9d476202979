import type { IncomingMessage } from "node:http";
import type { FastifyInstance, FastifySchema } from "fastify";
import { z } from "zod";
import { toOpenApi, type Operation } from "../openapi.ts";

export interface OperationsNeeds {
  readonly version: string;
  readonly operations: readonly Operation[];
  /** Why the server should get no traffic now; empty when it may. */
  readonly notReady: () => Promise<readonly string[]>;
  /** In the format that an `accept` header asks for. */
  readonly metrics: (accept: string | undefined) => {
    readonly type: string;
    readonly text: string;
  };
  /** Refuses a request that may not read the metrics. */
  readonly checkMetrics: (request: IncomingMessage) => void;
}

const Health = z.object({ status: z.literal("ok") });
const Ready = z.object({ status: z.enum(["ready", "not_ready"]), reasons: z.array(z.string()) });
const Version = z.object({ name: z.literal("weir"), version: z.string(), node: z.string() });

/** What a load balancer, a scraper and a person with curl ask first. */
export function operationsRoutes(app: FastifyInstance, needs: OperationsNeeds): void {
  const tag = "Operations";
  app.get(
    "/health",
    { schema: { summary: "Whether the process lives", tag, response: { 200: Health } } },
    async () => ({ status: "ok" }),
  );
  app.get(
    "/ready",
    {
      schema: { summary: "Whether traffic may come", tag, response: { 200: Ready, 503: Ready } },
    },
    async (_request, reply) => {
      const reasons = await needs.notReady();
      const status = reasons.length === 0 ? "ready" : "not_ready";
      return reply.code(reasons.length === 0 ? 200 : 503).send({ status, reasons: [...reasons] });
    },
  );
  app.get(
    "/version",
    { schema: { summary: "What runs here", tag, response: { 200: Version } } },
    async () => ({ name: "weir", version: needs.version, node: process.version }),
  );
  const schema: FastifySchema = {
    summary: "Prometheus metrics",
    tag,
    content: { 200: "text/plain; version=0.0.4" },
  };
  app.get("/metrics", { schema }, async (request, reply) => {
    needs.checkMetrics(request.raw);
    const { type, text } = needs.metrics(request.headers.accept);
    return reply.type(type).send(text);
  });
  let document: Record<string, unknown> | undefined;
  app.get("/openapi.json", async () => (document ??= toOpenApi(needs.operations, needs.version)));
}
