import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { weir } from "../support/process.ts";
import { ADMIN_KEY, type TestServer, startServer, temporaryFolder } from "../support/server.ts";
import { startUpstream } from "./upstream.ts";

/** What operators ask of the vault, over HTTP and on the command line. */

const MAIL = "jane.doe@corp.test";
const CARD = "4111 1111 1111 1111";

async function setUp(vault = "{ key: { env: VAULT_KEY } }") {
  const upstream = await startUpstream({ pieces: ["Done."] });
  const target = `{ provider: openai-compatible, url: "${upstream.url}", model: up }`;
  const server = await startServer(
    `models: { chat: { targets: [${target}] } }\nguard: { vault: ${vault} }`,
    { env: { VAULT_KEY: Buffer.alloc(32, 1).toString("base64") } },
  );
  /** What the upstream was sent. */
  const say = async (content: string, user?: string, headers = {}): Promise<string> => {
    const body = { model: "chat", user, messages: [{ role: "user", content }] };
    const answer = await server.call("/v1/chat/completions", body, { headers });
    expect(answer.status).toBe(200);
    const sent = JSON.parse(upstream.bodies.at(-1) ?? "") as { messages: { content: string }[] };
    return sent.messages[0]?.content ?? "";
  };
  return { server, say };
}

async function open(server: TestServer, body: object): Promise<unknown> {
  return (await server.call("/admin/v1/guard/vault/open", body)).json();
}

async function erase(server: TestServer, path: string): Promise<unknown> {
  const init = { method: "DELETE" };
  return (await server.call(`/admin/v1/guard/vault/${path}`, undefined, init)).json();
}

it("puts originals for the placeholders in a text, of one tenant, and notes each time who asked", async () => {
  const { server, say } = await setUp();
  const sent = await say(`Write to ${MAIL}, card ${CARD}.`);
  const log = `upstream said: ${sent} And again with bob@other.test: ${sent.replaceAll(" ", "  ")}`;
  const wanted = `upstream said: Write to ${MAIL}, card ${CARD}. And again with bob@other.test:`;
  for (let times = 0; times < 2; times++) {
    const opened = (await open(server, { text: log })) as { text: string; opened: number };
    expect(opened.text.startsWith(wanted)).toBe(true);
    expect(opened.opened).toBe(3);
  }
  expect(await open(server, { tenant: "shop", text: log })).toEqual({ text: log, opened: 0 });
  const { reads } = (await (await server.call("/admin/v1/reads")).json()) as {
    reads: { what: string; subject: string }[];
  };
  const noted = reads.filter(({ what }) => what === "vault").map(({ subject }) => subject);
  expect(noted).toHaveLength(3);
  expect(noted.filter((subject) => subject.startsWith("default, 3 values"))).toHaveLength(2);
  expect(JSON.stringify(reads)).not.toMatch(/corp\.test|4111/);
});

it("erases what a user's requests had, and then all of the tenant's", async () => {
  const { server, say } = await setUp();
  const anns = await say(`Write to ${MAIL}`, "ann");
  const bobs = await say(`Use ${CARD}`, "bob");
  expect(await erase(server, "default?user=ann")).toEqual({ removed: 1 });
  expect(await open(server, { text: `${anns}; ${bobs}` })).toEqual({
    text: `${anns}; Use ${CARD}`,
    opened: 1,
  });
  expect(await erase(server, "shop")).toEqual({ removed: 0 });
  expect(await erase(server, "default")).toEqual({ removed: 1 });
  expect(await open(server, { text: bobs })).toEqual({ text: bobs, opened: 0 });
});

it("says what is missing where nothing is kept", async () => {
  const { server } = await setUp("on");
  expect(await open(server, { text: "x" })).toMatchObject({
    error: { code: "conflict", message: expect.stringContaining("guard.vault") as string },
  });
  expect(await erase(server, "default?user=ann")).toMatchObject({ error: { code: "conflict" } });
  expect(await erase(server, "default")).toEqual({ removed: 0 });
  expect(await open(server, { tenant: "", text: "x" })).toMatchObject({
    error: { code: "invalid_request", param: "tenant" },
  });
});

it("does both on the command line", async () => {
  const { server, say } = await setUp();
  const sent = await say(`Write to ${MAIL}`);
  const folder = temporaryFolder();
  writeFileSync(join(folder, "upstream.log"), sent);
  const env = { WEIR_URL: server.url, WEIR_API_KEY: ADMIN_KEY };
  const vault = async (...args: string[]) => {
    const asked = weir(["guard", "vault", ...args], { env, cwd: folder });
    return { code: await asked.ended, output: asked.output() };
  };
  expect(await vault("open", "upstream.log")).toEqual({ code: 0, output: `Write to ${MAIL}\n` });
  const json = await vault("open", sent, "--tenant", "shop", "--json");
  expect(JSON.parse(json.output)).toEqual({ text: sent, opened: 0 });
  expect((await vault("erase")).output).toContain("erase needs --tenant");
  expect((await vault("erase", "--tenant", "default", "--user", "ann")).output).toContain(
    'The user "ann" of "default" has nothing in the vault any more: 0 removed.',
  );
  const erased = await vault("erase", "--tenant", "default", "--json");
  expect(JSON.parse(erased.output)).toEqual({ removed: 1 });
  expect(await vault("close")).toMatchObject({
    code: 2,
    output: expect.stringContaining("vault needs: open TEXT") as string,
  });
});

it("is looked at before a start", async () => {
  const folder = temporaryFolder();
  const doctor = async (vault: string) => {
    writeFileSync(join(folder, "weir.yaml"), `guard: { vault: ${vault} }\n`);
    const asked = weir(["doctor"], { cwd: folder });
    await asked.ended;
    return asked.output();
  };
  writeFileSync(join(folder, "vault.key"), "too short");
  expect(await doctor("on")).toMatch(/^! vault +guard\.vault has no key/m);
  expect(await doctor("{ key: { file: vault.key } }")).toMatch(/^✗ vault +.* has \d+ bytes/m);
  writeFileSync(join(folder, "vault.key"), Buffer.alloc(32, 1).toString("hex"));
  expect(await doctor("{ key: { file: vault.key } }")).toMatch(/^✓ vault +its key can be read/m);
});
