import type { Prompt } from "./prompt.ts";

export interface PromptQuery {
  readonly query?: string | undefined;
  readonly isPublic?: boolean | undefined;
  readonly isArchived?: boolean | undefined;
  readonly hasCommits?: boolean | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly repoType?: string | undefined;
  readonly sortField?: string | undefined;
  readonly isAscending?: boolean | undefined;
  readonly limit: number;
  readonly offset: number;
}

/** Whether a prompt is meant. */
export function toTest({ query, isPublic, isArchived, hasCommits, tags, repoType }: PromptQuery) {
  const word = query?.toLowerCase();
  return ({ name, value }: Prompt): boolean =>
    (word === undefined ||
      `${name} ${value.description ?? ""} ${value.readme ?? ""}`.toLowerCase().includes(word)) &&
    (isPublic === undefined || value.is_public === isPublic) &&
    (isArchived === undefined || value.is_archived === isArchived) &&
    (hasCommits === undefined || value.num_commits > 0 === hasCommits) &&
    (!tags || tags.every((tag) => value.tags.includes(tag))) &&
    (repoType === undefined || value.repo_type === repoType);
}

export function byField(field: string | undefined): (a: Prompt, b: Prompt) => number {
  if (field === "num_likes") return (a, b) => a.value.liked_by.length - b.value.liked_by.length;
  if (field === "num_downloads") return (a, b) => a.value.num_downloads - b.value.num_downloads;
  if (field === "repo_handle") return (a, b) => (a.name < b.name ? -1 : 1);
  if (field === "created_at") return (a, b) => a.createdAt - b.createdAt;
  return (a, b) => a.value.updated_at - b.value.updated_at;
}
