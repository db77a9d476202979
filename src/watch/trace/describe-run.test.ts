import { expect, it } from "vitest";
import type { RunPart } from "../../core/run.ts";
import { describeRun } from "./describe-run.ts";

const price = () => ({
  costNanos: null,
  inputCostNanos: null,
  outputCostNanos: null,
  priceVersion: null,
});

it.each<[Pick<RunPart, "ttftMs" | "events" | "extra">, isStream: boolean]>([
  [{ ttftMs: 40 }, true],
  [{ events: [{ name: "new_token", time: 1040 }] }, true],
  [{ extra: { metadata: { ls_stream: true } } }, true],
  [{ ttftMs: 40, extra: { metadata: { ls_stream: false } } }, false],
  [{}, false],
])("knows of %j whether the answer was streamed", (told, isStream) => {
  const part = {
    kind: "post" as const,
    id: "0198c1f0-0000-7000-8000-000000000001",
    source: "otlp" as const,
    tenantId: "default",
    projectId: "p",
    receivedAt: 2000,
    at: 1000,
    endAt: 1500,
    type: "llm",
    ...told,
  };
  expect(describeRun(part, { price, capture: "full" }).run.isStream).toBe(isStream);
});
