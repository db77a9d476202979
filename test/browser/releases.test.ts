import { join } from "node:path";
import { type TestContext, beforeEach, expect, it, onTestFinished } from "vitest";
import { createMockUpstream } from "../../src/cli/mock/upstream.ts";
import { ADMIN_KEY } from "../support/server.ts";
import { PICTURES, SIZES, fitsItsWidth, goTo, signIn, visit } from "./visit.ts";

/** The pages on which releases and replicas are looked at. */

let context: TestContext;
beforeEach((own) => {
  context = own;
});

async function upstream(failRate = 0) {
  const mock = await createMockUpstream({ failRate, fault: "500" });
  onTestFinished(() => mock.close());
  return `{ provider: openai-compatible, url: "${mock.url}", model: up }`;
}

it.each(SIZES)(
  "show a rollback with its evidence and reason, %s and %s",
  async (width, theme, size) => {
    const [stable, candidate] = [await upstream(), await upstream(0.4)];
    const yaml = `models: { chat: { targets: [${stable}], release: { candidate: ${candidate}, stages: [shadow 10, 50%], unit: call, warmUp: 0s } }, local: { targets: [{ provider: llama, file: demo, slots: 2 }], scale: { max: 2, interval: 5s } } }`;
    const { page, server, complaints } = await visit(context, size, theme, { yaml });
    await signIn(page, ADMIN_KEY);
    await goTo(page, "Releases");
    await page.getByRole("heading", { name: /chat/ }).waitFor();
    for (let round = 0; round < 40; round++) {
      for (let call = 0; call < 10; call++) {
        const body = { model: "chat", messages: [{ role: "user", content: "Hi" }] };
        await (await server.call("/v1/chat/completions", body)).arrayBuffer();
      }
      const answer = await server.call("/admin/v1/releases/detail?model=chat");
      if (((await answer.json()) as { phase: string }).phase !== "running") break;
    }
    await page.getByText("rolled back", { exact: true }).waitFor();
    await page
      .getByText(/^Evidence .* against a bound of 20/)
      .first()
      .waitFor();
    await page.getByRole("img", { name: /against a bound of 20/ }).waitFor();
    const first = page.getByRole("table").getByRole("row").nth(1);
    expect(await first.innerText()).toContain("failed");
    expect(await fitsItsWidth(page)).toBe(true);
    if (PICTURES) {
      await page.screenshot({
        path: join(PICTURES, `releases-${width}-${theme}.png`),
        fullPage: true,
      });
    }
    await page.getByRole("button", { name: "Begin anew" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Begin anew" }).click();
    await page.getByText("running", { exact: true }).waitFor();
    await goTo(page, "Scaling");
    await page.getByRole("heading", { name: /local/ }).waitFor();
    await page.getByRole("button", { name: "Hold at 1" }).click();
    await page.getByText("held at 1", { exact: true }).waitFor();
    if (PICTURES) {
      await page.screenshot({
        path: join(PICTURES, `scaling-${width}-${theme}.png`),
        fullPage: true,
      });
    }
    expect(await fitsItsWidth(page)).toBe(true);
    expect(complaints).toEqual([]);
  },
);

it("say how to begin where there is nothing yet", async () => {
  const { page } = await visit(context, { width: 1440, height: 900 }, "light");
  await signIn(page, ADMIN_KEY);
  await goTo(page, "Releases");
  await page.getByRole("heading", { name: "Nothing is being released" }).waitFor();
  await page.getByText("candidate: { provider: llama, file: next.gguf }").waitFor();
  await goTo(page, "Scaling");
  await page.getByRole("heading", { name: "No model is scaled" }).waitFor();
  expect(await fitsItsWidth(page)).toBe(true);
});
