import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { SHAPES, writeRandomModel } from "../../bench/engine/random-model.ts";
import { startHub } from "../models/hub.ts";
import { ADMIN_KEY, startServer, temporaryFolder } from "../support/server.ts";
import { PICTURES, fitsItsWidth, goTo, signIn, visit } from "./visit.ts";

/** The Models page: from the hub or the built-in model to a smaller file that is served. */

const PATIENCE = { timeout: 400_000 };
const WIDE = { width: 1400, height: 900 };
const NARROW = { width: 390, height: 844 };
/** What a loaded machine may take for a job of the built-in model. */
const JOB_MS = 120_000;

/** Looks at a page in both themes and widths, and leaves pictures when they are asked for. */
async function look(page: Page, name: string): Promise<void> {
  for (const [size, viewport] of [
    ["narrow", NARROW],
    ["wide", WIDE],
  ] as const) {
    for (const colorScheme of ["dark", "light"] as const) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize(viewport);
      expect([name, size, await fitsItsWidth(page)]).toEqual([name, size, true]);
      if (PICTURES) {
        const path = join(PICTURES, `models-${name}-${size}-${colorScheme}.png`);
        await page.screenshot({ path, fullPage: true });
      }
    }
  }
}

async function openLibrary(page: Page): Promise<void> {
  await goTo(page, "Models");
  await page
    .getByRole("navigation", { name: "Models" })
    .getByRole("link", { name: "Library" })
    .click();
  await page.getByRole("heading", { name: "Model files" }).waitFor();
}

async function modelBytes(): Promise<Buffer> {
  const path = join(temporaryFolder(), "model.gguf");
  await writeRandomModel(path, SHAPES.tiny, 1);
  return readFileSync(path);
}

