import { expect, it } from "vitest";
import type { IngestProtocol } from "../trace/ingest.ts";
import { decodeBatch, decodePatch, decodePost } from "./batch.ts";

const ID = "0199aaaa-0000-7000-8000-000000000001";
const OTHER = "0199aaaa-0000-7000-8000-000000000002";

function sent(protocol: IngestProtocol, value: unknown, runId?: string) {
  const body = Buffer.from(typeof value === "string" ? value : JSON.stringify(value));
  const contentType = "application/json";
  return { protocol, contentType, body, runId, tenantId: "acme", receivedAt: 1795430239000 };
}

it("reads posts and patches of a batch, and names those that it cannot take", () => {
  const { parts, rejected } = decodeBatch(
    sent("langsmith-batch", {
      post: [
        { id: ID, name: "a", inputs: { q: 1 }, start_time: 1795430238123 },
        { id: "run-1" },
        null,
      ],
      patch: [{ id: OTHER, outputs: { a: 2 }, end_time: "soon" }],
    }),
  );
  expect(parts).toMatchObject([
    { kind: "post", id: ID, name: "a", inputs: { q: 1 }, at: 1795430238123 },
    { kind: "patch", id: OTHER, outputs: { a: 2 } },
  ]);
  expect(rejected).toMatchObject([
    { part: "post[1]", field: "id", reason: "is no UUID" },
    { part: "post[2]", reason: "must be a run" },
    { part: "patch[0]", field: "end_time" },
  ]);
});

it("reads a run that is posted alone, without trace and sort key", () => {
  const { parts } = decodePost(sent("langsmith-post", { id: ID.toUpperCase(), run_type: "LLM" }));
  expect(parts).toMatchObject([{ kind: "post", id: ID, type: "llm" }]);
});

it("reads a patch of nothing but outputs and end", () => {
  const { parts } = decodePatch(
    sent("langsmith-patch", { outputs: { a: 1 }, end_time: 1795430238123 }, ID),
  );
  expect(parts).toMatchObject([{ kind: "patch", id: ID, outputs: { a: 1 }, endAt: 1795430238123 }]);
});

it("cuts what is too long in a batch, and marks it", () => {
  const run = { id: ID, inputs: { text: "x".repeat(22_000_000) }, outputs: { short: true } };
  const [part] = decodeBatch(sent("langsmith-batch", { post: [run] })).parts;
  expect(part).toMatchObject({ truncated: ["inputs"], outputs: { short: true } });
  expect(JSON.stringify(part?.inputs).length).toBeLessThan(20 * 1024 * 1024);
});

it("cuts what is long by its number of parts too", () => {
  const inputs = Array.from({ length: 900_000 }, (_, index) => `${index} is a number like others`);
  const [part] = decodePost(sent("langsmith-post", { id: ID, inputs })).parts;
  expect(part?.truncated).toEqual(["inputs"]);
  expect(part?.inputs).toHaveProperty("truncated", expect.stringMatching(/^\["0 is a number/));
});

it.each([
  ["langsmith-post", "not JSON", /The body is not valid JSON/],
  ["langsmith-post", "[1]", /must be a JSON object/],
  ["langsmith-post", "", /not valid JSON/],
  ["langsmith-post", '{"name":"x"}', /no "id" that is a UUID/],
] as const)("refuses %s of %s", (protocol, text, message) => {
  expect(() => decodePost(sent(protocol, text))).toThrow(message);
});

it("refuses a patch of no run, and a batch of none that can be taken", () => {
  expect(() => decodePatch(sent("langsmith-patch", {}, "x"))).toThrow(/names no run/);
  expect(() => decodeBatch(sent("langsmith-batch", { post: [{}], patch: 1 }))).toThrow(
    /post\[0\]\.id is no UUID.*1 more/,
  );
  expect(decodeBatch(sent("langsmith-batch", {})).parts).toEqual([]);
});
