import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type TestContext, beforeEach, expect, it, onTestFinished } from "vitest";
import { ADMIN_KEY } from "../support/server.ts";
import { sendAgent, sendRuns } from "./send-traces.ts";
import { PICTURES, SIZES, fitsItsWidth, goTo, signIn, visit } from "./visit.ts";

const QUESTION = "Where is my parcel?";

let context: TestContext;
beforeEach((own) => {
  context = own;
});

it.each(SIZES)("shows %s %s traces, and one as a tree beside a run", async (name, scheme, size) => {
  const { page, server, complaints } = await visit(context, size, scheme);
  const root = await sendAgent(server, QUESTION, Date.now() - 5000);
  const messages = [{ role: "user", content: "What is a KV cache?" }];
  await server.call("/v1/chat/completions", { model: "chat", messages, max_tokens: 20 });
  await signIn(page, ADMIN_KEY);
  await goTo(page, "Traces");
  await page.getByRole("link", { name: "shop agent" }).waitFor();
  await page.getByText("What is a KV cache?").first().waitFor();
  if (PICTURES)
    await page.screenshot({ path: `${PICTURES}/traces-${name}-${scheme}.png`, fullPage: true });
  expect(await fitsItsWidth(page)).toBe(true);

  await page.getByRole("link", { name: "shop agent" }).click();
  const tree = page.getByRole("tree", { name: "Runs of the trace" });
  await tree.getByRole("treeitem", { name: /search parcels/ }).waitFor();
  expect(await tree.getByRole("treeitem").count()).toBe(5);
  await tree.getByRole("treeitem", { name: /ChatAnthropic/ }).click();
  const run = page.getByRole("region", { name: "Run", exact: true });
  await run.getByText("You help in a shop. Be short.").waitFor();
  await run.getByText("Token timeline").waitFor();
  await run.getByRole("row", { name: /cached 400/ }).waitFor();
  if (PICTURES)
    await page.screenshot({ path: `${PICTURES}/trace-${name}-${scheme}.png`, fullPage: true });
  expect(await fitsItsWidth(page)).toBe(true);
  expect(new URL(page.url()).pathname).toBe(`/traces/${root}`);
  expect(complaints).toEqual([]);
});

it("narrows the list by facets, words and LangSmith's filter, in the address", async () => {
  const { page, server } = await visit(context, { width: 1440, height: 900 }, "light");
  await sendAgent(server, QUESTION, Date.now() - 5000);
  await sendAgent(server, "Can I return a kettle?", Date.now() - 60_000);
  await signIn(page, ADMIN_KEY);
  await goTo(page, "Traces");
  const rows = page.getByRole("link", { name: "shop agent" });
  await rows.nth(1).waitFor();
  await page.getByLabel("Search").fill("kettle");
  await page.getByLabel("Search").press("Enter");
  await expect.poll(() => rows.count()).toBe(1);
  expect(page.url()).toContain("search=kettle");
  await page.getByRole("button", { name: "Clear", exact: true }).click();
  await expect.poll(() => rows.count()).toBe(2);

  await page.getByRole("button", { name: /gpt-5-mini/ }).click();
  await expect.poll(() => page.url()).toContain("model=gpt-5-mini");
  await expect.poll(() => rows.count()).toBe(2);
  await page.getByRole("button", { name: /gpt-5-mini/ }).click();

  await page.getByText("Model calls", { exact: true }).click();
  await page.getByRole("button", { name: /claude-sonnet-4-5/ }).click();
  await expect.poll(() => page.getByRole("link", { name: "ChatAnthropic" }).count()).toBe(2);
  await expect.poll(() => page.getByRole("link", { name: "ChatOpenAI" }).count()).toBe(0);
  expect(page.url()).toContain("model=claude-sonnet-4-5");

  await page.goto(`${server.url}/traces?show=runs&status=error`);
  await page.getByRole("link", { name: "track" }).first().waitFor();
  await page.getByLabel("LangSmith filter").fill("gt(latency");
  await page.getByLabel("LangSmith filter").press("Enter");
  await page.getByRole("alert").waitFor();

  await page.goto(`${server.url}/traces?user=ann`);
  await page.getByRole("button", { name: "Views" }).click();
  await page.getByLabel("Name of the present view").fill("Ann's");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved.").waitFor();
  await page.goto(`${server.url}/traces`);
  await page.getByRole("button", { name: "Views" }).click();
  await page.getByRole("button", { name: "Ann's", exact: true }).click();
  await expect.poll(() => page.url()).toContain("user=ann");
});

