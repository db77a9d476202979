import { expect, it } from "vitest";
import type { Run } from "../../src/core/run.ts";
import type { RunFilter } from "../../src/core/run-query.ts";
import type { OpenStore, StoreUnderTest } from "./store-contract.ts";
import { NOW, batchOf, feedback, idOf, ownCall, record, run } from "./stored-runs.ts";

const ROOT = run("root", {
  tags: ["demo", "it's"],
  metadata: { customer: "acme", tier: 3, vip: true, 'odd"key': "x" },
  userId: "ann",
  threadId: "t1",
  durationMs: 1000,
  inputPreview: "Find the quick café by the river",
});
const CHILD = run("child", {
  at: NOW + 10.25,
  traceId: ROOT.id,
  parentId: ROOT.id,
  dottedOrder: `${ROOT.dottedOrder}.20260615T123000010250Z${idOf("child")}`,
  type: "llm",
  model: "gpt",
  provider: "openai",
  inputTokens: 10,
  outputTokens: 5,
  cachedTokens: 4,
  reasoningTokens: 2,
  costNanos: 2_000_000,
  inputCostNanos: 1_500_000,
  outputCostNanos: 500_000,
  durationMs: 500,
  ttftMs: 100,
  isStream: true,
  finishReason: "stop",
  tags: ["demo"],
  metadata: { tier: "3", customer: "zeta" },
});
const FAILED = run("failed", {
  at: NOW + 20,
  projectId: "p2",
  type: "tool",
  status: "error",
  errorCode: "boom",
  errorMessage: "It broke: 50% off\\",
  referenceExampleId: idOf("example"),
  metadata: { tier: 5 },
});
const PENDING = run("pending", { at: NOW + 30, status: "pending", durationMs: null, name: "Root" });
const BLOCKED = ownCall("blocked", {
  at: NOW + 40,
  status: "blocked",
  projectId: "weir",
  keyId: "k1",
  keyName: "app",
  route: "/v1/chat/completions",
  target: "main",
  promptVersion: "greet:2",
  model: "gpt-big",
  call: {
    timeline: null,
    findings: [{ detector: "pii" }],
    attempts: 1,
    cache: "exact",
    queueMs: 3,
    answerId: null,
  },
});
const OTHER = run("other", { at: NOW + 50, tenantId: "other", outputPreview: "rivers run" });
const ALL = [ROOT, CHILD, FAILED, PENDING, BLOCKED, OTHER];

const eq = (field: string, value: unknown) => ({ op: "eq", field, value }) as RunFilter;
const is = (op: string, field: string, value: unknown) => ({ op, field, value }) as RunFilter;
const metadata = (key: string, cmp: string, value?: unknown) =>
  ({ op: "metadata", key, cmp, ...(value !== undefined && { value }) }) as RunFilter;
const search = (text: string): RunFilter => ({ op: "search", text });

