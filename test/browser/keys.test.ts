import type { Page } from "playwright-core";
import { type TestContext, expect, it } from "vitest";
import type { CreatedKey, NewKey } from "../../src/http/access-schemas.ts";
import { CLIENT_ID, CLIENT_SECRET, startIdentityProvider } from "../support/identity-provider.ts";
import { ADMIN_KEY, type TestServer } from "../support/server.ts";
import { fitsItsWidth, goTo, signIn, visit } from "./visit.ts";

/** Keys, tenants and roles in a real browser, against a real server. */

const WIDE = { width: 1280, height: 900 };

async function visitKeys(context: TestContext, size = WIDE) {
  const place = await visit(context, size, "light", { yaml: "models: {}" });
  await signIn(place.page, ADMIN_KEY);
  await place.page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
  await place.page.goto(`${place.server.url}/keys`);
  await place.page.getByRole("rowheader", { name: "WEIR_ADMIN_KEY" }).waitFor();
  return place;
}

async function make(server: TestServer, wish: Partial<NewKey>): Promise<CreatedKey> {
  return (await (
    await server.call("/admin/v1/keys", { name: "app", ...wish })
  ).json()) as CreatedKey;
}

const statusOf = async (server: TestServer, key: string) =>
  (await server.call("/v1/models", undefined, { headers: { authorization: `Bearer ${key}` } }))
    .status;

async function shownSecret(page: Page): Promise<string> {
  const text = await page.getByText(/wk-\w{40}/).textContent();
  await page.getByRole("button", { name: "I have copied it" }).click();
  return /wk-\w{40}/.exec(text ?? "")?.[0] ?? "";
}

it("makes a tenant and a key of it, edits it, rotates it and revokes it", async (context) => {
  const { page, server, complaints } = await visitKeys(context);
  await page.getByRole("link", { name: "Tenants" }).click();
  await page.getByRole("button", { name: "New tenant" }).click();
  await page.getByLabel("Id").fill("shop");
  await page.getByRole("button", { name: "Create tenant" }).click();
  await page.getByRole("rowheader", { name: "shop" }).waitFor();

  await page.getByRole("link", { name: "Keys", exact: true }).last().click();
  await page.getByRole("button", { name: "New key" }).click();
  await page.getByLabel("Name").fill("web");
  await page.getByLabel("Tenant", { exact: true }).selectOption("shop");
  await page.getByRole("button", { name: "90 days" }).click();
  await page.getByRole("textbox", { name: "Models" }).fill("chat, gpt-*");
  await page.locator("summary", { hasText: "Limits" }).click();
  await page.getByRole("textbox", { name: "requests a minute" }).fill("60");
  await page.getByRole("textbox", { name: "cost a day" }).fill("2.50");
  await page.getByRole("button", { name: "Create key" }).click();
  const first = await shownSecret(page);
  await page.getByText(/expires in 90 d/).waitFor();
  const { keys } = (await (await server.call("/admin/v1/keys")).json()) as { keys: CreatedKey[] };
  expect(keys.find(({ name }) => name === "web")).toMatchObject({
    tenant: "shop",
    models: ["chat", "gpt-*"],
    limits: { requestsPerMinute: 60, costPerDay: 2_500_000_000 },
  });

  await page.getByRole("button", { name: "Edit web" }).click();
  await page.getByLabel("Name").fill("web two");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("button", { name: "Rotate web two" }).click();
  await page.getByRole("button", { name: "Rotate key" }).click();
  const second = await shownSecret(page);
  await page.getByText(/old secret ends/).waitFor();
  expect([await statusOf(server, first), await statusOf(server, second)]).toEqual([200, 200]);

  await page.getByRole("button", { name: "Revoke web two" }).click();
  await page.getByRole("button", { name: "Revoke key" }).click();
  await page.getByRole("button", { name: "Revoke web two" }).waitFor({ state: "detached" });
  expect([await statusOf(server, first), await statusOf(server, second)]).toEqual([401, 401]);
  expect(complaints).toEqual([]);
});

