import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import type { ProviderHealth } from "../serve/provider.ts";
import { type ReadinessCheck, folderCheck, redisCheck, whyNotReady } from "./readiness.ts";

const NOW = 1_000_000;

interface State {
  readonly isLeaving?: boolean;
  readonly overloadedSince?: number;
  readonly health?: ProviderHealth;
  readonly trouble?: string;
  readonly checks?: ReadinessCheck[];
}

const ask = ({ isLeaving = false, overloadedSince, health, trouble, checks = [] }: State) =>
  whyNotReady(
    {
      operations: { isLeaving, overloadedSince: () => overloadedSince },
      catalogue: {
        neededEngines: () => [{ name: "demo", health: () => health ?? { state: "ready" } }],
      },
      recorder: { trouble },
      readiness: checks,
    },
    NOW,
  );

it.each<[string, State, string[]]>([
  ["nothing", {}, []],
  [
    "a shutdown, before all else",
    { isLeaving: true, trouble: "x" },
    ["the server is shutting down"],
  ],
  ["a model that loads", { health: { state: "loading" } }, ["demo is loading"]],
  [
    "a model that failed",
    { health: { state: "failed", detail: "no such file" } },
    ["demo is failed: no such file"],
  ],
  ["traces that are not kept", { trouble: "disk full" }, ["traces are not kept: disk full"]],
  ["a short overload", { overloadedSince: NOW - 9_000 }, []],
  [
    "a long overload",
    { overloadedSince: NOW - 10_000 },
    ["the server has been overloaded for a while"],
  ],
  ["what a part says", { checks: [() => undefined, async () => "no worker"] }, ["no worker"]],
])("names what speaks against traffic: %s", async (_name, state, reasons) => {
  expect(await ask(state)).toEqual(reasons);
});

it("needs Redis only where calls are refused without it", () => {
  expect(redisCheck({ isUp: false }, "refuse")()).toContain("redis.whenDown");
  expect(redisCheck({ isUp: true }, "refuse")()).toBeUndefined();
  expect(redisCheck({ isUp: false }, "local")()).toBeUndefined();
  expect(redisCheck(undefined, undefined)()).toBeUndefined();
});

it("tries the data folder now and then, not each time that it is asked", async () => {
  const folder = mkdtempSync(join(tmpdir(), "weir-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const clock = { at: 0 };
  const check = folderCheck(join(folder, "data"), () => clock.at);
  expect(await check()).toContain("cannot be written");
  const again = folderCheck(folder, () => clock.at);
  expect(await again()).toBeUndefined();
  rmSync(folder, { recursive: true });
  clock.at = 4000;
  expect(await again()).toBeUndefined();
  clock.at = 5000;
  expect(await again()).toContain("cannot be written");
});
