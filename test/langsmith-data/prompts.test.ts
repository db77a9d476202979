import { load } from "@langchain/core/load";
import { ChatPromptTemplate } from "@langchain/core/prompts";
import { RunnableSequence } from "@langchain/core/runnables";
import { ChatOpenAI } from "@langchain/openai";
import { Client } from "langsmith";
import { Client as Client05 } from "langsmith-0-5-26";
import { expect, it } from "vitest";
import { ADMIN_KEY, startServer } from "../support/server.ts";

/** The prompt hub with the vendor's clients and LangChain's prompts. */

const manifest = (text: string) => ({
  lc: 1,
  type: "constructor",
  id: ["langchain_core", "prompts", "prompt", "PromptTemplate"],
  kwargs: { template: text, input_variables: [], template_format: "f-string" },
});

async function start() {
  const server = await startServer();
  const apiUrl = new URL("/api/v1", server.url).href;
  return { server, apiUrl, client: new Client({ apiUrl, apiKey: ADMIN_KEY }) };
}

async function tenantClient(server: Awaited<ReturnType<typeof startServer>>, id: string) {
  await server.call("/admin/v1/tenants", { id });
  const wish = { name: id, tenant: id, scopes: ["traces"] };
  const { key } = (await (await server.call("/admin/v1/keys", wish)).json()) as { key: string };
  return new Client({ apiUrl: new URL("/api/v1", server.url).href, apiKey: key });
}

it("pushes LangChain's prompts and pulls them as they were", async () => {
  const { client } = await start();
  const prompt = ChatPromptTemplate.fromMessages([
    ["system", "Be {mood}."],
    ["human", "{question}"],
  ]);
  const url = await client.pushPrompt("greeter", { object: prompt, description: "Hello" });
  const { commit_hash: hash, manifest: kept } = await client.pullPromptCommit("greeter");
  expect(url).toContain(`/prompts/greeter/${hash.slice(0, 8)}`);
  expect(hash).toMatch(/^[0-9a-f]{64}$/);
  const pulled = await load<ChatPromptTemplate>(JSON.stringify(kept));
  const messages = await pulled.formatMessages({ mood: "kind", question: "Hi?" });
  expect(messages.map(({ content }) => content)).toEqual(["Be kind.", "Hi?"]);
  expect(await client.getPrompt("greeter")).toMatchObject({
    repo_handle: "greeter",
    description: "Hello",
    num_commits: 1,
    last_commit_hash: hash,
    is_public: false,
    full_name: "-/greeter",
  });
});

it("gives a prompt without its model unless asked for both", async () => {
  const { client } = await start();
  const prompt = ChatPromptTemplate.fromMessages([["human", "{question}"]]);
  const model = new ChatOpenAI({ model: "gpt-5-mini", apiKey: "not-a-key" });
  await client.pushPrompt("both", { object: RunnableSequence.from([prompt, model]) });
  const plain = await client.pullPromptCommit("both");
  expect((plain.manifest["id"] as string[]).at(-1)).toBe("ChatPromptTemplate");
  const whole = await client.pullPromptCommit("both", { includeModel: true });
  expect((whole.manifest["id"] as string[]).at(-1)).toBe("RunnableSequence");
  expect(JSON.stringify(whole.manifest)).not.toContain("not-a-key");
});