it("finds a key among many, and says what was wrong with a wish", async (context) => {
  const { page, server } = await visitKeys(context);
  for (let count = 0; count < 60; count++) await make(server, { name: `service ${count}` });
  await make(server, { name: "billing" });
  await page.reload();
  await page.getByText("62 keys").waitFor();
  await page.getByLabel("Search keys").fill("bill");
  await page.getByText("1 key", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Edit billing" }).click();
  await page.locator("summary", { hasText: "Limits" }).click();
  await page.getByRole("textbox", { name: "requests a minute" }).fill("many");
  await page.getByText("a whole number from 1 on").waitFor();
  expect(await page.getByRole("button", { name: "Save" }).isDisabled()).toBe(true);
});

it("shows a viewer who they are and why something is not for them", async (context) => {
  const { page, server } = await visitKeys(context);
  const { key } = await make(server, { name: "a viewer", scopes: ["viewer"] });
  await page.getByRole("button", { name: "Sign out" }).click();
  await signIn(page, key);
  await page.getByText(/Signed in as a viewer, viewer/).waitFor();
  await goTo(page, "Keys");
  await page.getByText("This page needs the role admin.").waitFor();
  await goTo(page, "Playground");
  await page.getByText(/needs the right to call models/).waitFor();
  expect(await page.getByPlaceholder("Write a message").count()).toBe(0);
});

it("signs in and out by way of an identity provider", async (context) => {
  const provider = await startIdentityProvider();
  const yaml = `
models: {}
access:
  oidc:
    issuer: ${provider.issuer}
    clientId: ${CLIENT_ID}
    clientSecretEnv: OIDC_SECRET
    label: Example ID
    roles: { admin: [admins] }`;
  const { page, server } = await visit(context, WIDE, "light", {
    yaml,
    env: { OIDC_SECRET: CLIENT_SECRET },
  });
  await provider.serve(server.url, { ada: { email: "ada@example.com", groups: ["admins"] } });
  await page.getByRole("link", { name: "Sign in with Example ID" }).click();
  await page.locator('input[name="login"]').fill("ada");
  await page.locator('input[name="password"]').fill("x");
  await page.locator('button[type="submit"]').click();
  await page.locator('button[type="submit"]').click();
  await page.getByText("ada@example.com").waitFor();
  await page.goto(`${server.url}/keys/users`);
  await page.getByRole("rowheader", { name: "ada@example.com" }).waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.waitForURL(/session\/end/);
  const session = await page.request.get(`${server.url}/admin/v1/session`);
  expect(session.status()).toBe(401);
});

it.for([360, 1280])("fits %i pixels with every tab and dialog", async (width, context) => {
  const { page, server, complaints } = await visitKeys(context, { width, height: 800 });
  const name = "a key with quite a long name, longer than one would wish for";
  const limits = { requestsPerMinute: 5, costPerDay: 5e9 };
  await make(server, {
    name,
    limits,
    models: ["a-model-with-a-long-name", "another/model:latest"],
  });
  await page.reload();
  await page.getByText(name).waitFor();
  const seen: [string, boolean][] = [["keys", await fitsItsWidth(page)]];
  for (const button of ["New key", `Edit ${name}`, `Rotate ${name}`, `Revoke ${name}`]) {
    await page.getByRole("button", { name: button }).click();
    await page.getByRole("dialog").waitFor();
    seen.push([button, await fitsItsWidth(page)]);
    await page.keyboard.press("Escape");
  }
  for (const tab of ["Tenants", "Users"]) {
    await page.getByRole("link", { name: tab }).click();
    seen.push([tab, await fitsItsWidth(page)]);
  }
  expect(seen.filter(([, isFitting]) => !isFitting)).toEqual([]);
  expect(complaints).toEqual([]);
});
