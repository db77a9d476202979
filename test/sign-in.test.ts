import { expect, it } from "vitest";
import { parseConfig } from "../src/config/load.ts";
import type { Log } from "../src/core/log.ts";
import { type Jar, type Page, createJar } from "./support/cookie-jar.ts";
import {
  CLIENT_ID,
  CLIENT_SECRET,
  type IdentityProvider,
  type People,
  startIdentityProvider,
} from "./support/identity-provider.ts";
import { ADMIN_KEY, type TestServer, startServer } from "./support/server.ts";

/** Signing in to the dashboard by way of a real identity provider, as a browser goes. */

const PEOPLE: People = {
  ada: { email: "ada@example.com", name: "Ada", groups: ["staff", "weir-admins"] },
  olga: { email: "olga@example.com", groups: ["weir-operators"] },
  vera: { email: "vera@example.com", groups: ["weir-viewers"] },
  nobody: { email: "nobody@example.com", groups: ["staff"] },
  kim: { name: "Kim", realm_access: { roles: ["weir-viewers"] } },
};

interface Stand {
  readonly provider: IdentityProvider;
  readonly server: TestServer;
  readonly jar: Jar;
  readonly lines: string[];
}

async function setUp(more = "", people = PEOPLE): Promise<Stand> {
  const provider = await startIdentityProvider();
  const lines: string[] = [];
  const yaml = `
models: {}
access:
  oidc:
    issuer: ${provider.issuer}
    clientId: ${CLIENT_ID}
    clientSecretEnv: OIDC_SECRET
    label: Example ID
    roles: { admin: [weir-admins], operator: [weir-operators], viewer: [weir-viewers] }
    ${more}`;
  const server = await startServer(yaml, {
    env: { OIDC_SECRET: CLIENT_SECRET },
    log: noteIn(lines),
  });
  await provider.serve(server.url, people);
  return { provider, server, jar: createJar(), lines };
}

function noteIn(lines: string[]): Log {
  const note = (event: string, fields?: Record<string, unknown>) =>
    void lines.push(JSON.stringify({ event, ...fields }));
  const log: Log = {
    debug: note,
    info: note,
    warn: note,
    error: note,
    batched: note,
    part: () => log,
  };
  return log;
}

/** From the login page's button to where the browser ends up. */
async function signIn({ server, jar }: Stand, login: string): Promise<Page> {
  return jar.go(await toCallback({ server, jar }, login));
}

/** The address that the provider sends the browser back to; it is not asked yet. */
async function toCallback(
  { server, jar }: Pick<Stand, "server" | "jar">,
  login: string,
): Promise<URL> {
  const stopAt = ({ pathname }: URL) => pathname === "/auth/callback";
  const form = await jar.go(`${server.url}/auth/login`);
  const consent = await jar.submit(form, { login, password: "x" });
  const action = /action="([^"]+)"/.exec(consent.text)?.[1] ?? "";
  const fields = { prompt: "consent" };
  const back = await jar.go(new URL(action, consent.url), { form: fields, stopAt });
  return back.url;
}

/** What the dashboard asks first, with the browser's cookies. */
async function session({ server, jar }: Stand): Promise<{ status: number; body: unknown }> {
  const page = await jar.go(`${server.url}/admin/v1/session`);
  return { status: page.status, body: JSON.parse(page.text) };
}

it("says how one may sign in before anybody has", async () => {
  const { server } = await setUp();
  const options = await fetch(`${server.url}/auth/options`);
  expect(await options.json()).toEqual({ oidc: { label: "Example ID", url: "/auth/login" } });
  const plain = await startServer();
  expect(await (await fetch(`${plain.url}/auth/options`)).json()).toEqual({ oidc: null });
});

