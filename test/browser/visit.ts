import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Page, chromium } from "playwright-core";
import { type TestContext, onTestFinished } from "vitest";
import { missing } from "../support/missing.ts";
import { type TestServer, startServer } from "../support/server.ts";

const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(
  existsSync,
);
const DASHBOARD = join(import.meta.dirname, "..", "..", "web", "dist", "index.html");
const BUILT_IN =
  "models: { chat: { targets: [{ provider: llama, file: demo, slots: 2, context: 512 }] } }";
const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** A page is looked at in these. */
export const SIZES = [
  ["wide", "light", { width: 1440, height: 900 }],
  ["wide", "dark", { width: 1440, height: 900 }],
  ["narrow", "light", { width: 390, height: 844 }],
  ["narrow", "dark", { width: 390, height: 844 }],
] as const;

/** Where pictures are left for people to look at, when they are asked for. */
export const PICTURES = process.env["WEIR_PICTURES"];

export interface Visit {
  readonly page: Page;
  readonly server: TestServer;
  /** What the page complained about: script errors, and what the CSP refused. */
  readonly complaints: string[];
}

interface Place {
  readonly yaml?: string;
  readonly env?: Record<string, string>;
}

/** A browser's window on a server's dashboard, signed out; both end with the test. */
export async function visit(
  context: TestContext,
  size: { width: number; height: number },
  colorScheme: "light" | "dark",
  { yaml = BUILT_IN, env = {} }: Place = {},
): Promise<Visit> {
  if (!CHROMIUM) missing(context, "Chromium (Debian's package chromium)");
  if (!existsSync(DASHBOARD)) missing(context, "the built dashboard (npm run build)");
  const server = await startServer(yaml, { env });
  await server.ready();
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGS });
  onTestFinished(() => browser.close());
  const page = await browser.newPage({ viewport: size, colorScheme });
  page.setDefaultTimeout(15_000);
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    // Answers with an error's status are logged by the browser itself.
    if (message.type() === "error" && !/status of (401|5\d\d)/.test(message.text()))
      complaints.push(message.text());
  });
  await page.goto(server.url);
  return { page, server, complaints };
}

export async function signIn(page: Page, key: string): Promise<void> {
  await page.getByLabel("Admin key").fill(key);
  await page.getByLabel("Admin key").press("Enter");
}

export function goTo(page: Page, name: string): Promise<void> {
  return page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name }).click();
}

/** The page's own width against the window's, as the browser laid it out. */
export function fitsItsWidth(page: Page): Promise<boolean> {
  return page.evaluate<boolean>(
    "document.documentElement.scrollWidth <= document.documentElement.clientWidth",
  );
}