/** A condition, and the runs of the default tenant that pass, oldest first. */
const CASES: [RunFilter, string[]][] = [
  [eq("id", ROOT.id), ["root"]],
  [eq("id", ROOT.id.toUpperCase()), ["root"]],
  [eq("traceId", ROOT.id), ["root", "child"]],
  [eq("parentId", ROOT.id), ["child"]],
  [eq("parentId", null), ["root", "failed", "Root", "blocked"]],
  [is("neq", "parentId", null), ["child"]],
  [eq("projectId", "p2"), ["failed"]],
  [is("neq", "projectId", "p1"), ["failed", "blocked"]],
  [eq("source", "call"), ["blocked"]],
  [eq("name", "root"), ["root"]],
  [is("like", "name", "RO%"), ["root", "Root"]],
  [is("like", "name", "c_ild"), ["child"]],
  [is("like", "name", "c\\_ild"), []],
  [eq("type", "tool"), ["failed"]],
  [eq("status", "pending"), ["Root"]],
  [is("neq", "status", "success"), ["failed", "Root", "blocked"]],
  [is("gte", "startTime", NOW + 10.25), ["child", "failed", "Root", "blocked"]],
  [is("gt", "startTime", NOW + 10.25), ["failed", "Root", "blocked"]],
  [is("lt", "startTime", NOW + 10.25), ["root"]],
  [is("lte", "endTime", NOW + 510.25), ["child", "failed", "blocked"]],
  [is("gt", "latency", 0.4), ["root", "child"]],
  [is("lt", "firstTokenSeconds", 0.2), ["child"]],
  [eq("model", "gpt"), ["child"]],
  [is("like", "model", "gpt%"), ["child", "blocked"]],
  [is("neq", "model", "gpt"), ["root", "failed", "Root", "blocked"]],
  [eq("model", null), ["root", "failed", "Root"]],
  [is("gt", "model", "gpt"), ["blocked"]],
  [eq("provider", "openai"), ["child"]],
  [eq("target", "main"), ["blocked"]],
  [eq("route", "/v1/chat/completions"), ["blocked"]],
  [eq("keyId", "k1"), ["blocked"]],
  [eq("keyName", "app"), ["blocked"]],
  [eq("userId", "ann"), ["root"]],
  [eq("threadId", "t1"), ["root"]],
  [eq("promptVersion", "greet:2"), ["blocked"]],
  [is("gte", "inputTokens", 10), ["child"]],
  [eq("inputTokens", 0), ["root", "failed", "Root", "blocked"]],
  [is("lt", "outputTokens", 6), ["root", "child", "failed", "Root", "blocked"]],
  [eq("totalTokens", 15), ["child"]],
  [eq("cachedTokens", 4), ["child"]],
  [eq("reasoningTokens", "2"), ["child"]],
  [is("gt", "costDollars", 0.001), ["child"]],
  [eq("costDollars", null), ["root", "failed", "Root", "blocked"]],
  [is("neq", "error", null), ["failed", "blocked"]],
  [eq("error", null), ["root", "child", "Root"]],
  [is("like", "error", "%50\\%%"), []],
  [is("like", "error", "it broke%\\"), ["failed"]],
  [eq("errorCode", "boom"), ["failed"]],
  [eq("finishReason", "stop"), ["child"]],
  [eq("isStream", true), ["child"]],
  [is("neq", "isStream", true), ["root", "failed", "Root", "blocked"]],
  [eq("guarded", "true"), ["blocked"]],
  [eq("guarded", false), ["root", "child", "failed", "Root"]],
  [eq("referenceExampleId", idOf("example")), ["failed"]],
  [eq("cache", "exact"), ["blocked"]],
  [{ op: "in", field: "model", values: ["gpt", null] }, ["root", "child", "failed", "Root"]],
  [{ op: "in", field: "id", values: [] }, []],
  [{ op: "and", of: [] }, ["root", "child", "failed", "Root", "blocked"]],
  [{ op: "or", of: [eq("type", "tool"), eq("keyId", "k1")] }, ["failed", "blocked"]],
  [{ op: "not", of: eq("model", "gpt") }, ["root", "failed", "Root", "blocked"]],
  [{ op: "not", of: is("gt", "latency", 0.4) }, ["failed", "Root", "blocked"]],
  [{ op: "tag", value: "demo" }, ["root", "child"]],
  [{ op: "tag", value: "it's" }, ["root"]],
  [{ op: "tag", value: "dem" }, []],
  [metadata("customer", "eq", "acme"), ["root"]],
  [metadata("customer", "neq", "acme"), ["child"]],
  [metadata("tier", "eq", 3), ["root", "child"]],
  [metadata("tier", "eq", "3"), ["root", "child"]],
  [metadata("tier", "gt", 2), ["root", "failed"]],
  [metadata("tier", "lt", 5), ["root"]],
  [metadata("vip", "eq", true), ["root"]],
  [metadata("vip", "eq"), ["root"]],
  [metadata("vip", "neq"), ["child", "failed", "Root", "blocked"]],
  [metadata('odd"key', "eq", "x"), ["root"]],
  [metadata("customer", "gt", "b"), ["child"]],
  [{ op: "feedback", key: "quality" }, ["child"]],
  [{ op: "feedback", key: "quality", cmp: "gte", score: 0.5 }, ["child"]],
  [{ op: "feedback", key: "quality", cmp: "gt", score: 0.5 }, []],
  [{ op: "feedback", key: "speed" }, []],
  [search("quick river"), ["root"]],
  [search("QUICK riv*"), ["root"]],
  [search("QUICK riv"), []],
  [search("riv quick*"), []],
  [search("cafe"), ["root"]],
  [search("café"), ["root"]],
  [search("' & | !"), []],
  [{ op: "and", of: [search("river"), eq("type", "tool")] }, []],
  [{ op: "root", of: eq("userId", "ann") }, ["root", "child"]],
  [{ op: "root", of: eq("model", "gpt") }, []],
  [{ op: "tree", of: eq("model", "gpt") }, ["root", "child"]],
  [{ op: "tree", of: { op: "feedback", key: "quality" } }, ["root", "child"]],
  [
    { op: "and", of: [eq("parentId", null), { op: "tree", of: { op: "tag", value: "demo" } }] },
    ["root"],
  ],
];

const REFUSED: RunFilter[] = [
  is("gt", "model", null),
  eq("id", "no uuid"),
  eq("inputTokens", "many"),
  is("like", "inputTokens", "1%"),
  is("gt", "latency", null),
];

