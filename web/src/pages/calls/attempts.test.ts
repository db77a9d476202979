import { expect, it } from "vitest";
import type { Span } from "../../../../src/http/admin-schemas.ts";
import { attemptsOf, ownTimeOf } from "./attempts.ts";

const span = (more: Partial<Span>): Span => ({
  id: "1",
  parent: null,
  kind: "attempt",
  name: "vllm/a",
  startMs: 1,
  durationMs: 10,
  status: "ok",
  attributes: {},
  ...more,
});

it("tells attempts in order, why each was made and what came of it", () => {
  const failover = span({ startMs: 5, attributes: { reason: "failover", firstContentMs: 3 } });
  const first = span({
    status: "error",
    attributes: { reason: "first", errorMessage: "vllm failed (HTTP 503)." },
  });
  expect(attemptsOf([failover, span({ kind: "guard" }), first])).toMatchObject([
    { reason: "first choice", outcome: "failed", error: "vllm failed (HTTP 503)." },
    { reason: "the one before failed", outcome: "answered", firstContentMs: 3, error: null },
  ]);
});

it("adds up what is not the upstream's time", () => {
  const steps = [span({ kind: "auth", durationMs: 0.1 }), span({ kind: "guard", durationMs: 0.4 })];
  expect(ownTimeOf([...steps, span({})])).toBe(0.5);
  expect(ownTimeOf([])).toBeNull();
});