it("walks the tree with keys, keeps feedback, and replays a call in the playground", async () => {
  const { page, server, complaints } = await visit(context, { width: 1440, height: 900 }, "light");
  const root = await sendAgent(server, QUESTION, Date.now() - 5000);
  await signIn(page, ADMIN_KEY);
  await page.goto(`${server.url}/traces/${root}`);
  const tree = page.getByRole("tree", { name: "Runs of the trace" });
  await tree.getByRole("treeitem").nth(4).waitFor();
  await tree.focus();
  for (const key of ["ArrowDown", "ArrowDown"]) await tree.press(key);
  const run = page.getByRole("region", { name: "Run", exact: true });
  await run.getByText("Timeout: no answer").waitFor();
  await tree.press("Home");
  await tree.press("ArrowLeft");
  await expect.poll(() => tree.getByRole("treeitem").count()).toBe(1);
  await tree.press("ArrowRight");
  await expect.poll(() => tree.getByRole("treeitem").count()).toBe(5);

  await tree.press("End");
  await run.getByText("You help in a shop. Be short.").waitFor();
  await run.getByLabel("Comment (optional)").fill("Right, and short.");
  await run.getByRole("button", { name: "Good" }).click();
  await run.getByText("user_score 1").waitFor();
  await run.getByText("Right, and short.", { exact: true }).waitFor();

  await run.getByRole("button", { name: "Replay in the playground" }).click();
  await page.getByRole("heading", { name: "Playground", level: 1 }).waitFor();
  expect(await page.getByPlaceholder("Write a message").inputValue()).toBe(QUESTION);
  expect(complaints).toEqual([]);
});

it("shows a call's stages, what the guard saw, and exports its trace", async () => {
  const { page, server } = await visit(context, { width: 1440, height: 900 }, "light");
  const messages = [
    { role: "user", content: "My card is 4111 1111 1111 1111. What is a KV cache?" },
  ];
  const answer = await server.call("/v1/chat/completions", { model: "chat", messages });
  const id = answer.headers.get("x-weir-trace-id") ?? "none";
  await signIn(page, ADMIN_KEY);
  await page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
  await page.goto(`${server.url}/calls/${id}`);
  await page.getByRole("link", { name: "See it in its trace" }).click();
  const tree = page.getByRole("tree", { name: "Runs of the trace" });
  for (const stage of ["auth", "admit", "guard", "route", "attempt: llama/demo", "settle"])
    await tree.getByRole("treeitem", { name: new RegExp(`^${stage}`) }).waitFor();
  await page.getByText("pii.card_number").waitFor();
  await page.getByText("Where the time went").waitFor();
  const file = page.waitForEvent("download");
  await page.getByRole("link", { name: "Export JSON" }).click();
  const bytes = await Array.fromAsync(await (await file).createReadStream());
  const [line = "", ...more] = Buffer.concat(bytes).toString().trim().split("\n");
  expect(more).toEqual([]);
  expect(JSON.parse(line)).toMatchObject({ name: "chat", source: "call" });
});

it("shows a run's end without a reload, and runs whose parents are strange", async () => {
  const { page, server } = await visit(context, { width: 1440, height: 900 }, "light");
  const [root, a, b] = [randomUUID(), randomUUID(), randomUUID()];
  const shared = { trace_id: root, session_name: "odd", run_type: "chain" };
  const at = Date.now() - 4000;
  await sendRuns(server, [
    { ...shared, id: root, name: "long one", start_time: at, inputs: { input: "x" } },
    { ...shared, id: a, name: "circle a", parent_run_id: b, start_time: at + 1, end_time: at + 2 },
    { ...shared, id: b, name: "circle b", parent_run_id: a, start_time: at + 3, end_time: at + 4 },
    {
      ...shared,
      id: randomUUID(),
      name: "orphan",
      parent_run_id: randomUUID(),
      start_time: at + 5,
      end_time: at + 6,
    },
  ]);
  await signIn(page, ADMIN_KEY);
  await page.goto(`${server.url}/traces/${root}`);
  const tree = page.getByRole("tree", { name: "Runs of the trace" });
  for (const name of ["long one", "circle a", "circle b", "orphan"])
    await tree.getByRole("treeitem", { name: new RegExp(name) }).waitFor();
  await tree.getByRole("treeitem", { name: /long one, chain, running/ }).waitFor();
  const end = { id: root, ...shared, end_time: Date.now(), outputs: { output: "done at last" } };
  await server.call("/runs/batch", { post: [], patch: [end] });
  await tree.getByRole("treeitem", { name: /long one, chain, ok/ }).waitFor();
  await page.getByText("done at last").waitFor();
  expect(await tree.getByRole("treeitem").count()).toBe(4);
});

it("opens a trace of twenty thousand runs, of which only those in view exist", async () => {
  const { page, server } = await visit(context, { width: 1440, height: 900 }, "light");
  const root = await sendLargeTrace(server);
  await signIn(page, ADMIN_KEY);
  await page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
  await goTo(page, "Traces");
  await page.getByRole("link", { name: "step 0" }).click();
  await page.getByText("20,000 runs", { exact: true }).waitFor({ timeout: 60_000 });
  expect(page.url()).toBe(`${server.url}/traces/${root}`);
  const tree = page.getByRole("tree", { name: "Runs of the trace" });
  expect(await tree.getByRole("treeitem").count()).toBeLessThan(80);
  await tree.focus();
  await tree.press("End");
  await tree.getByRole("treeitem", { name: /step 19999/ }).waitFor();
  expect(await tree.getByRole("treeitem").count()).toBeLessThan(80);
  await page.getByLabel("Find runs by name, model or kind").fill("step 1777");
  await page.getByText("12 of 20,000 runs").waitFor();
});

