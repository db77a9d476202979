import { join } from "node:path";
import { expect, it } from "vitest";
import { startUpstream } from "../guard/upstream.ts";
import { ADMIN_KEY, type TestServer } from "../support/server.ts";
import { PICTURES, SIZES, fitsItsWidth, goTo, signIn, visit } from "./visit.ts";

/** What waits for a person is shown on the guard's page, and decided on there. */

const ask = (server: TestServer, text: string) =>
  server.call("/v1/chat/completions", {
    model: "chat",
    messages: [{ role: "user", content: `${text} <document>Ann lives by the river.</document>` }],
    tools: [{ type: "function", function: { name: "send_mail", parameters: {} } }],
  });

it.for(SIZES)(
  "approves and denies calls of tools on a %s %s window",
  async ([width, theme, size], context) => {
    const upstream = await startUpstream({ tool: "send_mail", pieces: ['{"to":"ann"}'] });
    const target = `{ provider: openai-compatible, url: "${upstream.url}", model: up }`;
    const { page, server, complaints } = await visit(context, size, theme, {
      yaml: `models: { chat: { targets: [${target}] } }\nguard: { tools: { stateChanging: [send_*] } }`,
    });
    await signIn(page, ADMIN_KEY);
    await goTo(page, "Guard");
    const panel = page.getByRole("region", { name: "Waiting for a person" });
    await panel.getByText("Nothing waits.").waitFor();

    expect(await (await ask(server, "Write to her:")).text()).toContain("approval_needed");
    const call = panel.getByRole("listitem", { name: "send_mail" });
    await call.waitFor();
    expect(await call.getByLabel("Arguments").textContent()).toBe('{\n  "to": "ann"\n}');
    if (PICTURES) {
      const path = join(PICTURES, `reviews-${width}-${theme}.png`);
      await page.screenshot({ path, fullPage: true });
    }
    await call.getByRole("button", { name: "Approve" }).click();
    await panel.getByText("Nothing waits.").waitFor();
    expect(await (await ask(server, "Write to her:")).text()).toContain('"send_mail"');

    await ask(server, "Write to her:");
    await call.getByRole("button", { name: "Deny" }).click();
    await panel.getByText("Decided lately").click();
    await panel.getByText("denied").waitFor();
    expect(await (await ask(server, "Write to her:")).text()).toContain("a person has denied");
    expect(await fitsItsWidth(page)).toBe(true);
    expect(complaints).toEqual([]);
  },
);
