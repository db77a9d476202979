import { expect, it } from "vitest";
import { toSharedRun } from "./shared-run.ts";

it("reads a run as LangSmith's reads give it", () => {
  const wire = {
    id: "r",
    name: "agent",
    run_type: "chain",
    status: "success",
    start_time: "2026-06-15T12:00:00.000",
    end_time: "2026-06-15T12:00:02.500Z",
    parent_run_id: null,
    prompt_tokens: 7,
  };
  expect(toSharedRun(wire)).toMatchObject({
    id: "r",
    at: Date.UTC(2026, 5, 15, 12),
    durationMs: 2500,
    ttftMs: null,
    status: "success",
    inputTokens: 7,
  });
  expect(toSharedRun({ ...wire, end_time: null, status: "pending" })).toMatchObject({
    durationMs: null,
    status: "pending",
  });
  expect([toSharedRun({ id: "r" }), toSharedRun("r")]).toEqual([null, null]);
});
