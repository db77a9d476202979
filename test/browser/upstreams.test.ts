import type { Locator, Page } from "playwright-core";
import { type TestContext, expect, it, onTestFinished } from "vitest";
import { type MockUpstream, createMockUpstream } from "../../src/cli/mock/upstream.ts";
import { ADMIN_KEY } from "../support/server.ts";
import { type Visit, fitsItsWidth, goTo, signIn, visit } from "./visit.ts";

/** The pages for targets and the playground, against a real server before doubles of two vendors. */

interface Site extends Visit {
  readonly vllm: MockUpstream;
  readonly anthropic: MockUpstream;
}

/** `local` and `broken` are vLLM's, `claude` is Anthropic's. */
async function visitUpstreams(
  context: TestContext,
  { size = { width: 1400, height: 900 }, tokenMs = 0 } = {},
): Promise<Site> {
  const vllm = await createMockUpstream({ kind: "vllm", devMode: true, tokenMs });
  onTestFinished(() => vllm.close());
  const anthropic = await createMockUpstream({ kind: "anthropic" });
  onTestFinished(() => anthropic.close());
  const yaml = `
models:
  local: { targets: [{ provider: vllm, url: "${vllm.url}", model: mock, price: { input: 1 USD, output: 2 USD } }] }
  claude: { targets: [{ provider: anthropic, url: "${anthropic.url}", model: mock }] }
  broken: { targets: [{ provider: vllm, url: "${vllm.url}", model: mock-status-500 }] }
`;
  const env = { ANTHROPIC_API_KEY: "sk-mock" };
  const site = await visit(context, size, "light", { yaml, env });
  await signIn(site.page, ADMIN_KEY);
  await site.page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
  return { ...site, vllm, anthropic };
}

const card = (page: Page, model: string) =>
  page.getByRole("region", { name: `Targets of ${model}` }).getByRole("article");

const answer = (page: Page, model: string) =>
  page.getByRole("region", { name: `Answer of ${model}` }).last();

async function write(page: Page, text: string): Promise<void> {
  await page.getByPlaceholder("Write a message").fill(text);
  await page.getByPlaceholder("Write a message").press("Enter");
}

const trace = (reply: Locator) => reply.getByRole("link", { name: "See the trace" });

it("asks engines of one's own about themselves, and warns of their open routes", async (context) => {
  const { page, complaints, anthropic } = await visitUpstreams(context);
  await goTo(page, "Targets");
  const local = card(page, "local");
  await local.getByText("Version 0.32.0").waitFor();
  await local.getByText("4,096 tokens of context").waitFor();
  await local.getByRole("meter", { name: "KV cache" }).waitFor();
  const warning = local.getByRole("note", { name: "Warning: open routes" });
  await warning.getByText("Only Weir should be able to reach the engine").waitFor();
  expect(await warning.getByText("/metrics", { exact: true }).count()).toBe(1);

  const hosted = card(page, "claude");
  expect(anthropic.calls).toEqual([]);
  await hosted.getByRole("button", { name: "Ask the upstream" }).click();
  await hosted.getByText(/answered in/).waitFor();
  expect(await hosted.getByRole("note").count()).toBe(0);
  expect(complaints).toEqual([]);
});

it("tests targets: one that answers, one that fails", async (context) => {
  const { page } = await visitUpstreams(context);
  await goTo(page, "Targets");
  await card(page, "claude").getByRole("button", { name: "Test call" }).click();
  await card(page, "claude").getByText("The target answers").waitFor();
  await card(page, "claude")
    .getByText(/word0 word1/)
    .waitFor();
  expect(await card(page, "claude").getByRole("status").textContent()).toMatch(/tokens out ?\d/);
  await card(page, "broken").getByRole("button", { name: "Test call" }).click();
  await card(page, "broken").getByText("The test call failed").waitFor();
  await card(page, "broken")
    .getByRole("status")
    .getByText(/mock failure 500/)
    .waitFor();
});