it.each([
  ["ada", "admin", "ada@example.com"],
  ["olga", "operator", "olga@example.com"],
  ["vera", "viewer", "vera@example.com"],
])("signs %s in as %s, and shows who that is", async (login, role, email) => {
  const stand = await setUp();
  const page = await signIn(stand, login);
  expect(page.url.pathname).toBe("/");
  const { status, body } = await session(stand);
  expect(status).toBe(200);
  expect(body).toMatchObject({ key: email, role, scopes: [role], user: { email } });
  const users = await stand.server.call("/admin/v1/users");
  expect(await users.json()).toMatchObject({
    users: [{ email, role, issuer: stand.provider.issuer }],
  });
  expect(stand.lines.find((line) => line.includes("signed_in"))).toContain(email);
});

it("keeps the cookie from scripts and from other sites, and secrets out of the log", async () => {
  const stand = await setUp();
  const callback = await toCallback(stand, "ada");
  const answer = await stand.jar.go(callback, { stopAt: () => true });
  const cookies = answer.headers.getSetCookie();
  expect(cookies.find((one) => one.startsWith("weir_session="))).toMatch(
    /HttpOnly; SameSite=Strict/,
  );
  expect(cookies.find((one) => one.startsWith("weir_sign_in="))).toMatch(/^weir_sign_in=;/);
  const log = stand.lines.join("\n");
  const secrets = [
    CLIENT_SECRET,
    callback.searchParams.get("code"),
    stand.jar.cookie("weir_session"),
  ];
  for (const secret of secrets) expect(log).not.toContain(secret);
});

it("shows somebody without a role what to do, and lets them in nowhere", async () => {
  const stand = await setUp();
  const page = await signIn(stand, "nobody");
  expect(page.status).toBe(403);
  expect(page.text).toMatch(/nobody@example\.com.*access\.oidc\.roles in weir\.yaml/s);
  expect(page.headers.get("content-security-policy")).toMatch(/^default-src 'none'/);
  expect((await session(stand)).status).toBe(401);
  expect(stand.lines.join("\n")).toContain("sign_in_refused");
});

it("gives the default role, and finds roles deep in a claim", async () => {
  const stand = await setUp("defaultRole: viewer");
  await signIn(stand, "nobody");
  expect((await session(stand)).body).toMatchObject({ role: "viewer" });
  const deep = await setUp("rolesClaim: realm_access.roles");
  await signIn(deep, "kim");
  expect((await session(deep)).body).toMatchObject({ role: "viewer", key: "Kim" });
});

it("looks at the role again at each sign-in", async () => {
  const people = { ada: { email: "ada@example.com", groups: ["weir-admins"] } };
  const stand = await setUp("", people);
  await signIn(stand, "ada");
  people.ada.groups = ["weir-viewers"];
  stand.jar.forget();
  await signIn(stand, "ada");
  expect((await session(stand)).body).toMatchObject({ role: "viewer" });
});

it("refuses an answer to something else than was begun here", async () => {
  const stand = await setUp();
  const callback = await toCallback(stand, "ada");
  const forged = new URL(callback);
  forged.searchParams.set("state", "of-somebody-else");
  const wrongState = await stand.jar.go(forged);
  expect(wrongState.status).toBe(401);
  expect(wrongState.text).toMatch(/Start again from the login page/);
  // What was begun is over: the right answer comes too late now.
  expect((await stand.jar.go(callback)).status).toBe(401);

  const elsewhere = createJar();
  const fresh = await toCallback({ server: stand.server, jar: createJar() }, "ada");
  const stranger = await elsewhere.go(fresh);
  expect(stranger.status).toBe(401);
  expect(stranger.text).toMatch(/not begun in this browser/);
  expect(elsewhere.cookie("weir_session")).toBeUndefined();
});

it("takes a code once", async () => {
  const stand = await setUp();
  const callback = await toCallback(stand, "ada");
  const begun = stand.jar.cookie("weir_sign_in") ?? "";
  expect((await stand.jar.go(callback)).url.pathname).toBe("/");
  const headers = { cookie: `weir_sign_in=${begun}`, accept: "text/html" };
  const again = await fetch(callback, { headers, redirect: "manual" });
  expect(again.status).toBe(401);
  expect(await again.text()).toMatch(/could not be completed/);
  expect(again.headers.getSetCookie().join()).not.toMatch(/weir_session=wk-/);
});

