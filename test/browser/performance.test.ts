import { randomUUID } from "node:crypto";
import { type TestContext, beforeEach, expect, it } from "vitest";
import { ADMIN_KEY, type TestServer } from "../support/server.ts";
import { sendAgent, sendRuns } from "./send-traces.ts";
import { PICTURES, SIZES, fitsItsWidth, goTo, signIn, visit } from "./visit.ts";

const MINUTE = 60_000;

let context: TestContext;
beforeEach((own) => {
  context = own;
});

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
  await page.getByRole("figure", { name: "End to end, p95" }).waitFor();
  expect(page.url()).toContain("by=user&only=model&value=gpt-5-mini");
  await page.getByRole("button", { name: /Take away/ }).click();
  await page.getByRole("row", { name: /^ann 2 / }).waitFor();
  await page.getByLabel("Of", { exact: true }).selectOption("tool");
  await page.getByLabel("Split by").selectOption("name");
  await page.getByRole("row", { name: /^track 1 100%/ }).waitFor();
  await page.getByText("Errors by class").waitFor();
});

it.each(SIZES)("draws %s %s a line for each value of a split", async (name, scheme, size) => {
  const { page, server, complaints } = await visit(context, size, scheme);
  for (let past = 0; past < 12; past++) await sendModels(server, Date.now() - past * 4 * MINUTE);
  await signIn(page, ADMIN_KEY);
  await page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
  await page.goto(`${server.url}/performance?lines=p95`);
  const chart = page.getByRole("figure", { name: "End to end, p95" });
  await chart.waitFor();
  await expect.poll(() => chart.getByRole("listitem", { includeHidden: true }).count()).toBe(9);
  const lines = await chart.getByRole("listitem", { includeHidden: true }).allTextContents();
  expect(lines.at(-1)).toBe("all others");
  expect(lines.toSpliced(-1).toSorted()).toEqual(
    Array.from({ length: 8 }, (_, index) => `model-${index}`),
  );
  // Spoken to those who cannot see the lines.
  expect(await chart.getByRole("paragraph").textContent()).toMatch(
    /^End to end, p95: model-0 \S+ ms, .*, all others \S+ m?s at the end\.$/,
  );
  await page.getByRole("figure", { name: "Tokens out per minute" }).waitFor();
  expect(await page.getByRole("figure").count()).toBe(8);
  if (PICTURES)
    await page.screenshot({ path: `${PICTURES}/lines-${name}-${scheme}.png`, fullPage: true });
  expect(await fitsItsWidth(page)).toBe(true);
  await page.getByLabel("Lines of the charts").selectOption("all");
  await page.getByRole("figure", { name: "End to end", exact: true }).waitFor();
  expect(page.url()).not.toContain("lines=");
  expect(complaints).toEqual([]);
});

/** Ten models, each slower and less asked than the one before. */
async function sendModels(server: TestServer, at: number): Promise<void> {
  const runs = Array.from({ length: 10 }, (_, model) =>
    Array.from({ length: 10 - model }, () => ({
      id: randomUUID(),
      session_name: "models",
      name: "ask",
      run_type: "llm",
      start_time: at - 5000,
      end_time: at - 5000 + 100 * (model + 1),
      extra: { metadata: { ls_model_name: `model-${model}` } },
    })).map((run) => ({ ...run, trace_id: run.id })),
  );
  await sendRuns(server, runs.flat());
}
