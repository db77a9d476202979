import { type TestContext, beforeEach, expect, it } from "vitest";
import { ADMIN_KEY } from "../support/server.ts";
import { sendAgent } from "./send-traces.ts";
import { PICTURES, SIZES, fitsItsWidth, goTo, signIn, visit } from "./visit.ts";

const HOUR = 3_600_000;

let context: TestContext;
beforeEach((own) => {
  context = own;
});

it.each(SIZES)("shows %s %s what was spent on what", async (name, scheme, size) => {
  const { page, server, complaints } = await visit(context, size, scheme);
  for (let past = 0; past < 12; past++)
    await sendAgent(server, `Where is parcel ${past % 3}?`, Date.now() - past * 2 * HOUR - 5000);
  await signIn(page, ADMIN_KEY);
  await goTo(page, "Costs");
  await page.getByText("24 h", { exact: true }).click();
  await page.getByRole("row", { name: /claude-sonnet-4-5 \$0\.084 / }).waitFor();
  await page.getByRole("row", { name: /of it cached 9,600/ }).waitFor();
  await page.getByText("At the month's end").waitFor();
  await page.getByText("What would make it cheaper").waitFor();
  await expect.poll(() => page.getByRole("figure").count()).toBe(2);
  if (PICTURES)
    await page.screenshot({ path: `${PICTURES}/costs-${name}-${scheme}.png`, fullPage: true });
  expect(await fitsItsWidth(page)).toBe(true);
  expect(complaints).toEqual([]);
});

it("splits costs by user and by tag, for one model alone, and hands them out as CSV", async () => {
  const { page, server } = await visit(context, { width: 1440, height: 900 }, "light");
  await sendAgent(server, "Where is my parcel?", Date.now() - 5000);
  await signIn(page, ADMIN_KEY);
  await goTo(page, "Costs");
  await page.getByText("24 h", { exact: true }).click();
  await page.getByRole("button", { name: "gpt-5-mini" }).click();
  await page.getByRole("button", { name: /only model gpt-5-mini/ }).waitFor();
  await page.getByLabel("Split by").selectOption("user");
  await page.getByRole("row", { name: /^ann \$/ }).waitFor();
  expect(page.url()).toContain("period=24h&by=user&only=model&value=gpt-5-mini");
  const file = page.waitForEvent("download");
  await page.getByRole("link", { name: "Download CSV" }).click();
  const csv = await (await file).createReadStream();
  const text = Buffer.concat(await Array.fromAsync(csv)).toString();
  expect(text).toMatch(/^.*user/);
  expect(text).toContain("ann");
});