it("tells what the provider refused", async () => {
  const stand = await setUp();
  const form = await stand.jar.go(`${stand.server.url}/auth/login`);
  const abort = /href="([^"]+\/abort)"/.exec(form.text)?.[1] ?? "";
  const page = await stand.jar.go(new URL(abort, form.url));
  expect(page.status).toBe(401);
  expect(page.text).toMatch(/access_denied/);
});

it("keeps the login with keys while the provider is down, and finds it when it is back", async () => {
  const provider = await startIdentityProvider();
  const yaml = `
models: {}
access: { oidc: { issuer: "${provider.issuer}", clientId: ${CLIENT_ID}, clientSecretEnv: OIDC_SECRET,
  roles: { admin: [weir-admins] } } }`;
  const server = await startServer(yaml, { env: { OIDC_SECRET: CLIENT_SECRET } });
  const stand = { provider, server, jar: createJar(), lines: [] };
  const page = await stand.jar.go(`${server.url}/auth/login`);
  expect(page.status).toBe(502);
  expect(page.text).toMatch(/does not answer as it should.*or sign in with a key/s);
  const byKey = await server.call("/admin/v1/session", { key: ADMIN_KEY });
  expect(byKey.status).toBe(204);
  await provider.serve(server.url, PEOPLE);
  expect((await signIn(stand, "ada")).url.pathname).toBe("/");
});

it("follows its configuration, and wants the secret that it names", async () => {
  const provider = await startIdentityProvider();
  const server = await startServer("models: {}");
  const lost = await fetch(`${server.url}/auth/login`);
  expect([lost.status, await lost.text()]).toEqual([404, expect.stringMatching(/access\.oidc/)]);
  const oidc = `{ issuer: "${provider.issuer}", clientId: ${CLIENT_ID}, label: New ID }`;
  await server.apply(parseConfig(`access: { oidc: ${oidc} }\nmodels: {}`, "weir.yaml"));
  const options = await fetch(`${server.url}/auth/options`);
  expect(await options.json()).toMatchObject({ oidc: { label: "New ID" } });
  const named = oidc.replace("label: New ID", "clientSecretEnv: NOT_SET");
  await expect(startServer(`access: { oidc: ${named} }`)).rejects.toMatchObject({
    code: "invalid_config",
    message: expect.stringMatching(/variable NOT_SET, which is not set/) as string,
  });
});

it.each([
  ["http://id.example.com", /http:\/\/ is taken for localhost only/],
  ["id.example.com", /expected an https:\/\/ URL/],
])("takes no issuer like %s", (issuer, message) => {
  const yaml = `access: { oidc: { issuer: "${issuer}", clientId: a } }`;
  expect(() => parseConfig(yaml, "weir.yaml")).toThrow(message);
});

it("ends a session in time", async () => {
  const stand = await setUp("session: 1ms");
  await signIn(stand, "ada");
  expect((await session(stand)).status).toBe(401);
  const out = await stand.jar.go(`${stand.server.url}/auth/logout`, { init: { method: "POST" } });
  expect(JSON.parse(out.text)).toEqual({ url: null });
  expect(stand.jar.cookie("weir_session")).toBeUndefined();
});

it("signs out here and at the provider", async () => {
  const stand = await setUp();
  await signIn(stand, "ada");
  const { server, jar } = stand;
  const cookie = `weir_session=${jar.cookie("weir_session")}`;
  const forged = await fetch(`${server.url}/auth/logout`, { method: "POST", headers: { cookie } });
  expect(forged.status).toBe(403);
  const headers = { "x-weir-csrf": "1" };
  const page = await jar.go(`${server.url}/auth/logout`, { init: { method: "POST", headers } });
  const { url } = JSON.parse(page.text) as { url: string };
  expect((await session(stand)).status).toBe(401);
  expect((await fetch(`${server.url}/admin/v1/session`, { headers: { cookie } })).status).toBe(401);
  const confirm = await jar.go(url);
  const back = await jar.submit(confirm, { logout: "yes" });
  expect(back.url.href).toBe(`${server.url}/`);
  const next = await jar.go(`${server.url}/auth/login`);
  expect(next.text).toContain('name="login"');
});
