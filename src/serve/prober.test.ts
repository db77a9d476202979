import { expect, it } from "vitest";
import { silentLog } from "../core/log.ts";
import type { CatalogueTarget } from "./catalogue.ts";
import { createProber } from "./prober.ts";

function setUp(probe: number | undefined) {
  let now = 1000;
  let count = 0;
  let answer = { ok: true, error: null as string | null };
  let release: (() => void) | undefined;
  // Only what a prober looks at.
  const target = {
    id: "vllm/x",
    config: { provider: "vllm", probe },
    provider: { facts: async () => ({ models: [], load: { running: 3 } }) },
  } as unknown as CatalogueTarget;
  const prober = createProber({
    targets: () => [target],
    async test() {
      count += 1;
      await new Promise<void>((resolve) => (release = resolve));
      return { ...answer, firstContentMs: 7, totalMs: 9, text: "", usage: null };
    },
    now: () => now,
    log: silentLog,
  });
  const finish = async () => {
    release?.();
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    prober,
    target,
    finish,
    count: () => count,
    pass: (ms: number) => void (now += ms),
    answerWith: (next: typeof answer) => void (answer = next),
  };
}

it("lets a target make a token as often as asked, and never twice at a time", async () => {
  const { prober, target, finish, count, pass, answerWith } = setUp(30_000);
  prober.tick();
  pass(100_000);
  prober.tick();
  expect(count()).toBe(1);
  await finish();
  expect(prober.last(target)).toMatchObject({ ok: true, firstContentMs: 7, load: { running: 3 } });
  pass(29_999);
  prober.tick();
  expect(count()).toBe(1);
  answerWith({ ok: false, error: "no memory" });
  pass(1);
  prober.tick();
  await finish();
  expect(prober.last(target)).toMatchObject({ ok: false, error: "no memory" });
});

it("leaves targets alone that did not ask for it", () => {
  const { prober, target, count } = setUp(undefined);
  prober.tick();
  expect(count()).toBe(0);
  expect(prober.last(target)).toBeUndefined();
});
