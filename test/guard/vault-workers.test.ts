import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { serve } from "../support/process.ts";
import { temporaryFolder } from "../support/server.ts";
import { ask, chat } from "../support/workers.ts";
import { startUpstream } from "./upstream.ts";

/** A server of several processes has one vault. */

const MAIL = "jane.doe@corp.test";
const TIMES = [1, 2, 3, 4, 5, 6];

it("restores in every worker what one of them masked, until it is erased", async () => {
  const upstream = await startUpstream({ pieces: [], echo: 4 });
  const folder = temporaryFolder();
  const target = `{ provider: openai-compatible, url: "${upstream.url}", model: up }`;
  writeFileSync(join(folder, "vault.key"), Buffer.alloc(32, 1).toString("base64"));
  writeFileSync(
    join(folder, "weir.yaml"),
    `models: { chat: { targets: [${target}] } }\nguard: { vault: { key: { file: vault.key } } }\n`,
  );
  const { url } = await serve(folder, {}, ["--workers", "2"]);
  const say = async (content: string) => {
    const answer = await chat(url, { model: "chat", messages: [{ role: "user", content }] });
    const { choices } = (await answer.json()) as { choices: { message: { content: string } }[] };
    return choices[0]?.message.content;
  };
  expect(await say(MAIL)).toBe(MAIL);
  const { messages } = JSON.parse(upstream.bodies[0] ?? "") as { messages: { content: string }[] };
  const placeholder = messages[0]?.content ?? "";
  expect(placeholder).toMatch(/@vault\.example$/);
  for (const _ of TIMES) expect(await say(`Tell ${placeholder}`)).toBe(`Tell ${MAIL}`);
  upstream.script = { pieces: [`It was ${placeholder}.`] };
  for (const _ of TIMES) expect(await say("What was it?")).toBe(`It was ${MAIL}.`);
  const erased = await ask(url, "/admin/v1/guard/vault/default", undefined, { method: "DELETE" });
  expect(await erased.json()).toEqual({ removed: 1 });
  for (const _ of TIMES) expect(await say("What was it?")).toBe("It was [redacted:email].");
  const metrics = await (await ask(url, "/metrics")).text();
  expect(metrics).toContain('weir_guard_vault_failures_total{kind="write"} 0');
});
