import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { parseConfig } from "../../src/config/load.ts";
import { type Log, silentLog } from "../../src/core/log.ts";
import type { GuardParts } from "../../src/weir/guard.ts";
import { type Weir, startWeir } from "../../src/weir/weir.ts";

export const ADMIN_KEY = "wk-test-admin-key";

type CallInit = Omit<RequestInit, "headers"> & { headers?: Record<string, string> };

export interface TestServer extends Weir {
  readonly folder: string;
  /** fetch with the admin key; `body` is sent as JSON. */
  call(path: string, body?: unknown, init?: CallInit): Promise<Response>;
}

/** A folder that goes with the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "weir-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

interface StartOptions {
  readonly folder?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly log?: Log;
  readonly guard?: GuardParts;
  /** Told how to close it; by default that happens at the end of the test. */
  readonly ends?: (close: () => Promise<void>) => void;
}

/** A whole server in this process on any free port, with the given weir.yaml. */
export async function startServer(
  yaml = "models: {}",
  {
    folder = temporaryFolder(),
    env = {},
    log = silentLog,
    guard,
    ends = onTestFinished,
  }: StartOptions = {},
): Promise<TestServer> {
  const config = parseConfig(yaml, "test.yaml");
  const settings = {
    config: { ...config, server: { ...config.server, port: 0 } },
    configPath: undefined,
    configText: yaml,
    folder,
    dataFolder: join(folder, "data"),
    adminKey: ADMIN_KEY,
    secret: (name: string) => env[name],
  };
  const weir = await startWeir(settings, log, guard && { guard });
  let isClosed = false;
  const close = async () => {
    if (isClosed) return;
    isClosed = true;
    await weir.close();
  };
  ends(close);
  return {
    ...weir,
    close,
    folder,
    call(path, body, init = {}) {
      const { headers, ...rest } = init;
      return fetch(new URL(path, weir.url), {
        method: body === undefined ? "GET" : "POST",
        ...rest,
        headers: {
          authorization: `Bearer ${ADMIN_KEY}`,
          "content-type": "application/json",
          ...headers,
        },
        ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
      });
    },
  };
}

/** Asks until the answer satisfies `isThere`: for what a background writer brings about. */
export async function eventually<T>(
  ask: () => Promise<T>,
  isThere: (answer: T) => boolean,
): Promise<T> {
  const deadline = Date.now() + 40_000;
  for (;;) {
    const answer = await ask();
    if (isThere(answer)) return answer;
    if (Date.now() > deadline) throw new Error(`still not there: ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
