import { createHash } from "node:crypto";
import { toUuid } from "../../core/trace-ids.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const BARE = /^[0-9a-f]{32}$/;

/** A UUID of any version in lower case with dashes; undefined for anything else. */
export function uuidOf(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  if (UUID.test(value)) return value;
  const lower = value.trim().toLowerCase();
  if (UUID.test(lower)) return lower;
  return BARE.test(lower) ? toUuid(lower) : undefined;
}

/** The UUID that a name stands for, always the same: clients insist on UUIDs where we have names. */
export function uuidOfName(space: string, name: string): string {
  const hex = createHash("sha256").update(`${space}\0${name}`).digest("hex");
  return toUuid(`${hex.slice(0, 12)}8${hex.slice(13, 16)}a${hex.slice(17, 32)}`);
}

/** A project that nobody made by hand: the same for every process. */
export function projectIdOf(tenantId: string, name: string): string {
  return uuidOfName(`project of ${tenantId}`, name);
}

/** A tenant as LangSmith's workspaces are named. */
export function tenantUuid(tenantId: string): string {
  return uuidOf(tenantId) ?? uuidOfName("tenant", tenantId);
}
