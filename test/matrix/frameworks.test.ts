import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, expect, it } from "vitest";
import { missing } from "../support/missing.ts";
import { ADMIN_KEY } from "../support/server.ts";
import { aiSdks } from "./ai-sdk.ts";
import { curl } from "./curl.ts";
import type { Framework } from "./framework.ts";
import { langChains } from "./langchain.ts";
import { type Stand, openStand } from "./stand.ts";

/** What people build with, with one provider of each family. */

const PROVIDERS = ["vllm", "anthropic", "gemini", "bedrock"];
const SAID = "word0 word1 word2";
const CITY = 'Zürich "HB" ☕';

let stand: Stand;
beforeAll(async () => {
  stand = await openStand(PROVIDERS);
});
afterAll(() => stand.close());

async function manages(framework: Framework): Promise<void> {
  const place = { city: CITY, days: expect.any(Number) as number };
  expect((await framework.plain()).trim(), "plain").toBe(SAID);
  expect((await framework.streamed()).trim(), "streamed").toBe(SAID);
  for (const isStreamed of [false, true]) {
    const { asked, text } = await framework.tools(isStreamed);
    expect(asked, "tool's input").toEqual([place]);
    expect(text.trim(), "answer after the tool").toBe(SAID);
  }
  expect(await framework.structured(), "structured output").toEqual(place);
}

const NAMES = aiSdks("", "-", "-")
  .concat(langChains("", "-", "-"))
  .map(({ name }) => name);
const pairs = NAMES.flatMap((name) => PROVIDERS.map((provider) => ({ name, provider })));

it.each(pairs)("$name with $provider", async ({ name, provider }) => {
  const all = [
    ...aiSdks(stand.url, ADMIN_KEY, provider),
    ...langChains(stand.url, ADMIN_KEY, provider),
  ];
  const framework = all.find((one) => one.name === name);
  if (!framework) throw new Error(`no framework is called ${name}`);
  await manages(framework);
});

it.for(PROVIDERS)("curl with %s", async (provider, context) => {
  if (spawnSync("curl", ["--version"]).status !== 0) missing(context, "curl");
  await manages(curl(stand.url, ADMIN_KEY, provider));
});