async function sendLargeTrace(server: Parameters<typeof sendRuns>[0]): Promise<string> {
  const root = randomUUID();
  const at = Date.now() - 60_000;
  const shared = { trace_id: root, session_name: "large", run_type: "chain" };
  const step = (index: number, id: string) => ({
    ...shared,
    id,
    name: `step ${index}`,
    start_time: at + index,
    end_time: at + index + 50,
    ...(index > 0 && { parent_run_id: root }),
  });
  const runs = Array.from({ length: 20_000 }, (_, index) =>
    step(index, index ? randomUUID() : root),
  );
  for (let from = 0; from < runs.length; from += 1000)
    await sendRuns(server, runs.slice(from, from + 1000));
  return root;
}

it("leads the links that LangSmith's SDKs print to their pages", async () => {
  const { page, server } = await visit(context, { width: 1440, height: 900 }, "light");
  const root = await sendAgent(server, QUESTION, Date.now() - 5000);
  const found = await server.call("/admin/v1/runs?root=true");
  const { runs } = (await found.json()) as { runs: { projectId: string }[] };
  const project = runs[0]?.projectId ?? "none";
  await signIn(page, ADMIN_KEY);
  await page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
  await page.goto(`${server.url}/o/-/projects/p/${project}/r/${root}?poll=true`);
  await page.getByRole("tree", { name: "Runs of the trace" }).waitFor();
  await page.goto(`${server.url}/o/-/projects/p/${project}`);
  await page.getByRole("link", { name: "shop agent" }).waitFor();
  const shared = await server.call(`/api/v1/runs/${root}/share`, {}, { method: "PUT" });
  const { share_token: token } = (await shared.json()) as { share_token: string };
  await page.goto(`${server.url}/public/${token}/r`);
  await page.getByRole("tree", { name: "Runs of the trace" }).waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("Admin key").waitFor();
  await page.goto(`${server.url}/public/${token}/r`);
  await page.getByText("It left the harbour and is on its way.").waitFor();
  await page.getByRole("treeitem", { name: /search parcels/ }).click();
  await page.getByText("Parcel 7 left the harbour.").waitFor();
  expect(await page.getByRole("navigation", { name: "Pages" }).count()).toBe(0);
  await page.getByRole("link", { name: "Sign in" }).click();
  await signIn(page, ADMIN_KEY);
  await page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
  const made = await server.call("/api/v1/datasets", { name: "parcels", data_type: "kv" });
  const dataset = (await made.json()) as { id: string };
  await page.goto(`${server.url}/o/-/datasets/${dataset.id}`);
  await page.getByRole("heading", { name: "parcels", level: 1 }).waitFor();
});

it("says what to do where no trace is yet", async () => {
  const { page, server } = await visit(context, { width: 390, height: 844 }, "dark");
  await signIn(page, ADMIN_KEY);
  for (const path of ["/traces?window=all", "/performance", "/costs"]) {
    await page.goto(server.url + path);
    await page.getByText(`LANGSMITH_ENDPOINT=${new URL(server.url).origin}/api/v1`).waitFor();
    expect([path, await fitsItsWidth(page)]).toEqual([path, true]);
  }
  if (PICTURES)
    await page.screenshot({ path: `${PICTURES}/costs-empty-narrow-dark.png`, fullPage: true });
});

it("shows the trace that the page's own snippet makes", async () => {
  const { page, server } = await visit(context, { width: 1440, height: 900 }, "light");
  await signIn(page, ADMIN_KEY);
  await goTo(page, "Traces");
  const snippet = page.getByLabel("A first trace with LangSmith's SDK");
  const code = (await snippet.textContent()) ?? "";
  await page.getByRole("button", { name: "Live refresh" }).click();
  await runSnippet(code);
  await page.getByRole("link", { name: "answer" }).click();
  const tree = page.getByRole("tree", { name: "Runs of the trace" });
  await tree.getByRole("treeitem", { name: /search, retriever, ok/ }).waitFor();
  const run = page.getByRole("region", { name: "Run", exact: true });
  await run.getByText("What does a weir do?").waitFor();
  await run.getByText("1 page found").waitFor();
  const { runs } = (await (await server.call("/admin/v1/runs")).json()) as { runs: object[] };
  expect(runs).toHaveLength(2);
});

/** Runs a snippet as its comments say, with the SDK that the tests install. */
async function runSnippet(code: string): Promise<void> {
  const file = join(import.meta.dirname, "..", `snippet-${randomUUID()}.mjs`);
  onTestFinished(() => rm(file, { force: true }));
  await writeFile(file, code);
  const endpoint = /LANGSMITH_ENDPOINT=(\S+)/.exec(code)?.[1];
  const told = { LANGSMITH_TRACING: "true", LANGSMITH_API_KEY: ADMIN_KEY };
  const env = { ...process.env, ...told, LANGSMITH_ENDPOINT: endpoint };
  await promisify(execFile)(process.execPath, [file], { env });
}
