import { join } from "node:path";
import { expect, it } from "vitest";
import { ADMIN_KEY } from "../support/server.ts";
import { PICTURES, SIZES, fitsItsWidth, goTo, signIn, visit } from "./visit.ts";

/** The guard's page: a text is tried by the policy in force, and by an edited copy. */

it.for(SIZES)("tries texts on a %s %s window", async ([width, theme, size], context) => {
  const { page, complaints } = await visit(context, size, theme);
  await signIn(page, ADMIN_KEY);
  await goTo(page, "Guard");
  await page.getByRole("button", { name: "The same, hidden" }).click();
  const result = page.getByRole("region", { name: "What the guard sees" });
  await result.getByText("refused", { exact: true }).waitFor();
  expect(await result.getByRole("table").textContent()).toContain("injection.ignore_instructions");
  expect(await result.textContent()).toContain("ignore all previous instructions");
  if (PICTURES) {
    await page.screenshot({ path: join(PICTURES, `guard-${width}-${theme}.png`), fullPage: true });
  }

  await page.getByLabel("Text", { exact: true }).fill("Write to ann@example.com.");
  await page.getByRole("button", { name: "Look at it" }).click();
  await result.getByText("Write to [redacted:email].").waitFor();
  await page.getByRole("textbox", { name: "Policy" }).fill("actions: { pii: block }");
  await page.getByRole("button", { name: "Look at it" }).click();
  await result.getByText("refused", { exact: true }).waitFor();
  await page.getByRole("textbox", { name: "Policy" }).fill("actions: { pie: block }");
  await page.getByRole("button", { name: "Look at it" }).click();
  expect(await page.getByRole("alert").textContent()).toMatch(/guard\.actions/);
  expect(await fitsItsWidth(page)).toBe(true);
  expect(complaints.filter((text) => !text.includes("400"))).toEqual([]);
});
