import { expect, it } from "vitest";
import type { RunDetail } from "../../../../src/http/trace-schemas.ts";
import { runOfStage, toStages } from "./stages.ts";

const span = (id: string, parent: string | null, startMs: number) => ({
  id,
  parent,
  kind: id,
  name: id === "attempt" ? "llama/demo" : id,
  startMs,
  durationMs: 5,
  status: "ok" as const,
  attributes: {},
});

it("makes lines of a call's stages, below the call itself", () => {
  const spans = [span("call", null, 0), span("guard", "call", 1), span("attempt", "call", 2)];
  const detail = { run: { id: "r", at: 100, source: "call" }, spans } as unknown as RunDetail;
  expect(toStages(detail).map(({ id, parentId, name, at }) => [id, parentId, name, at])).toEqual([
    ["r/guard", "r", "guard", 101],
    ["r/attempt", "r", "attempt: llama/demo", 102],
  ]);
  expect([runOfStage("r/guard"), runOfStage("r")]).toEqual(["r", "r"]);
});
