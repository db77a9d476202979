import { WeirError } from "../../core/errors.ts";
import { DEFAULT_PROJECT, type Project } from "../../core/run.ts";
import type { ProjectQuery } from "../../core/run-query.ts";
import type { Traces } from "../trace/traces.ts";
import { type Wire, isWire } from "./run-fields.ts";
import { projectFigures } from "./project-figures.ts";
import { toWireProject } from "./project-view.ts";
import { projectIdOf, uuidOf } from "./uuid.ts";
import { timeOf } from "./wire-time.ts";

export interface ProjectsNeeds {
  readonly traces: Traces;
  readonly now: () => number;
  readonly newId: () => string;
}

const MAX_NAME = 1000;

export type Projects = ReturnType<typeof createProjects>;

/** Projects: what the API calls sessions, experiments among them. */
export function createProjects({ traces, now, newId }: ProjectsNeeds) {
  return {
    /** A fresh server has one project: SDKs learn their workspace's id from it. */
    async list(query: ProjectQuery & { readonly tenantId: string }): Promise<Project[]> {
      const found = await traces.projects(query);
      const { tenantId, limit: _limit, offset = 0, ...conditions } = query;
      const isAnything = Object.values(conditions).every((value) => value === undefined);
      if (found.length > 0 || offset > 0 || !isAnything) return found;
      await ensureDefault(traces, tenantId, now());
      return traces.projects(query);
    },

    find: (id: string, tenantId: string) => byId(traces, id, tenantId),

    /** `POST /sessions`; with `isUpsert` a project of that name is changed. Rejects with conflict otherwise. */
    async create(
      wire: Wire,
      { tenantId, isUpsert }: { readonly tenantId: string; readonly isUpsert: boolean },
    ): Promise<Project> {
      const name = nameOf(wire["name"]) ?? `project-${now()}`;
      const [before] = await traces.projects({ tenantId, name, limit: 1 });
      if (before && !isUpsert) throw taken(name);
      const project = changed(
        before ?? {
          id: uuidOf(wire["id"]) ?? newId(),
          tenantId,
          name,
          description: null,
          startAt: timeOf(wire["start_time"]) ?? now(),
          endAt: null,
          referenceDatasetId: null,
          extra: {},
          lastRunAt: null,
        },
        wire,
      );
      await put(traces, project);
      return project;
    },

    async update(id: string, wire: Wire, tenantId: string): Promise<Project> {
      const project = changed(await byId(traces, id, tenantId), wire);
      await put(traces, project);
      return project;
    },

    async remove(id: string, tenantId: string): Promise<void> {
      await byId(traces, id, tenantId);
      await traces.removeProject(id);
    },

    /** As clients see them; figures where they are asked for. */
    async views(
      projects: readonly Project[],
      {
        isCounted,
        since = 0,
      }: { readonly isCounted: boolean; readonly since?: number | undefined },
    ): Promise<Wire[]> {
      const figures = isCounted
        ? await projectFigures(traces, projects, since)
        : new Map<string, Wire>();
      return projects.map((project) => ({ ...toWireProject(project), ...figures.get(project.id) }));
    },
  };
}

async function byId(traces: Traces, id: string, tenantId: string): Promise<Project> {
  const [project] = await traces.projects({ tenantId, ids: [id], limit: 1 });
  if (project) return project;
  throw new WeirError("not_found", `There is no project (session) ${id} here.`);
}

async function put(traces: Traces, { lastRunAt: _lastRunAt, ...project }: Project): Promise<void> {
  await traces.putProject(project);
}

async function ensureDefault(traces: Traces, tenantId: string, now: number): Promise<void> {
  try {
    await traces.putProject({
      id: projectIdOf(tenantId, DEFAULT_PROJECT),
      tenantId,
      name: DEFAULT_PROJECT,
      description: null,
      startAt: now,
      endAt: null,
      referenceDatasetId: null,
      extra: {},
    });
  } catch (cause) {
    // A run of the default project came in between.
    if (!(cause instanceof WeirError) || cause.code !== "conflict") throw cause;
  }
}

/** What the request says over what there is: null clears, absent leaves. */
function changed(project: Project, wire: Wire): Project {
  const { description, end_time: end, extra } = wire;
  const reference = wire["reference_dataset_id"];
  return {
    ...project,
    name: nameOf(wire["name"]) ?? project.name,
    description: textOr(description, project.description),
    endAt: end === undefined ? project.endAt : (timeOf(end) ?? null),
    referenceDatasetId:
      reference === undefined ? project.referenceDatasetId : (uuidOf(reference) ?? null),
    // What it does not name stays: SDKs send an empty one where their caller said nothing.
    extra: isWire(extra) ? { ...(project.extra as Wire | null), ...extra } : project.extra,
  };
}

/** Null clears a text, something else than a text leaves it. */
function textOr(value: unknown, before: string | null): string | null {
  return typeof value === "string" || value === null ? value : before;
}

function nameOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string" && value !== "" && value.length <= MAX_NAME) return value;
  throw new WeirError("invalid_request", `"name" must be a text of 1 to ${MAX_NAME} characters.`, {
    param: "name",
  });
}

function taken(name: string): WeirError {
  const message = `A project (session) named "${name.slice(0, 100)}" exists already. Add ?upsert=true to change it.`;
  return new WeirError("conflict", message, { param: "name" });
}
