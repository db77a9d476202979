import type { Comparison, FilterValue, RunFilter } from "../../core/run-query.ts";
import { FILTER_FIELDS, isStatus } from "./filter-fields.ts";
import { shown, wrongAt } from "./filter-syntax.ts";

/** One condition as it is written: what of which field is compared with which values. */
export interface Term {
  readonly cmp: Comparison | "in" | "like" | "has";
  readonly field: string;
  readonly values: readonly FilterValue[];
  readonly at: number;
  /** The parameter that the filter came in. */
  readonly param: string;
}

const COMPARISONS: ReadonlySet<string> = new Set(["eq", "neq", "gt", "gte", "lt", "lte"]);
export const TERMS: ReadonlySet<string> = new Set([...COMPARISONS, "in", "like", "has"]);
/** Pairs that are one condition together: of which key, and what about it. */
export const PAIRS: Readonly<Record<string, string>> = {
  metadata_key: "metadata_value",
  feedback_key: "feedback_score",
};
/** One condition, together with the other one of its pair. */
export function ofTerm(term: Term, other: Term | undefined): RunFilter {
  const { field, cmp, values, at, param } = term;
  if (field === "metadata_key") return either(term, (key) => ofMetadata(String(key), other));
  if (field === "feedback_key") return either(term, (key) => ofFeedback(String(key), other));
  if (field === "tags" || field === "tag") {
    return either(term, (tag) => ({ op: "tag", value: String(tag) }));
  }
  if (field === "metadata" && cmp === "has") return ofMetadataObject(term);
  if (field === "status") return either(term, (status) => isStatus(String(status).toLowerCase()));
  if (field === "is_root") {
    return either(term, (isRoot) => ({
      op: isRoot === true ? "eq" : "neq",
      field: "parentId",
      value: null,
    }));
  }
  if (field === "error" && cmp !== "like") return ofError(term);
  const known = field === "error" ? ERROR_TEXT : FILTER_FIELDS[field];
  if (!known) throw wrongAt(param, at, whyUnknown(field));
  const read = values.map((value) => {
    const found = known.read(value);
    if (found === undefined) throw wrongAt(param, at, `needs ${known.wants} for ${field}`);
    return found;
  });
  const [value = null] = read;
  if (cmp === "like") return { op: "like", field: known.field, value: String(value) };
  if (cmp === "in" || cmp === "has") return { op: "in", field: known.field, values: read };
  return { op: cmp, field: known.field, value };
}

/** The condition for each value, one of which must hold; for neq none. */
function either(
  { cmp, values, at, field, param }: Term,
  of: (value: FilterValue) => RunFilter,
): RunFilter {
  if (cmp !== "eq" && cmp !== "neq" && cmp !== "in" && cmp !== "has") {
    throw wrongAt(param, at, `cannot compare ${field} by ${cmp}: use eq, neq, in or has`);
  }
  const filters = values.map(of);
  const [first] = filters;
  const any: RunFilter = filters.length === 1 && first ? first : { op: "or", of: filters };
  return cmp === "neq" ? { op: "not", of: any } : any;
}

function ofMetadata(key: string, other: Term | undefined): RunFilter {
  if (!other) return { op: "metadata", key, cmp: "eq" };
  const { cmp, values, at, param } = other;
  if (cmp === "like") throw wrongAt(param, at, "cannot compare metadata_value by like");
  const compare = cmp === "in" || cmp === "has" ? "eq" : cmp;
  const of = values.map((value): RunFilter => ({ op: "metadata", key, cmp: compare, value }));
  return of.length === 1 && of[0] ? of[0] : { op: "or", of };
}

function ofFeedback(key: string, other: Term | undefined): RunFilter {
  if (!other) return { op: "feedback", key };
  const { cmp, values, at, param } = other;
  const [value] = values;
  const score = typeof value === "boolean" ? Number(value) : value;
  if (typeof score !== "number" || cmp === "in" || cmp === "like" || cmp === "has") {
    throw wrongAt(param, at, "needs eq, neq, gt, gte, lt or lte and a number for feedback_score");
  }
  return { op: "feedback", key, cmp, score };
}

/** `has(metadata, '{"key": "value"}')`. */
function ofMetadataObject({ values, at, param }: Term): RunFilter {
  const wanted = objectOf(String(values[0]));
  if (!wanted) throw wrongAt(param, at, "needs a JSON object as a text for has(metadata, …)");
  const of = Object.entries(wanted).map(([key, value]): RunFilter => ({
    op: "metadata",
    key,
    cmp: "eq",
    value,
  }));
  return of.length === 1 && of[0] ? of[0] : { op: "and", of };
}

function ofError({ cmp, values, at, param }: Term): RunFilter {
  const [value = null] = values;
  if ((cmp === "eq" || cmp === "neq") && (value === null || typeof value === "boolean")) {
    // `eq(error, false)` and `eq(error, null)` ask for those without one.
    const wantsNone = (cmp === "eq") === (value !== true);
    return { op: wantsNone ? "eq" : "neq", field: "error", value: null };
  }
  throw wrongAt(
    param,
    at,
    'compares error with true, false or null; for its text use like(error, "%…%") or search("…")',
  );
}

const ERROR_TEXT = {
  field: "error",
  read: (value: FilterValue) => (typeof value === "string" ? value : undefined),
  wants: "a text",
} as const;

function whyUnknown(field: string): string {
  const pair = Object.entries(PAIRS).find(([, value]) => value === field);
  if (pair)
    return `has ${field} without ${pair[0]}: write and(eq(${pair[0]}, "…"), …(${field}, …))`;
  if (/^(input|output)_(key|value)$/.test(field)) {
    return `asks for ${field}, which is not kept apart: use search("…")`;
  }
  const names = [...Object.keys(FILTER_FIELDS), "status", "error", "tags", ...Object.keys(PAIRS)];
  return `has no field ${shown(field)}; there are: ${names.join(", ")}`;
}

function objectOf(text: string): Record<string, FilterValue> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    if (!isObject || Object.keys(value).length === 0) return undefined;
    const isFlat = Object.values(value).every((one) => typeof one !== "object" || one === null);
    return isFlat ? (value as Record<string, FilterValue>) : undefined; // just checked
  } catch {
    return undefined;
  }
}