it("keeps commits in a line, by hash, beginning of a hash, and tag", async () => {
  const { client } = await start();
  await client.pushPrompt("p", { object: manifest("one"), commitTags: ["production"] });
  await client.pushPrompt("p", { object: manifest("two") });
  const commits = await Array.fromAsync(client.listCommits("p"));
  expect(commits).toHaveLength(2);
  const [second, first] = commits;
  const text = async (reference: string) =>
    (await client.pullPromptCommit(reference, { skipCache: true })).manifest["kwargs"]
      ?.template as unknown;
  expect(await text("p")).toBe("two");
  expect(await text("p:latest")).toBe("two");
  expect(await text(`p:${first?.commit_hash}`)).toBe("one");
  expect(await text(`p:${second?.commit_hash.slice(0, 8)}`)).toBe("two");
  expect(await text("p:production")).toBe("one");
  await expect(text("p:staging")).rejects.toThrow(/404.*no commit \\?"staging/);
  await client.createCommit("p", manifest("three"), { tags: "production", description: "3rd" });
  expect(await text("p:production")).toBe("three");
});

it("answers 409 to an unchanged prompt and to a parent that is not the latest", async () => {
  const { client } = await start();
  await client.pushPrompt("p", { object: manifest("one") });
  const { commit_hash: first } = await client.pullPromptCommit("p");
  const conflict = { name: "LangSmithConflictError" };
  await expect(client.createCommit("p", manifest("one"))).rejects.toMatchObject(conflict);
  await client.createCommit("p", manifest("two"), { parentCommitHash: first });
  const late = client.createCommit("p", manifest("three"), { parentCommitHash: first });
  await expect(late).rejects.toMatchObject(conflict);
  await expect(client.createPrompt("p")).rejects.toMatchObject(conflict);
});

it("names the same commit the same everywhere, and another after another parent", async () => {
  const [one, other] = [await start(), await start()];
  const hashes: string[][] = [];
  for (const { client } of [one, other]) {
    await client.pushPrompt("p", { object: { ...manifest("one"), more: { b: 1, a: 2 } } });
    await client.createCommit("p", manifest("two"));
    await client.createCommit("p", { more: { a: 2, b: 1 }, ...manifest("one") });
    hashes.push(
      (await Array.fromAsync(client.listCommits("p"))).map((commit) => commit.commit_hash),
    );
  }
  expect(hashes[0]).toEqual(hashes[1]);
  expect(new Set(hashes[0]).size).toBe(3);
});

it("lists, likes, updates, archives and deletes", async () => {
  const { client } = await start();
  await client.createPrompt("alpha", { description: "about cats", tags: ["pets"] });
  await client.createPrompt("beta", { readme: "# dogs", isPublic: true });
  await client.pushPrompt("gamma", { object: manifest("x") });
  const names = async (options?: Parameters<Client["listPrompts"]>[0]) =>
    (await Array.fromAsync(client.listPrompts(options))).map((prompt) => prompt.repo_handle);
  expect(await names()).toEqual(["gamma", "beta", "alpha"]);
  expect(await names({ query: "DOGS" })).toEqual(["beta"]);
  expect(await names({ isPublic: false })).toEqual(["gamma", "alpha"]);
  expect(await client.likePrompt("alpha")).toEqual({ likes: 1 });
  expect(await client.likePrompt("alpha")).toEqual({ likes: 1 });
  expect(await names({ sortField: "num_likes" })).toHaveLength(3);
  expect((await client.getPrompt("alpha"))?.liked_by_auth_user).toBe(true);
  expect(await client.unlikePrompt("alpha")).toEqual({ likes: 0 });
  await client.updatePrompt("alpha", { description: "about lions", isArchived: true });
  expect(await names()).toEqual(["gamma", "beta"]);
  expect(await names({ isArchived: true })).toEqual(["alpha"]);
  await client.deletePrompt("beta");
  expect(await client.promptExists("beta")).toBe(false);
  expect(await client.promptExists("alpha")).toBe(true);
});

it("shows other tenants public prompts alone, and lets them change none", async () => {
  const { client, server } = await start();
  await client.pushPrompt("open", { object: manifest("x"), isPublic: true });
  await client.pushPrompt("closed", { object: manifest("x") });
  const shop = await tenantClient(server, "shop");
  const pulled = await shop.pullPromptCommit("default/open", { dangerouslyPullPublicPrompt: true });
  expect(pulled.manifest).toEqual(manifest("x"));
  expect(await shop.promptExists("default/closed")).toBe(false);
  expect(await shop.promptExists("open")).toBe(false);
  const call = (path: string, body: object) =>
    fetch(`${new URL("/api/v1", server.url).href}${path}`, {
      method: "POST",
      headers: { "x-api-key": shop["apiKey"] ?? "" },
      body: JSON.stringify(body),
    });
  const { status } = await call("/commits/default/open", { manifest: manifest("y") });
  expect(status).toBe(403);
});

it("keeps agents' files with history", async () => {
  const { client } = await start();
  const file = (content: string) => ({ type: "file" as const, content });
  const url = await client.pushAgent("helper", {
    files: { "AGENTS.md": file("Be kind."), "a.md": file("A") },
  });
  expect(url).toContain("/context/helper/");
  const first = await client.pullAgent("helper");
  await client.pushAgent("helper", {
    files: { "AGENTS.md": file("Be brief.") },
    parentCommit: first.commit_hash,
  });
  expect((await client.pullAgent("helper")).files).toEqual({
    "AGENTS.md": file("Be brief."),
    "a.md": file("A"),
  });
  expect(
    (await client.pullAgent("helper", { version: first.commit_hash })).files["AGENTS.md"],
  ).toEqual(file("Be kind."));
  expect(await Array.fromAsync(client.listAgents())).toHaveLength(1);
  await client.deleteAgent("helper");
  expect(await client.agentExists("helper")).toBe(false);
});

it("serves an older client as well", async () => {
  const { apiUrl } = await start();
  const client = new Client05({ apiUrl, apiKey: ADMIN_KEY });
  const prompt = ChatPromptTemplate.fromMessages([["human", "{question}"]]);
  await client.pushPrompt("old", { object: prompt, tags: ["x"] });
  expect((await client.pullPromptCommit("old")).manifest["kwargs"]).toBeDefined();
  expect(await Array.fromAsync(client.listPrompts())).toHaveLength(1);
});

it("tells a client its tenant", async () => {
  const { server } = await start();
  const settings = (await (await server.call("/api/v1/settings")).json()) as { id: string };
  expect(settings).toMatchObject({ display_name: "Default", tenant_handle: "default" });
  expect(await (await server.call("/api/v1/workspaces")).json()).toMatchObject([
    { id: settings.id },
  ]);
  expect(await (await server.call("/api/v1/orgs/current")).json()).toMatchObject({
    id: settings.id,
  });
});

it.each<[method: string, path: string, body: unknown, status: number, field: string]>([
  ["POST", "/repos/", { repo_handle: "1 bad" }, 400, "repo_handle"],
  ["POST", "/repos", {}, 400, "repo_handle"],
  ["GET", "/repos/-/nothing", undefined, 404, "repo"],
  ["POST", "/commits/-/nothing", { manifest: {} }, 404, "repo"],
  ["POST", "/commits/-/p", { manifest: "x" }, 400, "manifest"],
  ["POST", "/commits/-/p", { manifest: {}, parent_commit: "abcdefgh" }, 409, "parent_commit"],
  ["GET", "/commits/-/p/latest", undefined, 404, "commit"],
  ["POST", "/repos/-/p/tags", { tag_name: "a/b", commit_id: "x" }, 400, "tag_name"],
  ["POST", "/likes/-/p", {}, 400, "like"],
])("%s %s with %j is refused naming the field", async (method, path, body, status, field) => {
  const { client, server } = await start();
  await client.createPrompt("p");
  const answer = await server.call(`/api/v1${path}`, body, { method });
  const { param } = (await answer.json()) as { param?: string };
  expect({ status: answer.status, param }).toEqual({ status, param: field });
});
