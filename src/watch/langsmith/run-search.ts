import { WeirError } from "../../core/errors.ts";
import type { RunFilter, RunQuery } from "../../core/run-query.ts";
import { filterOf } from "./filter-language.ts";
import type { Wire } from "./run-fields.ts";
import { uuidOf } from "./uuid.ts";
import { timeOf } from "./wire-time.ts";

/** A search as clients write it, in the terms of kept runs. */
export interface RunSearch {
  readonly filter: RunFilter | undefined;
  readonly isRoot: boolean | undefined;
  readonly order: "asc" | "desc";
  readonly limit: number;
  readonly cursor: string | undefined;
}

const PAGE = 100;
const MOST = 1000;
const DAY_MS = 86_400_000;

/** `POST /runs/query` and what else takes its parameters. Throws invalid_request naming the parameter. */
export function searchOf(body: Wire): RunSearch {
  return {
    filter: allOf([
      oneOf("projectId", body, "session"),
      oneOf("id", body, "id"),
      oneOf("traceId", body, "trace"),
      oneOf("parentId", body, "parent_run"),
      oneOf("referenceExampleId", body, "reference_example"),
      typeFilter(body["run_type"]),
      errorFilter(body["error"]),
      timeFilter("gte", body, "start_time"),
      timeFilter("lte", body, "end_time"),
      given(body["query"]) ? { op: "search", text: textOf(body, "query") } : undefined,
      ...languageFilters(body),
      body["is_root"] === false ? CHILD : undefined,
    ]),
    isRoot: body["is_root"] === true || body["execution_order"] === 1 ? true : undefined,
    order: body["order"] === "asc" ? "asc" : "desc",
    limit: limitOf(body["limit"], "limit"),
    cursor: cursorOf(body["cursor"]),
  };
}

/** `POST /api/v2/runs/query`: without times, the last day. */
export function searchOf2(body: Wire, now: number): RunSearch {
  const since = given(body["min_start_time"]) ? undefined : now - DAY_MS;
  const isExact = given(body["ids"]) || given(body["trace_id"]) || given(body["trace_ids"]);
  return {
    filter: allOf([
      oneOf("projectId", body, given(body["project_id"]) ? "project_id" : "project_ids"),
      oneOf("id", body, "ids"),
      oneOf("traceId", body, given(body["trace_ids"]) ? "trace_ids" : "trace_id"),
      oneOf("referenceExampleId", body, "reference_examples"),
      typeFilter(body["run_type"]),
      errorFilter(body["has_error"]),
      since === undefined || isExact
        ? timeFilter("gte", body, "min_start_time")
        : { op: "gte", field: "startTime", value: since },
      timeFilter("lte", body, "max_start_time"),
      ...languageFilters(body),
      body["is_root"] === false ? CHILD : undefined,
    ]),
    isRoot: body["is_root"] === true ? true : undefined,
    order: body["sort_order"] === "ASC" ? "asc" : "desc",
    limit: limitOf(body["page_size"], "page_size"),
    cursor: cursorOf(body["cursor"]),
  };
}

/** The same for a tenant's store. */
export function queryOf(search: RunSearch, tenantId: string): RunQuery {
  return { tenantId, ...search };
}

export function allOf(filters: readonly (RunFilter | undefined)[]): RunFilter | undefined {
  const of = filters.filter((filter) => filter !== undefined);
  return of.length < 2 ? of[0] : { op: "and", of };
}

const CHILD: RunFilter = { op: "neq", field: "parentId", value: null };

function languageFilters(body: Wire): (RunFilter | undefined)[] {
  const read = (param: string) => {
    return given(body[param]) && body[param] !== ""
      ? filterOf(textOf(body, param), param)
      : undefined;
  };
  const [own, root, tree] = [read("filter"), read("trace_filter"), read("tree_filter")];
  return [own, root && { op: "root", of: root }, tree && { op: "tree", of: tree }];
}

type IdField = "projectId" | "id" | "traceId" | "parentId" | "referenceExampleId";

/** One id or several; something that is no id matches nothing, as an id that nothing has. */
function oneOf(field: IdField, body: Wire, param: string): RunFilter | undefined {
  const value = body[param];
  if (!given(value) || (Array.isArray(value) && value.length === 0)) return undefined;
  const all: readonly unknown[] = Array.isArray(value) ? value : [value];
  const values = all.map((one) => {
    const id = uuidOf(one);
    if (id !== undefined) return id;
    throw new WeirError("invalid_request", `"${param}" must be a UUID, or a list of them.`, {
      param,
      status: 422,
    });
  });
  const [first] = values;
  return values.length === 1 && first !== undefined
    ? { op: "eq", field, value: first }
    : { op: "in", field, values };
}

function typeFilter(value: unknown): RunFilter | undefined {
  return typeof value === "string" && value !== ""
    ? { op: "eq", field: "type", value: value.toLowerCase() }
    : undefined;
}

function errorFilter(value: unknown): RunFilter | undefined {
  if (typeof value !== "boolean") return undefined;
  return { op: value ? "neq" : "eq", field: "error", value: null };
}

function timeFilter(op: "gte" | "lte", body: Wire, param: string): RunFilter | undefined {
  if (!given(body[param])) return undefined;
  const at = timeOf(body[param]);
  if (at !== undefined) return { op, field: "startTime", value: at };
  throw new WeirError("invalid_request", `"${param}" must be a time, as 2026-11-23T10:37:18Z.`, {
    param,
  });
}

function textOf(body: Wire, param: string): string {
  const value = body[param];
  if (typeof value === "string") return value;
  throw new WeirError("invalid_request", `"${param}" must be a text.`, { param });
}

function limitOf(value: unknown, param: string): number {
  if (!given(value)) return PAGE;
  const limit = Number(value);
  if (Number.isSafeInteger(limit) && limit > 0) return Math.min(limit, MOST);
  throw new WeirError("invalid_request", `"${param}" must be a whole number from 1.`, { param });
}

function cursorOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function given(value: unknown): boolean {
  return value !== undefined && value !== null;
}