export function questionsContract(open: OpenStore): void {
  it("finds runs by every condition", async () => {
    const { reader } = await filled(open);
    const wrong: unknown[] = [];
    for (const [filter, expected] of CASES) {
      const query = { tenantId: "default", filter };
      const page = await reader.runs({ ...query, order: "asc", limit: 50 }).catch(String);
      const names = typeof page === "string" ? page : page.runs.map(({ name }) => name);
      const count = await reader.count(query).catch(String);
      const isRight = String(names) === String(expected) && count === expected.length;
      if (!isRight) wrong.push({ filter, expected, names, count });
    }
    expect(wrong).toEqual([]);
    for (const filter of REFUSED) {
      await expect(reader.runs({ filter, limit: 1 })).rejects.toMatchObject({
        code: "invalid_request",
      });
    }
  });

  it("lists runs by start, in pages, of a tenant or of all, roots or not", async () => {
    const { reader } = await filled(open);
    const names = async (query: object) =>
      (await reader.runs({ limit: 50, ...query })).runs.map(({ name }) => name);
    expect(await names({})).toEqual(["other", "blocked", "Root", "failed", "child", "root"]);
    expect(await names({ tenantId: "other" })).toEqual(["other"]);
    expect(await names({ tenantId: "nobody" })).toEqual([]);
    expect(await names({ isRoot: true, tenantId: "default" })).not.toContain("child");
    expect(await names({ isRoot: false })).toEqual(["child"]);
    for (const order of ["asc", "desc"] as const) {
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await reader.runs({ order, limit: 2, ...(cursor && { cursor }) });
        seen.push(...page.runs.map(({ name }) => name));
        cursor = page.next ?? undefined;
      } while (cursor);
      expect(seen).toEqual(await names({ order }));
    }
    await expect(reader.runs({ limit: 1, cursor: "x'--" })).rejects.toMatchObject({
      code: "invalid_request",
    });
  });

  it("pages over runs of one moment, each once", async () => {
    const { writer, reader } = await open();
    await writer.write(batchOf(Array.from({ length: 30 }, (_, n) => record(run(`same ${n}`)))));
    const seen = new Set<string>();
    let cursor: string | undefined;
    do {
      const page = await reader.runs({ limit: 7, ...(cursor && { cursor }) });
      for (const { id } of page.runs) seen.add(id);
      cursor = page.next ?? undefined;
    } while (cursor);
    expect(seen.size).toBe(30);
  });

  it("gives a trace by start, its sums, and facets of runs", async () => {
    const { reader } = await filled(open);
    const first = await reader.trace(ROOT.id, { limit: 1, tenantId: "default" });
    expect(first.runs).toEqual([ROOT]);
    const rest = await reader.trace(ROOT.id, { limit: 5, cursor: first.next ?? "" });
    expect(rest).toEqual({ runs: [CHILD], next: null });
    const outline = await reader.outline(ROOT.id, { limit: 1 });
    expect(outline.runs).toMatchObject([outlineOf(ROOT)]);
    const last = await reader.outline(ROOT.id, { limit: 5, cursor: outline.next ?? "" });
    expect(last.runs).toMatchObject([outlineOf(CHILD)]);
    expect(last.next).toBeNull();
    expect(await reader.sums([ROOT.id, FAILED.id, idOf("nobody")])).toEqual({
      [ROOT.id]: {
        runs: 2,
        errors: 0,
        inputTokens: 10,
        outputTokens: 5,
        cachedTokens: 4,
        reasoningTokens: 2,
        costNanos: 2_000_000,
        inputCostNanos: 1_500_000,
        outputCostNanos: 500_000,
        endAt: NOW + 1000,
      },
      [FAILED.id]: expect.objectContaining({ runs: 1, errors: 1, costNanos: null }),
      [idOf("nobody")]: expect.objectContaining({ runs: 0, costNanos: null, endAt: null }),
    });
    const query = { tenantId: "default", filter: eq("parentId", null) };
    expect(await reader.facets(query, ["type", "tags", "isStream", "model"], 1)).toEqual({
      type: [{ value: "chain", count: 2 }],
      tags: [{ value: "demo", count: 1 }],
      isStream: [{ value: "false", count: 4 }],
      model: [{ value: "gpt-big", count: 1 }],
    });
  });
}

async function filled(open: OpenStore): Promise<StoreUnderTest> {
  const store = await open();
  const quality = feedback("q", { runId: CHILD.id, traceId: ROOT.id, score: 0.5 });
  await store.writer.write(
    batchOf(
      ALL.map((one) => record(one)),
      { feedback: [quality] },
    ),
  );
  return store;
}

/** What a tree shows of a run. */
function outlineOf({ id, parentId, name, type, status, at, durationMs, ttftMs, ...run }: Run) {
  const { model, costNanos, inputTokens, outputTokens, isCovered } = run;
  const figures = { costNanos, inputTokens, outputTokens, isCovered };
  return { id, parentId, name, type, status, at, durationMs, ttftMs, model, ...figures };
}
