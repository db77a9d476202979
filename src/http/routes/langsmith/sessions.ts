import type { FastifyInstance, FastifyRequest } from "fastify";
import { WeirError } from "../../../core/errors.ts";
import type { Project } from "../../../core/run.ts";
import { toWireProject, toWireProject2 } from "../../../watch/langsmith/project-view.ts";
import type { Projects } from "../../../watch/langsmith/projects.ts";
import { timeOf } from "../../../watch/langsmith/wire-time.ts";
import type { Authorise } from "../../authorise.ts";
import { askedFields, askedIds, askedPage, pathId } from "./data-scope.ts";
import { asked, askedCount, askedFlag, sentFields, tenantOf } from "./scope.ts";

export interface SessionRoutesNeeds {
  readonly authorise: Authorise;
  readonly projects: Projects;
  /** Resolves when what was sent so far can be read. */
  readonly settled: () => Promise<void>;
}

interface OfOne {
  Params: { id: string };
}

/** Projects, which the API calls sessions; those of a dataset are experiments. */
export function sessionRoutes(app: FastifyInstance, needs: SessionRoutesNeeds): void {
  const { authorise, projects, settled } = needs;
  app.post("/api/v1/sessions", async (request) => {
    const { tenantId } = tenantOf(authorise, request);
    const isUpsert = askedFlag(request, "upsert") ?? false;
    return toWireProject(await projects.create(sentFields(request), { tenantId, isUpsert }));
  });
  app.get("/api/v1/sessions", async (request) => {
    await settled();
    return projects.views(await listed(request, askedPage(request), needs), counting(request));
  });
  app.get("/api/v1/sessions/resolutions", async (request) => resolution(request, needs));
  app.get<OfOne>("/api/v1/sessions/:id", async (request) => {
    const { tenantId } = tenantOf(authorise, request);
    await settled();
    const project = await projects.find(pathId(request, "id"), tenantId);
    return (await projects.views([project], counting(request)))[0];
  });
  app.patch<OfOne>("/api/v1/sessions/:id", async (request) => {
    const { tenantId } = tenantOf(authorise, request);
    await settled();
    return toWireProject(
      await projects.update(pathId(request, "id"), sentFields(request), tenantId),
    );
  });
  app.delete<OfOne>("/api/v1/sessions/:id", async (request) => {
    const { tenantId } = tenantOf(authorise, request);
    await settled();
    await projects.remove(pathId(request, "id"), tenantId);
    return {};
  });
  secondVersion(app, needs);
}

function secondVersion(app: FastifyInstance, needs: SessionRoutesNeeds): void {
  const { projects, settled } = needs;
  app.get("/api/v2/sessions", async (request) => {
    await settled();
    const offset = cursorOf(request);
    const limit = askedCount(request, "page_size", { otherwise: 100, most: 100 });
    const found = await listed(request, { limit, offset }, needs);
    const views = await projects.views(found, counting(request));
    const next = found.length < limit ? null : String(offset + limit);
    return { items: views.map(toWireProject2), next_cursor: next };
  });
}

async function listed(
  request: FastifyRequest,
  page: { readonly limit: number; readonly offset: number },
  { authorise, projects }: SessionRoutesNeeds,
): Promise<readonly Project[]> {
  const { tenantId } = tenantOf(authorise, request);
  const wanted = askedFields(request, "metadata");
  const found = await projects.list({
    tenantId,
    ids: askedIds(request, "id"),
    name: asked(request, "name"),
    nameContains: asked(request, "name_contains"),
    referenceDatasetIds: askedIds(request, "reference_dataset"),
    isReferenceFree: askedFlag(request, "reference_free"),
    ...page,
  });
  return wanted ? found.filter(({ extra }) => hasMetadata(extra, wanted)) : found;
}

/** Every wanted value is there, whatever else is. */
function hasMetadata(extra: unknown, wanted: Readonly<Record<string, unknown>>): boolean {
  const metadata = (extra as { metadata?: Record<string, unknown> } | null)?.metadata ?? {};
  return Object.entries(wanted).every(
    ([key, value]) => JSON.stringify(metadata[key]) === JSON.stringify(value),
  );
}

function counting(request: FastifyRequest) {
  const isCounted = askedFlag(request, "include_stats") ?? false;
  return { isCounted, since: timeOf(asked(request, "stats_start_time")) };
}

function cursorOf(request: FastifyRequest): number {
  const text = asked(request, "cursor") ?? "";
  const offset = Number(text === "" ? 0 : text);
  if (Number.isSafeInteger(offset) && offset >= 0) return offset;
  throw new WeirError("invalid_request", '"cursor" is none that this server gave.', {
    param: "cursor",
  });
}

/** The project that an agent's environment, an experiment or an evaluator has. */
async function resolution(
  request: FastifyRequest,
  { authorise, projects, settled }: SessionRoutesNeeds,
) {
  const { tenantId } = tenantOf(authorise, request);
  await settled();
  const kind = (asked(request, "kind") ?? "").toUpperCase();
  const id = asked(request, "id") ?? "";
  const environment = (asked(request, "environment") ?? "").toLowerCase();
  const name =
    kind === "AGENT"
      ? `agents/${id}/environments/${environment}`
      : kind === "EVALUATOR"
        ? "evaluators"
        : id;
  const byName = await projects.list({ tenantId, name, limit: 1 });
  const [project] = byName.length > 0 || kind !== "EXPERIMENT" ? byName : await byId(id);
  if (project) return { session_id: project.id };
  throw new WeirError(
    "not_found",
    `There is no project for ${kind.toLowerCase()} "${id.slice(0, 100)}" here yet: it begins with its first run.`,
  );

  async function byId(id: string) {
    return /^[0-9a-f-]{36}$/i.test(id) ? projects.list({ tenantId, ids: [id], limit: 1 }) : [];
  }
}
