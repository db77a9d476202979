import { type TestContext, beforeEach, expect, it, onTestFinished } from "vitest";
import { createMockUpstream } from "../../src/cli/mock/upstream.ts";
import { ADMIN_KEY } from "../support/server.ts";
import { PICTURES, fitsItsWidth, goTo, signIn, visit } from "./visit.ts";

const SIZES = [
  ["wide", "light", { width: 1280, height: 900 }],
  ["narrow", "dark", { width: 390, height: 844 }],
] as const;

let context: TestContext;
beforeEach((own) => {
  context = own;
});

it.each(SIZES)(
  "shows a %s %s operator which targets fail, and lets them drain one",
  async (name, scheme, size) => {
    const broken = await createMockUpstream({ failRate: 1 });
    const sound = await createMockUpstream({ reply: "The second one answers." });
    onTestFinished(async () => {
      await broken.close();
      await sound.close();
    });
    const target = (url: string, more: string) =>
      `{ provider: openai-compatible, url: "${url}", model: qwen3-8b${more} }`;
    const targets = [
      target(broken.url, ", tags: [eu]"),
      target(sound.url, ", fallback: true, concurrency: 4"),
    ];
    const yaml = `models: { chat: { targets: [${targets.join(", ")}] } }`;
    const { page, server, complaints } = await visit(context, size, scheme, { yaml });
    for (let call = 0; call < 4; call++) {
      const messages = [{ role: "user", content: "Who answers?" }];
      await server.call("/v1/chat/completions", { model: "chat", messages });
    }
    await signIn(page, ADMIN_KEY);
    await goTo(page, "Targets");
    const first = page.getByRole("article", { name: "Target openai-compatible/qwen3-8b of chat" });
    await first.getByText("spared after failures").waitFor();
    const second = page.getByRole("article", {
      name: "Target openai-compatible/qwen3-8b#2 of chat",
    });
    await second.getByText("0 of 4").waitFor();
    if (PICTURES)
      await page.screenshot({ path: `${PICTURES}/targets-${name}-${scheme}.png`, fullPage: true });
    expect(await fitsItsWidth(page)).toBe(true);

    await second.getByRole("button", { name: "Drain" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Drain" }).click();
    await second.getByText("drained").waitFor();
    await second.getByRole("button", { name: "Enable" }).click();
    await second.getByText("taking calls").waitFor();

    const { calls } = (await (await server.call("/admin/v1/calls")).json()) as {
      calls: { id: string; attempts: number }[];
    };
    const failedOver = calls.find(({ attempts }) => attempts === 2);
    await page.goto(`${server.url}/calls/${failedOver?.id ?? "none"}`);
    const attempts = page.getByRole("region", { name: "Attempts" }).last();
    await attempts.getByText("the one before failed").waitFor();
    if (PICTURES)
      await page.screenshot({ path: `${PICTURES}/call-${name}-${scheme}.png`, fullPage: true });
    expect(await fitsItsWidth(page)).toBe(true);
    expect(complaints).toEqual([]);
  },
);
