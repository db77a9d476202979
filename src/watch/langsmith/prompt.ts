import { createHash } from "node:crypto";
import { z } from "zod";
import type { ShelfRecord } from "../../core/shelf.ts";
import { isoTime } from "./dataset.ts";
import { tenantUuid } from "./uuid.ts";

/** A prompt of the hub, its commits and their tags. Agents and skills are prompts with files. */

export const PROMPT = "prompt";
export const COMMIT = "prompt-commit";
export const COMMIT_TAG = "prompt-tag";

const Text = z.string().max(1_000_000).nullish();
const Tags = z.array(z.string().max(200)).max(100).nullish();

export const NewPrompt = z.object({
  repo_handle: z
    .string()
    .max(200)
    .regex(
      /^[a-z][a-z0-9-_]*$/i,
      "must begin with a letter and hold letters, digits, - and _ only",
    ),
  repo_type: z.enum(["prompt", "agent", "skill", "file"]).nullish(),
  description: Text,
  readme: Text,
  tags: Tags,
  is_public: z.boolean().nullish(),
});
export type NewPrompt = z.infer<typeof NewPrompt>;

export const PromptChange = z.object({
  description: Text,
  readme: Text,
  tags: Tags,
  is_public: z.boolean().nullish(),
  is_archived: z.boolean().nullish(),
});
export type PromptChange = z.infer<typeof PromptChange>;

export const NewCommit = z.object({
  manifest: z.record(z.string(), z.unknown()),
  parent_commit: z.string().nullish(),
  description: Text,
  skip_webhooks: z.unknown().optional(),
});
export type NewCommit = Omit<z.infer<typeof NewCommit>, "skip_webhooks">;

export interface PromptValue {
  readonly repo_type: string;
  readonly description: string | null;
  readonly readme: string | null;
  readonly tags: readonly string[];
  readonly is_public: boolean;
  readonly is_archived: boolean;
  /** Names of keys. */
  readonly liked_by: readonly string[];
  readonly num_downloads: number;
  readonly num_commits: number;
  readonly last_commit_hash: string | null;
  readonly updated_at: number;
}

export interface Prompt extends ShelfRecord {
  readonly name: string;
  readonly value: PromptValue;
}
export const toPrompt = (record: ShelfRecord): Prompt => record as Prompt; // only this room writes them

export interface CommitValue {
  readonly manifest: Readonly<Record<string, unknown>>;
  readonly parent: { readonly id: string; readonly hash: string } | null;
  readonly description: string | null;
  readonly author: string;
}

/** Its name is its hash. */
export interface Commit extends ShelfRecord {
  readonly name: string;
  readonly value: CommitValue;
}
export const toCommit = (record: ShelfRecord): Commit => record as Commit; // only this room writes them

/** Of what is committed and what it follows: the same text twice in a row is the same commit. */
export function commitHash(manifest: unknown, parent: string | null): string {
  return createHash("sha256")
    .update(`${parent ?? ""}\n${canonicalJson(manifest)}`)
    .digest("hex");
}

/** JSON with its keys in order. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, one: unknown) =>
    typeof one === "object" && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  );
}

/** The prompt of a manifest alone: one that was saved with its model is a sequence of both. */
export function withoutModel(manifest: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { id, kwargs } = manifest;
  const name = Array.isArray(id) ? String(id.at(-1)) : "";
  const { first } = (kwargs ?? {}) as Record<string, unknown>; // as LangChain writes a sequence
  const isSequence = name === "RunnableSequence" || name === "PromptPlayground";
  return isSequence && typeof first === "object" && first !== null ? { ...first } : { ...manifest };
}

export function toWirePrompt({ id, tenantId, name, value, createdAt }: Prompt, caller: string) {
  const owner = value.is_public ? tenantId : null;
  return {
    id,
    repo_handle: name,
    repo_type: value.repo_type,
    description: value.description,
    readme: value.readme,
    tenant_id: tenantUuid(tenantId),
    created_at: isoTime(createdAt),
    updated_at: isoTime(value.updated_at),
    is_public: value.is_public,
    is_archived: value.is_archived,
    tags: value.tags,
    original_repo_id: null,
    upstream_repo_id: null,
    owner,
    full_name: `${owner ?? "-"}/${name}`,
    num_likes: value.liked_by.length,
    num_downloads: value.num_downloads,
    num_views: 0,
    liked_by_auth_user: value.liked_by.includes(caller),
    last_commit_hash: value.last_commit_hash,
    num_commits: value.num_commits,
    original_repo_full_name: null,
    upstream_repo_full_name: null,
  };
}

export function toWireCommit({ id, name, value, createdAt, parentId }: Commit, place: Place) {
  return {
    id,
    commit_hash: name,
    manifest: value.manifest,
    repo_id: parentId,
    owner: place.owner,
    repo: place.repo,
    full_name: `${place.owner}/${place.repo}`,
    parent_id: value.parent?.id ?? null,
    parent_commit_hash: value.parent?.hash ?? null,
    description: value.description,
    created_at: isoTime(createdAt),
    updated_at: isoTime(createdAt),
    example_run_ids: [],
    examples: [],
    num_downloads: 0,
    num_views: 0,
    author: value.author,
  };
}

/** How a prompt was asked for. */
export interface Place {
  readonly owner: string;
  readonly repo: string;
}
