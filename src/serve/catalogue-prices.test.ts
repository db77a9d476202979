import { expect, it, onTestFinished } from "vitest";
import { parseConfig } from "../config/load.ts";
import { silentLog } from "../core/log.ts";
import { createCatalogue } from "./catalogue.ts";

it("looks prices up again while targets run: they have days from which on they hold", async () => {
  const waiting: (() => void)[] = [];
  const catalogue = createCatalogue({
    folder: "/",
    demoModel: "",
    secret: () => undefined,
    drainMs: () => 0,
    now: () => 0,
    monotonic: () => 0,
    later: (_, run) => {
      waiting.push(run);
      return () => undefined;
    },
    log: silentLog,
  });
  onTestFinished(() => catalogue.close());
  const target = "provider: openai-compatible, url: http://127.0.0.1:1, model: m";
  const { models } = parseConfig(
    `models:
  listed: { targets: [{ ${target} }] }
  said: { targets: [{ ${target}, price: { input: 7 USD, output: 7 USD } }] }`,
    "test.yaml",
  );
  let input = 1;
  await catalogue.apply(models, () => ({ input, output: 1, cached: 1 }));
  const inputs = () => ["listed", "said"].map((name) => catalogue.targets(name)[0]?.price?.input);
  expect(inputs()).toEqual([1, 7000]);
  input = 2;
  waiting.shift()?.();
  expect(inputs()).toEqual([2, 7000]);
  expect(waiting).toHaveLength(1);
});