it("pulls a model with a bar that can be canceled, and goes on", PATIENCE, async (context) => {
  const bytes = await modelBytes();
  const hub = await startHub({ "org/tiny-GGUF": { "tiny-Q4_K_M.gguf": bytes } });
  const { page, complaints } = await visit(context, WIDE, "light", {
    env: { HF_ENDPOINT: hub.endpoint },
  });
  await signIn(page, ADMIN_KEY);
  await openLibrary(page);
  await page.getByRole("textbox", { name: "Pull a model" }).fill("hf:org/none");
  await page.getByRole("button", { name: "Pull" }).click();
  await page.getByText("There is no org/none on the hub").waitFor();

  // The question for its length is answered, and then nothing comes.
  let answers = 0;
  const hold = new Promise<void>(() => undefined);
  const gate = { configurable: true, get: () => (++answers > 1 ? hold : undefined) };
  Object.defineProperty(hub, "gate", gate);
  await page.getByRole("textbox", { name: "Pull a model" }).fill("hf:org/tiny-GGUF");
  await page.getByRole("textbox", { name: "Pull a model" }).press("Enter");
  const job = page.getByRole("listitem", { name: "Pull hf:org/tiny-GGUF" });
  await job.getByRole("progressbar").waitFor();
  await look(page, "pull");
  // The job is the server's: it is there still for who comes again.
  await page.reload();
  await job.getByRole("button", { name: "Cancel" }).click();
  await job.getByText("canceled", { exact: true }).waitFor();
  Object.defineProperty(hub, "gate", { value: undefined });
  await job.getByRole("button", { name: "Try again" }).click();
  await page.getByRole("rowheader", { name: /org\/tiny-GGUF\/tiny-Q4_K_M/ }).waitFor();
  expect(await page.getByRole("row", { name: /tiny-Q4_K_M/ }).textContent()).toContain(
    "apache-2.0",
  );
  await page.getByRole("button", { name: /^Remove org/ }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await page.getByRole("button", { name: /Clean up/ }).click();
  await page.getByRole("button", { name: /Clean up/ }).waitFor({ state: "detached" });
  expect(await page.getByRole("row", { name: /tiny-Q4_K_M/ }).count()).toBe(0);
  expect(complaints).toEqual([]);
});

it("makes smaller files, compares them, and chooses one to serve", PATIENCE, async (context) => {
  const { page, complaints } = await visit(context, WIDE, "light");
  await signIn(page, ADMIN_KEY);
  await openLibrary(page);
  await look(page, "library");
  await page.getByRole("link", { name: "demo", exact: true }).click();
  await page.getByRole("heading", { name: "demo", level: 2 }).waitFor();
  expect(await page.getByRole("img", { name: /^Layer 1: Q8_0/ }).count()).toBe(1);
  await page.getByText("Chat template", { exact: true }).click();
  await page.getByText("{%").first().waitFor();
  await page.getByText("Metadata", { exact: true }).click();
  await page.getByRole("rowheader", { name: "general.architecture" }).waitFor();
  await look(page, "contents");

  await page.getByRole("checkbox", { name: /^F16/ }).check();
  expect(await page.getByRole("button", { name: "Make 1 file" }).isDisabled()).toBe(true);
  await page.getByLabel("Do it all the same").check();
  await page.getByRole("button", { name: "Make 1 file" }).click();
  await page.getByRole("link", { name: "demo-F16" }).click({ timeout: JOB_MS });
  await page.getByRole("heading", { name: "demo-F16", level: 2 }).waitFor();
  const types = ["Q8_0", "Q5_K_M", "Q4_K_M", "Q4_0", "Q3_K_M"];
  for (const type of types) {
    await page.getByRole("checkbox", { name: new RegExp(`^${type}`) }).check();
  }
  await page.getByRole("button", { name: "Make 5 files" }).click();
  for (const type of types) {
    await page
      .getByRole("checkbox", { name: new RegExp(`^${type}.*made`) })
      .waitFor({ timeout: JOB_MS });
  }
  await look(page, "quantized");

  await page.getByRole("link", { name: "Compare", exact: true }).click();
  await page.getByText("Nothing was measured yet").waitFor();
  const compare = page.getByRole("form", { name: "Compare" });
  expect(await compare.getByLabel("Original").locator("option:checked").textContent()).toBe(
    "demo-F16 (F16)",
  );
  await compare.getByText("Your own", { exact: true }).click();
  const text = readFileSync(join(import.meta.dirname, "..", "..", "models", "sample.txt"), "utf8");
  await compare.getByLabel("Your own text").fill(text.slice(0, 2500));
  await compare.getByRole("button", { name: "Compare" }).click();
  const table = page.getByRole("region", { name: "demo-F16 and what was made from it" });
  await table.getByRole("rowheader", { name: /demo-Q4_K_M/ }).waitFor({ timeout: JOB_MS });
  if (PICTURES) {
    const panel = page.locator("section").filter({ has: table });
    await panel.screenshot({ path: join(PICTURES, "models-comparison.png") });
  }
  const picture = page.getByRole("img", { name: /^Divergence from the original/ });
  expect(await picture.locator("circle").count()).toBe(7);
  const across = page.getByRole("radiogroup", { name: "What the picture shows across" });
  await across.getByText("Tokens/s").click();
  expect(await picture.getAttribute("aria-label")).toContain("tokens a second");
  await across.getByText("Size").click();

  const optimize = page.getByRole("form", { name: "Let it choose" });
  await optimize.getByLabel("Most divergence").selectOption("0.1");
  await optimize.getByLabel("Most memory").fill("much");
  await optimize.getByText("A number such as 6").waitFor();
  await optimize.getByLabel("Most memory").fill("4");
  await optimize.getByText("Your own", { exact: true }).click();
  await optimize.getByLabel("Your own text").fill(text.slice(0, 2500));
  await optimize.getByRole("button", { name: "Choose" }).click();
  await page.getByText("Its card").click({ timeout: JOB_MS });
  await page.getByText("the smallest type within 0.1 nats a token").waitFor();
  await page.getByText("How to serve it").click();
  await look(page, "measured");
  const snippet = await page.getByLabel("For weir.yaml").textContent();
  expect(complaints).toEqual([]);

  const serving = await startServer(snippet ?? "");
  await serving.ready();
  const messages = [{ role: "user", content: "What is Weir?" }];
  const ask = { model: "demo-optimized", messages, max_tokens: 8 };
  expect((await serving.call("/v1/chat/completions", ask)).status).toBe(200);
});

it("shows a viewer everything, and lets them change nothing", PATIENCE, async (context) => {
  const { page, server } = await visit(context, WIDE, "light");
  const made = await server.call("/admin/v1/keys", { name: "looks", scopes: ["viewer"] });
  const { key } = (await made.json()) as { key: string };
  await signIn(page, key);
  await openLibrary(page);
  await page.getByRole("textbox", { name: "Pull a model" }).fill("hf:org/x");
  expect(await page.getByRole("button", { name: "Pull" }).isDisabled()).toBe(true);
  await page.getByRole("link", { name: "demo", exact: true }).click();
  await page.getByRole("checkbox", { name: /^F16/ }).check();
  await page.getByLabel("Do it all the same").check();
  expect(await page.getByRole("button", { name: "Make 1 file" }).isDisabled()).toBe(true);
  await page.goto(new URL("/models/file?ref=library%3Anone", server.url).href);
  await page.getByText(/There is no model file "library:none" here/).waitFor();
});

it("says what to do where there is nothing yet, and what is wrong", PATIENCE, async (context) => {
  const broken = join(temporaryFolder(), "broken.gguf");
  writeFileSync(broken, "no model");
  const yaml = `models: { bad: { targets: [{ provider: llama, file: "${broken}" }] } }`;
  const server = await startServer(yaml);
  const { page, complaints } = await visit(context, NARROW, "dark", { yaml: "models: {}" });
  await signIn(page, ADMIN_KEY);
  await openLibrary(page);
  await page.getByText(/Nothing here yet\. Pull a model above/).waitFor();
  await page.getByRole("textbox", { name: "Pull a model" }).fill("/etc/passwd");
  await page.getByRole("textbox", { name: "Pull a model" }).press("Enter");
  await page.getByText(/Expected hf:ORG\/REPO/).waitFor();
  await page.getByRole("link", { name: "Compare", exact: true }).click();
  await page.getByRole("link", { name: "Pull one into the library" }).waitFor();
  expect(await fitsItsWidth(page)).toBe(true);
  expect(complaints.filter((text) => !text.includes("400"))).toEqual([]);

  await page.goto(server.url);
  await signIn(page, ADMIN_KEY);
  await openLibrary(page);
  await page.getByRole("rowheader", { name: /broken.*is no GGUF|broken.*GGUF/ }).waitFor();
  expect(await fitsItsWidth(page)).toBe(true);
});
