import { expect, it } from "vitest";
import { startServer } from "../support/server.ts";
import { type Script, startUpstream } from "./upstream.ts";

/** Names of people, told by a model of the operator's own. */

const NAMES: Script = { pieces: ['{"names": ["Ann Lee", ', '"Nobody Here"]}'] };
const TEXT = "Is Ann Lee there? Announce Ann Lee.";
const CLEAN = "Is [redacted:name] there? Announce [redacted:name].";

async function setUp(more = "", names = NAMES) {
  const teller = await startUpstream(names);
  const upstream = await startUpstream({ pieces: [], echo: 3 });
  const target = (url: string) =>
    `{ targets: [{ provider: openai-compatible, url: "${url}", model: up }] }`;
  const server = await startServer(
    `models: { chat: ${target(upstream.url)}, teller: ${target(teller.url)} }
guard: { names: { model: teller, timeout: 2s }, ${more} }`,
  );
  const ask = (content: string, stream = false) =>
    server.call("/v1/chat/completions", {
      model: "chat",
      stream,
      messages: [{ role: "user", content }],
    });
  return { teller, upstream, server, ask };
}

const said = async (answer: Response) =>
  ((await answer.json()) as { choices: { message: { content: string } }[] }).choices[0]?.message
    .content;

it("takes names out of prompts and documents, and asks once for a text", async () => {
  const { teller, upstream, server, ask } = await setUp();
  expect(await said(await ask(TEXT))).toBe(CLEAN);
  expect(upstream.bodies.join("")).not.toContain("Ann Lee");
  await ask(TEXT);
  expect(teller.bodies).toHaveLength(1);
  const looked = await server.call("/guard/documents", { documents: [{ text: TEXT }] });
  expect(await looked.text()).toContain(CLEAN);
  // What is no text asks nobody.
  await ask("4711");
  expect(teller.bodies).toHaveLength(1);
});

it("puts placeholders for names, and names back into the answer, where the vault is on", async () => {
  const { upstream, ask } = await setUp("vault: on");
  const streamed = await (await ask(TEXT, true)).text();
  const text = streamed
    .split("\n")
    .filter((line) => line.startsWith("data: {"))
    .map((line) => (JSON.parse(line.slice(6)) as Chunk).choices[0]?.delta?.content ?? "")
    .join("");
  expect(text).toBe(TEXT);
  expect(upstream.bodies.join("")).not.toContain("Ann Lee");
  expect(upstream.bodies.join("")).not.toContain("redacted");
});

interface Chunk {
  readonly choices: readonly { readonly delta?: { readonly content?: string } }[];
}

it.each<[string, Script]>([
  ["says something else", { pieces: ["I cannot do that."] }],
  ["says nothing", { pieces: [], ends: "malformed" }],
])("does with a call what the policy says where the model %s", async (_, names) => {
  const closed = await setUp("", names);
  const refused = await closed.ask(TEXT);
  expect(refused.status).toBe(503);
  expect(await refused.text()).toContain("guard_failed");
  expect(closed.upstream.bodies).toEqual([]);
  const open = await setUp("onFailure: open", names);
  const answer = await open.ask(TEXT);
  expect(await said(answer)).toBe(TEXT);
  const id = answer.headers.get("x-weir-trace-id") ?? "";
  expect(await (await open.server.call(`/admin/v1/calls/${id}`)).text()).toContain("scan_failed");
});

it("asks nobody where nobody looks for personal data", async () => {
  const { teller, ask } = await setUp("input: [injection]");
  expect(await said(await ask(TEXT))).toBe(TEXT);
  expect(teller.bodies).toEqual([]);
});

it("does not start with a model that is not there", async () => {
  await expect(startServer("guard: { names: { model: other } }")).rejects.toThrow(
    /guard\.names\.model: There is no model "other" here/,
  );
});
