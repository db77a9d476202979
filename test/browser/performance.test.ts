import { type TestContext, beforeEach, expect, it } from "vitest";
import { ADMIN_KEY } from "../support/server.ts";
import { sendAgent } from "./send-traces.ts";
import { fitsItsWidth, goTo, signIn, visit } from "./visit.ts";

const SIZES = [
  ["wide", "light", { width: 1440, height: 900 }],
  ["wide", "dark", { width: 1440, height: 900 }],
  ["narrow", "light", { width: 390, height: 844 }],
  ["narrow", "dark", { width: 390, height: 844 }],
] as const;
const MINUTE = 60_000;

let context: TestContext;
beforeEach((own) => {
  context = own;
});

/** Where pictures are left for people to look at, when they are asked for. */
const PICTURES = process.env["WEIR_PICTURES"];

it.each(SIZES)("shows %s %s percentiles, rates and errors", async (name, scheme, size) => {
  const { page, server, complaints } = await visit(context, size, scheme);
  for (let past = 0; past < 12; past++)
    await sendAgent(server, `Where is parcel ${past}?`, Date.now() - past * 4 * MINUTE - 5000);
  const messages = [{ role: "user", content: "What is a KV cache?" }];
  await server.call("/v1/chat/completions", { model: "chat", messages, max_tokens: 20 });
  await signIn(page, ADMIN_KEY);
  await goTo(page, "Performance");
  const latency = page.getByRole("region", { name: "Latency" }).first();
  await latency.getByRole("row", { name: /End to end/ }).waitFor();
  const split = page.getByRole("table").filter({ hasText: "gpt-5-mini" });
  await split.getByRole("row", { name: /gpt-5-mini 12 0% 990 ms/ }).waitFor();
  const stages = page.getByRole("region", { name: "Gateway overhead by stage" }).first();
  await stages.getByRole("row", { name: /^Guard inspect the input .* 1$/ }).waitFor();
  await stages.getByRole("row", { name: /^Together of each call .* 1$/ }).waitFor();
  await page.getByText("Targets now").waitFor();
  await page.getByText("Memory in use").waitFor();
  await expect.poll(() => page.getByRole("figure").count()).toBe(8);
  if (PICTURES)
    await page.screenshot({
      path: `${PICTURES}/performance-${name}-${scheme}.png`,
      fullPage: true,
    });
  expect(await fitsItsWidth(page)).toBe(true);
  expect(complaints).toEqual([]);
});

it("looks at one value alone, by another dimension, in the address", async () => {
  const { page, server } = await visit(context, { width: 1440, height: 900 }, "light");
  await sendAgent(server, "Where is my parcel?", Date.now() - 5000);
  await signIn(page, ADMIN_KEY);
  await goTo(page, "Performance");
  await page.getByRole("button", { name: "gpt-5-mini" }).click();
  await page.getByRole("button", { name: "Take away: only model gpt-5-mini" }).waitFor();
  await page.getByLabel("Split by").selectOption("user");
  await page.getByRole("row", { name: /^ann 1 / }).waitFor();
  expect(page.url()).toContain("by=user&only=model&value=gpt-5-mini");
  await page.getByRole("button", { name: /Take away/ }).click();
  await page.getByRole("row", { name: /^ann 2 / }).waitFor();
  await page.getByLabel("Of", { exact: true }).selectOption("tool");
  await page.getByLabel("Split by").selectOption("name");
  await page.getByRole("row", { name: /^track 1 100%/ }).waitFor();
  await page.getByText("Errors by class").waitFor();
});
