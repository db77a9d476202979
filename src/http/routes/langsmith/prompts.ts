import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import {
  NewCommit,
  NewPrompt,
  PromptChange,
  toWireCommit,
  toWirePrompt,
  withoutModel,
} from "../../../watch/langsmith/prompt.ts";
import type { Asker } from "../../../watch/langsmith/prompts.ts";
import { askedPage, askedSome, pathText, sentAs } from "./data-scope.ts";
import { type AskerOf, type PromptRoutesNeeds, placeOf } from "./prompt-scope.ts";
import { directoryRoutes } from "./prompt-directories.ts";
import { asked, askedFlag, tenantOf } from "./scope.ts";

const Like = z.object({ like: z.boolean() });
const Tag = z.object({
  tag_name: z
    .string()
    .trim()
    .min(1)
    .max(200)
    .regex(/^[^\0/:]+$/, "must hold no / and no :"),
  commit_id: z.string().min(1),
});
const TagMove = z.object({ commit_id: z.string().min(1) });

/** The prompt hub: prompts, likes, commits and their tags. */
export function promptRoutes(app: FastifyInstance, needs: PromptRoutesNeeds): void {
  const { authorise, prompts } = needs;
  const asker = (request: FastifyRequest): Asker => {
    const { tenantId, keyName } = tenantOf(authorise, request);
    return { tenantId, name: keyName };
  };

  app.get("/api/v1/repos", async (request) => {
    const who = asker(request);
    const found = await prompts.list(who, askedPrompts(request));
    return {
      repos: found.prompts.map((prompt) => toWirePrompt(prompt, who.name)),
      total: found.total,
    };
  });
  app.post("/api/v1/repos", async (request) => {
    const who = asker(request);
    return { repo: toWirePrompt(await prompts.create(who, sentAs(request, NewPrompt)), who.name) };
  });
  app.get("/api/v1/repos/:owner/:repo", async (request) => {
    const who = asker(request);
    return { repo: toWirePrompt(await prompts.find(who, placeOf(request)), who.name) };
  });
  app.patch("/api/v1/repos/:owner/:repo", async (request) => {
    const who = asker(request);
    const changed = await prompts.update(who, placeOf(request), sentAs(request, PromptChange));
    return { repo: toWirePrompt(changed, who.name) };
  });
  app.delete("/api/v1/repos/:owner/:repo", async (request) => {
    await prompts.remove(asker(request), placeOf(request));
    return {};
  });
  app.post("/api/v1/likes/:owner/:repo", async (request) => {
    const { like } = sentAs(request, Like);
    return { likes: await prompts.like(asker(request), placeOf(request), like) };
  });
  commitRoutes(app, needs, asker);
  tagRoutes(app, needs, asker);
  directoryRoutes(app, needs, asker);
}

function askedPrompts(request: FastifyRequest) {
  return {
    query: asked(request, "query"),
    isPublic: askedFlag(request, "is_public"),
    isArchived: askedFlag(request, "is_archived"),
    hasCommits: askedFlag(request, "has_commits"),
    tags: askedSome(request, "tags"),
    repoType: asked(request, "repo_type"),
    sortField: asked(request, "sort_field"),
    isAscending: asked(request, "sort_direction") === "asc",
    ...askedPage(request, 20),
  };
}

function commitRoutes(app: FastifyInstance, { prompts }: PromptRoutesNeeds, asker: AskerOf): void {
  app.get("/api/v1/commits/:owner/:repo", async (request) => {
    const place = placeOf(request);
    const { limit, offset } = askedPage(request);
    const all = await prompts.commitsOf(await prompts.find(asker(request), place));
    return {
      commits: all.slice(offset, offset + limit).map((commit) => toWireCommit(commit, place)),
      total: all.length,
    };
  });
  app.get("/api/v1/commits/:owner/:repo/:commit", async (request) => {
    const [who, place] = [asker(request), placeOf(request)];
    const prompt = await prompts.find(who, place);
    const commit = await prompts.commitOf(prompt, pathText(request, "commit"));
    await prompts.notePull(who, place);
    const wire = toWireCommit(commit, place);
    return askedFlag(request, "include_model")
      ? wire
      : { ...wire, manifest: withoutModel(wire.manifest) };
  });
  app.post("/api/v1/commits/:owner/:repo", async (request) => {
    const place = placeOf(request);
    const commit = await prompts.commit(asker(request), place, sentAs(request, NewCommit));
    return { commit: toWireCommit(commit, place) };
  });
}

function tagRoutes(app: FastifyInstance, { prompts }: PromptRoutesNeeds, asker: AskerOf): void {
  const url = "/api/v1/repos/:owner/:repo/tags";
  app.get(url, async (request) => {
    const found = await prompts.tags(await prompts.find(asker(request), placeOf(request)));
    return found.map(({ id, name, parentId, value }) => ({
      id,
      repo_id: parentId,
      tag_name: name,
      ...(value as object), // as the hub keeps it
    }));
  });
  app.post(url, async (request) => {
    const { tag_name: tag, commit_id: commitId } = sentAs(request, Tag);
    return prompts.tag(asker(request), placeOf(request), { tag, commitId });
  });
  app.patch(`${url}/:tag`, async (request) => {
    const { commit_id: commitId } = sentAs(request, TagMove);
    const tag = pathText(request, "tag");
    return prompts.tag(asker(request), placeOf(request), { tag, commitId });
  });
  app.delete(`${url}/:tag`, async (request, reply) => {
    await prompts.untag(asker(request), placeOf(request), pathText(request, "tag"));
    return reply.code(204).send();
  });
}
