import { statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { parseConfig } from "../../src/config/load.ts";
import { type Log, silentLog } from "../../src/core/log.ts";
import { missing } from "../support/missing.ts";
import { type TestServer, startServer, temporaryFolder } from "../support/server.ts";
import { mountTmpfs } from "../support/tmpfs.ts";
import { type Script, type Upstream, startUpstream } from "./upstream.ts";

/** The vault with a key, as its users meet it: what it keeps outlives a request, and the server. */

const MAIL = "jane.doe@corp.test";
const CARD = "4111 1111 1111 1111";
const SAID = `Write to ${MAIL}, card ${CARD}.`;
const key = (byte: number) => Buffer.alloc(32, byte).toString("base64");
const ENV = { VAULT_KEY: key(1), OLD_KEY: key(2) };
const KEPT = "vault: { key: { env: VAULT_KEY } }";

interface Options {
  readonly folder?: string;
  readonly guard?: string;
  readonly env?: Record<string, string>;
}

async function setUp(upstream: Upstream, { folder, guard = KEPT, env = ENV }: Options = {}) {
  const logged: { event: string; fields: unknown }[] = [];
  const note = (event: string, fields?: unknown) => void logged.push({ event, fields });
  const log: Log = { ...silentLog, warn: note, error: note, part: () => log };
  const target = `{ provider: openai-compatible, url: "${upstream.url}", model: up }`;
  const server = await startServer(
    `models: { chat: { targets: [${target}], cache: {} } }\nguard: { ${guard} }`,
    { env, log, ...(folder !== undefined && { folder }) },
  );
  return { server, logged };
}

const echoing = () => startUpstream({ pieces: [], echo: 3 });

/** What a client gets as the answer's text, or as the first tool call's arguments. */
async function ask(
  server: TestServer,
  content: string,
  {
    stream = false,
    headers = {},
    user,
  }: { stream?: boolean; headers?: Record<string, string>; user?: string } = {},
): Promise<string> {
  const body = { model: "chat", stream, user, messages: [{ role: "user", content }] };
  const answer = await server.call("/v1/chat/completions", body, { headers });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(text);
  return stream ? spoken(text) : said(JSON.parse(text) as Choices, "message");
}

interface Said {
  readonly content?: string | null;
  readonly tool_calls?: readonly { readonly function?: { readonly arguments?: string } }[];
}
interface Choices {
  readonly choices: readonly { readonly message?: Said; readonly delta?: Said }[];
}

function said({ choices }: Choices, part: "message" | "delta"): string {
  const one = choices[0]?.[part];
  return one?.content ?? one?.tool_calls?.[0]?.function?.arguments ?? "";
}

function spoken(text: string): string {
  const lines = text.split("\n").filter((line) => line.startsWith("data: {"));
  return lines.map((line) => said(JSON.parse(line.slice(6)) as Choices, "delta")).join("");
}

/** What stands upstream for the two values of SAID, as the last request had it. */
function seenUpstream({ bodies }: Upstream): { mail: string; card: string } {
  const body = JSON.parse(bodies.at(-1) ?? "{}") as { messages: { content: string }[] };
  const [, mail = "", card = ""] =
    /^Write to (\S+@vault\.example), card (.*)\.$/.exec(body.messages.at(-1)?.content ?? "") ?? [];
  return { mail, card };
}

const says = (upstream: Upstream, script: Partial<Script>) =>
  void (upstream.script = { pieces: [], ...script });

async function masked(server: TestServer, upstream: Upstream) {
  says(upstream, { echo: 3 });
  expect(await ask(server, SAID)).toBe(SAID);
  return seenUpstream(upstream);
}

it("knows a placeholder of an earlier request, in prompts and in answers, also after a restart", async () => {
  const upstream = await echoing();
  const folder = temporaryFolder();
  const first = await setUp(upstream, { folder });
  const { mail, card } = await masked(first.server, upstream);
  expect(mail).toMatch(/^[a-z]{10}@vault\.example$/);
  await first.server.close();

  const { server } = await setUp(upstream, { folder });
  expect(await masked(server, upstream)).toEqual({ mail, card });
  // A tool's result, or an agent's memory, has placeholders: they go upstream as they are.
  says(upstream, { echo: 2 });
  expect(await ask(server, `Memory: ${mail}, ${card}`)).toBe(`Memory: ${MAIL}, ${CARD}`);
  expect(upstream.bodies.at(-1)).toContain(`Memory: ${mail}, ${card}`);
  // The upstream itself remembers them.
  const plain = card.replaceAll(" ", "");
  for (const size of [1, 4, 1000]) {
    const text = `As before: ${mail} and ${plain}.`;
    says(upstream, { pieces: text.match(new RegExp(`[^]{1,${size}}`, "g")) ?? [] });
    const wanted = `As before: ${MAIL} and ${CARD.replaceAll(" ", "")}.`;
    expect(await ask(server, `What was it? (${size})`)).toBe(wanted);
    expect(await ask(server, `What was it? (${size}, streamed)`, { stream: true })).toBe(wanted);
  }
});

it("restores what was kept in arguments of tools", async () => {
  const upstream = await echoing();
  const { server } = await setUp(upstream);
  const { mail, card } = await masked(server, upstream);
  const told = JSON.stringify({ to: mail, card: card.replaceAll(" ", "-") });
  says(upstream, { pieces: told.match(/[^]{1,3}/g) ?? [], tool: "send" });
  const got = await ask(server, "Send it.", { stream: true });
  expect(JSON.parse(got)).toEqual({ to: MAIL, card: CARD.replaceAll(" ", "-") });
});

it("gives nothing to another tenant", async () => {
  const upstream = await echoing();
  const { server } = await setUp(upstream);
  await server.call("/admin/v1/tenants", { id: "shop" });
  const made = await server.call("/admin/v1/keys", { name: "shop", tenant: "shop" });
  const { key: shopKey } = (await made.json()) as { key: string };
  const { mail, card } = await masked(server, upstream);
  const headers = { authorization: `Bearer ${shopKey}` };
  says(upstream, { pieces: [`It was ${mail} with ${card}.`] });
  const got = await ask(server, "What was it?", { headers });
  expect(got).toBe("It was [redacted:email] with [redacted:card_number].");
  // In a prompt it is a value like any other there.
  says(upstream, { echo: 5 });
  expect(await ask(server, `Write to ${mail}, card ${card}.`, { headers })).not.toContain(MAIL);
  expect(seenUpstream(upstream)).not.toEqual({ mail, card });
});

it("opens with the earlier key, and says at the start what it cannot open", async () => {
  const upstream = await echoing();
  const folder = temporaryFolder();
  const old = await setUp(upstream, { folder, guard: "vault: { key: { env: OLD_KEY } }" });
  const { mail } = await masked(old.server, upstream);
  await old.server.close();

  const lost = await setUp(upstream, { folder });
  says(upstream, { pieces: [`It was ${mail}.`] });
  expect(await ask(lost.server, "What?")).toBe("It was [redacted:email].");
  expect(lost.logged).toMatchObject([
    { event: "guard_vault_key_missing", fields: { mappings: 2 } },
  ]);
  await lost.server.close();

  const both = "vault: { key: { env: VAULT_KEY }, previousKeys: [{ env: OLD_KEY }] }";
  const rotated = await setUp(upstream, { folder, guard: both });
  expect(await ask(rotated.server, "What?")).toBe(`It was ${MAIL}.`);
  await rotated.server.close();
  // By then it was sealed anew: the earlier key can go.
  const last = await setUp(upstream, { folder });
  expect(await ask(last.server, "What?")).toBe(`It was ${MAIL}.`);
  expect(last.logged).toEqual([]);
});

it.each([
  ["vault: { key: { env: NOT_THERE } }", /guard\.vault: the key is not there: set NOT_THERE/],
  [
    "vault: { key: { env: SHORT } }",
    /guard\.vault: the key has 3 bytes\..*openssl rand -base64 32/,
  ],
  ["vault: { key: { file: none.key } }", /guard\.vault: the key cannot be read: ENOENT/],
  [
    "vault: { key: { env: VAULT_KEY }, previousKeys: [{ env: SHORT }] }",
    /guard\.vault: previousKeys\[0\] has 3 bytes/,
  ],
  ["vault: { previousKeys: [{ env: OLD_KEY }] }", /previousKeys need a key/],
  ["vault: { key: { env: A, file: b } }", /expected env: NAME or file: PATH, and not both/],
  ["vault: always", /guard\.vault: expected off, on, or \{ key: \{ env: NAME \} \}/],
  ["vault: { key: VAULT_KEY }", /guard\.vault: expected off, on, or \{ key: \{ env: NAME \} \}/],
])("does not start with %s", async (guard, message) => {
  const upstream = await echoing();
  await expect(setUp(upstream, { guard, env: { ...ENV, SHORT: "AAAA" } })).rejects.toThrow(message);
});

it("goes over to other keys without a restart, and keeps the old ones where they cannot be used", async () => {
  const upstream = await echoing();
  const { server } = await setUp(upstream, { guard: "vault: { key: { env: OLD_KEY } }" });
  const { mail } = await masked(server, upstream);
  const target = `{ provider: openai-compatible, url: "${upstream.url}", model: up }`;
  const apply = (guard: string) =>
    server.apply(
      parseConfig(`models: { chat: { targets: [${target}] } }\nguard: { ${guard} }`, "a"),
    );
  await expect(apply("vault: { key: { env: NOT_THERE } }")).rejects.toThrow(/set NOT_THERE/);
  says(upstream, { pieces: [`It was ${mail}.`] });
  expect(await ask(server, "What?")).toBe(`It was ${MAIL}.`);
  await apply("vault: { key: { env: VAULT_KEY }, previousKeys: [{ env: OLD_KEY }] }");
  expect(await ask(server, "What?")).toBe(`It was ${MAIL}.`);
  expect((await masked(server, upstream)).mail).not.toBe(mail);
  await apply("vault: off");
  expect(await ask(server, SAID)).toContain("[redacted:email]");
  expect(upstream.bodies.at(-1)).toContain("[redacted:email]");
});

it("reads its key from a file, in hex", async () => {
  const upstream = await echoing();
  const folder = temporaryFolder();
  const byName = await setUp(upstream, { folder });
  const made = await masked(byName.server, upstream);
  await byName.server.close();
  writeFileSync(join(folder, "vault.key"), `${Buffer.alloc(32, 1).toString("hex")}\n`);
  const { server } = await setUp(upstream, {
    folder,
    guard: "vault: { key: { file: vault.key } }",
  });
  expect(await masked(server, upstream)).toEqual(made);
});

it("keeps nothing without a key, and takes out what models say by themselves", async () => {
  const upstream = await echoing();
  const { server } = await setUp(upstream, { guard: "vault: on" });
  const { mail } = await masked(server, upstream);
  says(upstream, { pieces: [`It was ${mail}.`] });
  expect(await ask(server, "What was it?")).toBe("It was [redacted:email].");
});

it("fails no call when its disk is full, and still knows what it could not write", async (context) => {
  const disk = mountTmpfs("size=2m") ?? missing(context, "the right to mount a tmpfs");
  const upstream = await echoing();
  const { server, logged } = await setUp(upstream, { folder: disk });
  fill(disk);
  const lost = async () => {
    const metrics = await (await server.call("/metrics")).text();
    return Number(/^weir_guard_vault_failures_total\{kind="write"\} (\d+)/m.exec(metrics)?.[1]);
  };
  // Until what the database had in reserve is used up, too.
  let asked = 0;
  while (asked < 50 || ((await lost()) === 0 && asked < 1000)) {
    const content = `Write to user${asked++}@corp.test`;
    expect(await ask(server, content)).toBe(content);
  }
  expect(await lost()).toBeGreaterThan(0);
  expect(logged.map(({ event }) => event)).toContain("guard_vault_trouble");
  expect(JSON.stringify(logged)).not.toContain("corp.test");
  const { mail } = await masked(server, upstream);
  says(upstream, { pieces: [`It was ${mail}.`] });
  expect(await ask(server, "What was it?")).toBe(`It was ${MAIL}.`);
});

function fill(folder: string): void {
  const { bavail, bsize } = statfsSync(folder);
  writeFileSync(join(folder, "filling"), Buffer.alloc(bavail * bsize));
}
