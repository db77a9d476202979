import type { AttachmentPart, RunPart } from "../../core/run.ts";

/** Whether a value says nothing: SDKs send empty objects and lists for what they do not know yet. */
function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === "") return true;
  if (typeof value !== "object") return false;
  if (Array.isArray(value)) return value.length === 0;
  for (const _ in value) return false;
  return true;
}

/**
 * What two parts of one run say together: a patch stands over a post, of the same kind the later one
 * stands over the earlier; what is empty erases nothing; `extra` is merged deeply, attachments by name.
 */
export function mergeParts(known: RunPart | undefined, part: RunPart): RunPart {
  if (!known) return part;
  const isUnder = part.kind === "post" && known.kind === "patch";
  return isUnder ? overlay(part, known) : overlay(known, part);
}

function overlay(base: RunPart, top: RunPart): RunPart {
  const merged: Record<string, unknown> = { ...base };
  for (const [field, value] of Object.entries(top)) {
    if (!isEmpty(value)) merged[field] = value;
  }
  merged["extra"] = mergeDeeply(base.extra, top.extra);
  if (base.attachments && top.attachments) {
    merged["attachments"] = mergeAttachments(base.attachments, top.attachments);
  }
  if (base.truncated && top.truncated) {
    merged["truncated"] = [...new Set([...base.truncated, ...top.truncated])];
  }
  merged["kind"] = base.kind === "patch" || top.kind === "patch" ? "patch" : "post";
  return merged as unknown as RunPart; // every field is one of the two parts' own
}

/** Depth is bounded: what SDKs merge lies in `extra.metadata` and `extra.runtime`. */
const MAX_DEPTH = 4;

function mergeDeeply(base: unknown, top: unknown, depth = 0): unknown {
  if (isEmpty(top)) return base;
  if (!isObject(base) || !isObject(top) || depth === MAX_DEPTH) return top;
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(top)) {
    merged[key] = mergeDeeply(base[key], value, depth + 1);
  }
  return merged;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function mergeAttachments(
  base: readonly AttachmentPart[],
  top: readonly AttachmentPart[],
): AttachmentPart[] {
  const byName = new Map([...base, ...top].map((attachment) => [attachment.name, attachment]));
  return [...byName.values()];
}
