import { WeirError } from "../../core/errors.ts";
import type { ShelfWrite } from "../../core/shelf.ts";
import type { DataNeeds } from "./data-needs.ts";
import { type PromptQuery, byField, toTest } from "./prompt-query.ts";
import { createTurns } from "./in-turn.ts";
import {
  COMMIT,
  COMMIT_TAG,
  type Commit,
  type NewCommit,
  type NewPrompt,
  PROMPT,
  type Place,
  type Prompt,
  type PromptChange,
  type PromptValue,
  canonicalJson,
  commitHash,
  toCommit,
  toPrompt,
} from "./prompt.ts";

const MANY = 10_000;
/** Fewer letters of a hash name too many. */
const MIN_HASH = 7;

/** Who asks: the owner of a prompt is its tenant, "-" is one's own. */
export interface Asker {
  readonly tenantId: string;
  readonly name: string;
}

/** The prompt hub: prompts by name, their commits in a line, tags on commits. */
export class Prompts {
  readonly #needs: DataNeeds;
  readonly #inTurn = createTurns();

  constructor(needs: DataNeeds) {
    this.#needs = needs;
  }

  async find(asker: Asker, { owner, repo }: Place): Promise<Prompt> {
    const isOwn = owner === "-" || owner === asker.tenantId;
    const tenantId = isOwn ? asker.tenantId : owner;
    const [record] = await this.#needs.shelf.list({ kind: PROMPT, tenantId, name: repo, limit: 1 });
    const prompt = record && toPrompt(record);
    if (prompt && (isOwn || prompt.value.is_public)) return prompt;
    throw new WeirError("not_found", `Prompt not found: there is no ${owner}/${repo}.`, {
      param: "repo",
    });
  }

  /** As `find`, to change it: others' public ones can only be read. */
  async findOwn(asker: Asker, place: Place): Promise<Prompt> {
    const prompt = await this.find(asker, place);
    if (prompt.tenantId === asker.tenantId) return prompt;
    throw new WeirError("forbidden", `${place.owner}/${place.repo} belongs to another tenant.`, {
      param: "owner",
    });
  }

