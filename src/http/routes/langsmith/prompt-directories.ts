import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { toWireCommit } from "../../../watch/langsmith/prompt.ts";
import { sentAs } from "./data-scope.ts";
import { type AskerOf, type PromptRoutesNeeds, placeOf } from "./prompt-scope.ts";
import { asked } from "./scope.ts";

const Push = z.object({
  files: z.record(z.string().min(1), z.record(z.string(), z.unknown()).nullable()),
  parent_commit: z.string().min(8).max(64).nullish(),
});

/** Agents and skills: folders of files with the history of a prompt. */
export function directoryRoutes(
  app: FastifyInstance,
  { prompts }: PromptRoutesNeeds,
  asker: AskerOf,
): void {
  const url = "/api/v1/platform/hub/repos/:owner/:repo/directories";
  app.get(url, async (request) => {
    const prompt = await prompts.find(asker(request), placeOf(request));
    const { id, name, value } = await prompts.commitOf(
      prompt,
      asked(request, "commit") ?? "latest",
    );
    return { commit_id: id, commit_hash: name, files: value.manifest["files"] ?? {} };
  });
  app.post(`${url}/commits`, async (request) => {
    const [who, place] = [asker(request), placeOf(request)];
    const { files, parent_commit } = sentAs(request, Push);
    const prompt = await prompts.findOwn(who, place);
    const before = prompt.value.last_commit_hash
      ? (await prompts.commitOf(prompt, "latest")).value.manifest["files"]
      : {};
    // What is not named stays, null takes a file away.
    const all = Object.entries({ ...(before as object), ...files });
    const manifest = { files: Object.fromEntries(all.filter(([, file]) => file !== null)) };
    const commit = await prompts.commit(who, place, { manifest, parent_commit });
    return { commit: toWireCommit(commit, place) };
  });
  app.delete(url, async (request) => {
    await prompts.remove(asker(request), placeOf(request));
    return {};
  });
}