it("puts an engine to sleep after a question, and wakes it", async (context) => {
  const { page, vllm } = await visitUpstreams(context);
  await goTo(page, "Targets");
  const local = card(page, "local");
  await local.getByText("Engine actions").click();
  await local.getByRole("button", { name: "Sleep, level 1" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  await local.getByRole("button", { name: "Sleep, level 1" }).click();
  expect(vllm.calls.filter(({ path }) => path.startsWith("/sleep"))).toEqual([]);
  await page.getByRole("dialog").getByRole("button", { name: "Put to sleep" }).click();
  await local.getByText("The engine sleeps.").waitFor();
  await local.getByText("asleep", { exact: true }).waitFor();
  await local.getByRole("button", { name: "Test call" }).click();
  await local
    .getByRole("status")
    .getByText(/sleeping; wake it up first/)
    .waitFor();
  await local.getByRole("button", { name: "Wake" }).click();
  await local.getByText("The engine is awake.").waitFor();
  await local.getByText("asleep", { exact: true }).waitFor({ state: "detached" });
});

it("loads and unloads an adapter", async (context) => {
  const { page, vllm } = await visitUpstreams(context);
  await goTo(page, "Targets");
  const local = card(page, "local");
  await local.getByText("Engine actions").click();
  await local.getByLabel("Adapter's name").fill("legal");
  await local.getByLabel("Path, as the engine sees it").fill("/loras/legal");
  await local.getByRole("button", { name: "Load", exact: true }).click();
  await local.getByRole("listitem").getByText("legal", { exact: true }).waitFor();
  await local.getByLabel("Adapter to unload").fill("nobody");
  await local.getByRole("button", { name: "Unload" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Unload" }).click();
  await local.getByRole("alert").waitFor();
  await local.getByLabel("Adapter to unload").fill("legal");
  await local.getByRole("button", { name: "Unload" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Unload" }).click();
  await local.getByText("The adapter is unloaded.").waitFor();
  expect(vllm.calls.filter(({ path }) => path.includes("lora")).map(({ body }) => body)).toEqual([
    { lora_name: "legal", lora_path: "/loras/legal" },
    { lora_name: "nobody" },
    { lora_name: "legal" },
  ]);
});

it("lets models answer side by side, and shows the error of one beside the others", async (context) => {
  const { page, complaints } = await visitUpstreams(context);
  await page.goto(new URL("/playground?model=local&model=claude&model=broken", page.url()).href);
  await write(page, "Hello");
  await trace(answer(page, "local")).waitFor();
  await answer(page, "local")
    .getByText(/word0 word1/)
    .waitFor();
  await answer(page, "claude")
    .getByText(/word0 word1/)
    .waitFor();
  await answer(page, "broken").getByRole("alert").getByText("No answer").waitFor();
  await answer(page, "claude").getByText("tokens/s").waitFor();
  await answer(page, "local").getByText("cost").waitFor();
  await page.reload();
  await answer(page, "claude")
    .getByText(/word0 word1/)
    .waitFor();
  await answer(page, "broken").getByText("No answer").waitFor();
  expect(await page.getByLabel("Second model").inputValue()).toBe("claude");
  expect(complaints).toEqual([]);
});

it("stops one of two answers", async (context) => {
  const { page } = await visitUpstreams(context, { tokenMs: 600_000 });
  await page.goto(new URL("/playground?model=local&model=claude", page.url()).href);
  await write(page, "Hello");
  await page.getByRole("button", { name: "Stop local" }).click();
  await answer(page, "local").getByText("Stopped by you.").waitFor();
  await answer(page, "claude")
    .getByText(/word0 word1/)
    .waitFor();
  expect(await answer(page, "claude").getByText("Stopped by you.").count()).toBe(0);
});

it.for(["OpenAI chat", "Anthropic messages", "OpenAI responses"])(
  "takes a tool's result to the model that called it, as %s",
  async (protocol, context) => {
    const { page, anthropic } = await visitUpstreams(context);
    await page.goto(new URL("/playground?model=claude", page.url()).href);
    await page.getByLabel("Asked as").selectOption(protocol);
    await page.getByLabel("Tools", { exact: true }).check();
    await write(page, "How high is the river?");
    const call = page.getByRole("region", { name: "Call of get_river_level" });
    await call.getByText(/"gauge": "/).waitFor();
    await call.getByLabel("Result of get_river_level").fill('{"level": 407}');
    await page.getByRole("button", { name: "Send the result" }).click();
    await answer(page, "claude")
      .getByText(/word0 word1/)
      .waitFor();
    await call.getByText("You returned").waitFor();
    expect(JSON.stringify(anthropic.requests.at(-1)?.["messages"])).toContain("tool_result");
  },
);

it.for(["OpenAI chat", "Anthropic messages", "OpenAI responses"])(
  "asks for JSON by a schema and looks at the answer, as %s",
  async (protocol, context) => {
    const { page } = await visitUpstreams(context);
    await page.goto(new URL("/playground?model=local", page.url()).href);
    await page.getByLabel("Asked as").selectOption(protocol);
    await page.getByLabel("Answer as").selectOption("schema");
    await page.getByLabel("JSON schema").fill("{");
    await page.getByText("This is not valid JSON.").waitFor();
    await page.getByPlaceholder("Write a message").fill("Describe a weir.");
    expect(await page.getByRole("button", { name: "Send" }).isDisabled()).toBe(true);
    await page.getByRole("button", { name: "Put the example in" }).click();
    await write(page, "Describe a weir.");
    await answer(page, "local").getByText("valid JSON, as the schema wants it").waitFor();
    await answer(page, "local")
      .getByText(/"confidence": /)
      .waitFor();
  },
);

it("sends an image, shows the request as code, and forgets everything at the end", async (context) => {
  const { page, complaints } = await visitUpstreams(context);
  await page.goto(new URL("/playground?model=local", page.url()).href);
  const pixel =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
  await page.locator('input[type="file"]').setInputFiles({
    name: "pixel.png",
    mimeType: "image/png",
    buffer: Buffer.from(pixel, "base64"),
  });
  await page.getByAltText("Attached image 1").waitFor();
  await write(page, "What is this?");
  await answer(page, "local").getByText("I see 1 image.").waitFor();
  await page.getByRole("button", { name: "Show as code" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText(/curl -N .*\/v1\/chat\/completions/).waitFor();
  await dialog.getByText("anthropic", { exact: true }).click();
  await dialog.getByText(/client\.messages\.create/).waitFor();
  await dialog.getByRole("button", { name: "Done" }).click();
  expect(complaints).toEqual([]);

  await page.getByPlaceholder("Write a message").fill("Not sent yet");
  await page.reload();
  await answer(page, "local").getByText("I see 1 image.").waitFor();
  expect(await page.getByPlaceholder("Write a message").inputValue()).toBe("Not sent yet");
  await page.getByRole("button", { name: "Sign out" }).click();
  await signIn(page, ADMIN_KEY);
  await page.getByText("Ask something, or try one of these.").waitFor();
  expect(await page.getByText("What is this?").count()).toBe(0);
  expect(await page.getByPlaceholder("Write a message").inputValue()).toBe("");
});

it("fits a phone with two answers and with every card open", async (context) => {
  const { page } = await visitUpstreams(context, { size: { width: 360, height: 740 } });
  await page.goto(new URL("/playground?model=local&model=claude", page.url()).href);
  await write(page, "Hello");
  await trace(answer(page, "claude")).waitFor();
  expect(await fitsItsWidth(page)).toBe(true);
  await goTo(page, "Targets");
  await card(page, "local").getByText("Engine actions").click();
  await card(page, "local").getByText("Version 0.32.0").waitFor();
  expect(await fitsItsWidth(page)).toBe(true);
});