  #putOf({ id, tenantId, name, version }: Prompt, value: PromptValue): ShelfWrite {
    return {
      op: "put",
      kind: PROMPT,
      tenantId,
      id,
      name,
      value,
      at: this.#needs.now(),
      ifVersion: version,
    };
  }

  async #change(asker: Asker, place: Place, decide: (value: PromptValue) => PromptValue) {
    const { id } = await this.findOwn(asker, place);
    return this.#inTurn(id, async () => {
      const prompt = await this.findOwn(asker, place);
      const value = decide(prompt.value);
      await this.#needs.shelf.write([this.#putOf(prompt, value)]);
      return { ...prompt, value };
    });
  }

  async commitsOf({ id, tenantId }: Prompt): Promise<Commit[]> {
    const all = await this.#needs.shelf.list({ kind: COMMIT, tenantId, parentId: id, limit: MANY });
    // Several of one moment: the later one first.
    return all.map(toCommit).toSorted((a, b) => b.createdAt - a.createdAt);
  }

  /** By `latest`, a tag, or the beginning of its hash. */
  async commitOf(prompt: Prompt, reference: string): Promise<Commit> {
    const { tenantId, id: parentId } = prompt;
    const tagged = await this.#needs.shelf.get(COMMIT_TAG, `${parentId}:${reference}`, tenantId);
    const { commit_id: taggedId } = (tagged?.value ?? {}) as { commit_id?: string }; // as tagged below
    const commits = await this.commitsOf(prompt);
    const found = commits.find(
      ({ id, name }) =>
        (taggedId === undefined && reference === "latest") ||
        id === taggedId ||
        id === reference ||
        (reference.length >= MIN_HASH && name.startsWith(reference)),
    );
    if (found) return found;
    throw new WeirError(
      "not_found",
      `Commit not found: ${prompt.name} has no commit "${reference.slice(0, 80)}".`,
      { param: "commit" },
    );
  }

  async create(asker: Asker, sent: NewPrompt): Promise<Prompt> {
    const at = this.#needs.now();
    const value: PromptValue = {
      repo_type: sent.repo_type ?? "prompt",
      description: sent.description ?? null,
      readme: sent.readme ?? null,
      tags: sent.tags ?? [],
      is_public: sent.is_public ?? false,
      is_archived: false,
      liked_by: [],
      num_downloads: 0,
      num_commits: 0,
      last_commit_hash: null,
      updated_at: at,
    };
    const { tenantId } = asker;
    const name = sent.repo_handle;
    const id = this.#needs.newId();
    await this.#needs.shelf.write([
      { op: "put", kind: PROMPT, tenantId, id, name, value, at, ifVersion: 0 },
    ]);
    return this.find(asker, { owner: "-", repo: name });
  }

  async list(asker: Asker, query: PromptQuery) {
    const own = await this.#needs.shelf.list({
      kind: PROMPT,
      tenantId: asker.tenantId,
      limit: MANY,
    });
    const found = own.map(toPrompt).filter(toTest(query)).toSorted(byField(query.sortField));
    const ordered = query.isAscending ? found : found.toReversed();
    const { limit, offset } = query;
    return { prompts: ordered.slice(offset, offset + limit), total: found.length };
  }

  update(asker: Asker, place: Place, sent: PromptChange): Promise<Prompt> {
    const named = Object.entries(sent).filter(([, field]) => field !== undefined && field !== null);
    return this.#change(asker, place, (value) => ({
      ...value,
      ...Object.fromEntries(named),
      updated_at: this.#needs.now(),
    }));
  }

  async remove(asker: Asker, place: Place): Promise<void> {
    const { id, tenantId } = await this.findOwn(asker, place);
    await this.#needs.shelf.write([
      { op: "remove", kind: PROMPT, tenantId, id },
      { op: "remove-under", kind: COMMIT, tenantId, parentId: id },
      { op: "remove-under", kind: COMMIT_TAG, tenantId, parentId: id },
    ]);
  }

  async like(asker: Asker, place: Place, isLiked: boolean): Promise<number> {
    const { value } = await this.#change(asker, place, (before) => {
      const others = before.liked_by.filter((name) => name !== asker.name);
      return { ...before, liked_by: isLiked ? [...others, asker.name] : others };
    });
    return value.liked_by.length;
  }

  /** Notes that it was pulled. A count that another replica changed just now is let be. */
  async notePull(asker: Asker, place: Place): Promise<void> {
    const { tenantId } = await this.find(asker, place);
    if (tenantId !== asker.tenantId) return;
    const counted = (value: PromptValue) => ({
      ...value,
      num_downloads: value.num_downloads + 1,
    });
    await this.#change(asker, place, counted).catch((cause: unknown) => {
      if (!(cause instanceof WeirError && cause.code === "conflict")) throw cause;
    });
  }

  /** Rejects with conflict when nothing changed, or when its parent is not the newest any more. */
  async commit(asker: Asker, place: Place, sent: NewCommit): Promise<Commit> {
    const { id: promptId } = await this.findOwn(asker, place);
    return this.#inTurn(promptId, async () => {
      const prompt = await this.findOwn(asker, place);
      const latest = (await this.commitsOf(prompt)).find(
        ({ name }) => name === prompt.value.last_commit_hash,
      );
      checkParent(prompt, latest, sent);
      const { tenantId } = prompt;
      const name = commitHash(sent.manifest, latest?.name ?? null);
      const at = Math.max(this.#needs.now(), (latest?.createdAt ?? 0) + 1);
      const id = this.#needs.newId();
      const value: Commit["value"] = {
        manifest: sent.manifest,
        parent: latest ? { id: latest.id, hash: latest.name } : null,
        description: sent.description ?? null,
        author: asker.name,
      };
      const next: PromptValue = {
        ...prompt.value,
        num_commits: prompt.value.num_commits + 1,
        last_commit_hash: name,
        updated_at: at,
      };
      await this.#needs.shelf.write([
        this.#putOf(prompt, next),
        {
          op: "put",
          kind: COMMIT,
          tenantId,
          id,
          parentId: promptId,
          name,
          value,
          at,
          ifVersion: 0,
        },
      ]);
      return this.commitOf({ ...prompt, value: next }, id);
    });
  }

  async tags({ id, tenantId }: Prompt) {
    return this.#needs.shelf.list({ kind: COMMIT_TAG, tenantId, parentId: id, limit: MANY });
  }

  /** Gives a commit a tag, which it takes from another. */
  async tag(asker: Asker, place: Place, { tag, commitId }: { tag: string; commitId: string }) {
    const prompt = await this.findOwn(asker, place);
    const { id, name: hash } = await this.commitOf(prompt, commitId);
    const { tenantId, id: parentId } = prompt;
    const value = { commit_id: id, commit_hash: hash };
    const put = { op: "put", kind: COMMIT_TAG, tenantId, parentId, name: tag, value } as const;
    await this.#needs.shelf.write([{ ...put, id: `${parentId}:${tag}`, at: this.#needs.now() }]);
    return { id: `${parentId}:${tag}`, repo_id: parentId, tag_name: tag, ...value };
  }

  async untag(asker: Asker, place: Place, tag: string): Promise<void> {
    const { id, tenantId } = await this.findOwn(asker, place);
    await this.#needs.shelf.write([
      { op: "remove", kind: COMMIT_TAG, tenantId, id: `${id}:${tag}` },
    ]);
  }
}

function checkParent({ name }: Prompt, latest: Commit | undefined, sent: NewCommit): void {
  const { parent_commit: parent } = sent;
  if (parent && !latest) {
    throw new WeirError("conflict", `${name} has no commit yet: parent_commit must be absent.`, {
      param: "parent_commit",
    });
  }
  if (parent && latest && !(parent.length >= MIN_HASH && latest.name.startsWith(parent))) {
    throw new WeirError(
      "conflict",
      `parent_commit: somebody committed meanwhile; the latest commit of ${name} is ${latest.name.slice(0, 8)}. Pull it and commit again.`,
      { param: "parent_commit" },
    );
  }
  if (latest && canonicalJson(latest.value.manifest) === canonicalJson(sent.manifest)) {
    throw new WeirError(
      "conflict",
      "Nothing to commit: prompt has not changed since latest commit.",
      { param: "manifest" },
    );
  }
}
