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

const PLACE = { city: CITY, days: expect.any(Number) as number };
const LOOP = { asked: [PLACE], text: SAID };
const ALL = { plain: SAID, streamed: SAID, tools: LOOP, streamedTools: LOOP, structured: PLACE };

/** Everything that a framework must manage, one after the other. */
async function tried(framework: Framework) {
  const tools = async (isStreamed: boolean) => {
    const { asked, text } = await framework.tools(isStreamed);
    return { asked, text: text.trim() };
  };
  return {
    plain: (await framework.plain()).trim(),
    streamed: (await framework.streamed()).trim(),
    tools: await tools(false),
    streamedTools: await tools(true),
    structured: await framework.structured(),
  };
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
  expect(await tried(framework)).toEqual(ALL);
});

it.for(PROVIDERS)("curl with %s", async (provider, context) => {
  if (spawnSync("curl", ["--version"]).status !== 0) missing(context, "curl");
  expect(await tried(curl(stand.url, ADMIN_KEY, provider))).toEqual(ALL);
});
