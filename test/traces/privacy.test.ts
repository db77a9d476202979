import { randomBytes, randomUUID } from "node:crypto";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { SqliteRunWriter } from "../../src/store/sqlite/traces/run-writer.ts";
import { prune } from "../../src/weir/traces/retention.ts";
import { NOW, batch, call, keepCalls, newFolder, openTestTraces } from "./setup.ts";

const CARD = "4111 1111 1111 1111";

function wire() {
  const id = randomUUID();
  return {
    id,
    trace_id: id,
    dotted_order: `20260615T123000000000Z${id}`,
    name: "ChatOpenAI",
    run_type: "llm",
    session_name: "p",
    start_time: NOW,
    end_time: NOW + 40,
    inputs: { messages: [{ role: "user", content: `my card is ${CARD}` }] },
    outputs: { choices: [{ message: { content: `so ${CARD}?` } }] },
    error: `ValueError: refused ${CARD}`,
    extra: {
      metadata: {
        ls_model_name: "gpt-5-mini",
        note: CARD,
        usage_metadata: { input_tokens: 9, output_tokens: 3 },
      },
    },
  };
}

function bytesOf(folder: string): string {
  return (readdirSync(folder, { recursive: true }) as string[])
    .map((name) => join(folder, name))
    .filter((path) => !statSync(path).isDirectory())
    .map((path) => readFileSync(path, "latin1"))
    .join("\n");
}

it("masks what comes in before anything of it is stored", async () => {
  const folder = newFolder();
  const traces = await openTestTraces(folder, { capture: "redacted" });
  const sent = wire();
  await traces.ingest(batch({ post: [sent] }));
  const [kept] = await traces.find([sent.id]);
  expect(JSON.stringify(kept)).not.toContain("4111");
  expect(kept?.payload.inputs).toEqual({
    messages: [{ role: "user", content: "my card is [redacted:card_number]" }],
  });
  expect(kept?.run).toMatchObject({ model: "gpt-5-mini", inputTokens: 9 });
  expect(bytesOf(folder)).not.toContain("4111");
});

it("keeps no text at the level metadata, and nothing but sums at none", async () => {
  const folder = newFolder();
  const traces = await openTestTraces(folder, { routes: { langsmith: "metadata" } });
  const sent = wire();
  await traces.ingest(batch({ post: [sent] }));
  const [kept] = await traces.find([sent.id]);
  expect(kept?.run).toMatchObject({
    model: "gpt-5-mini",
    inputTokens: 9,
    outputTokens: 3,
    status: "error",
    errorCode: "ValueError",
    inputPreview: null,
    errorMessage: null,
  });
  expect(kept?.payload.inputs).toBeUndefined();
  traces.use({ ...(await settingsOf()), routes: { langsmith: "none" } });
  const other = wire();
  await traces.ingest(batch({ post: [other] }));
  expect(await traces.find([other.id])).toEqual([]);
  const [sum] = await traces.figures({ from: NOW - 60_000, to: NOW + 60_000, by: ["model"] });
  expect(sum).toMatchObject({ runs: 2, inputTokens: 18 });
  expect(bytesOf(folder)).not.toContain("my card");
});

async function settingsOf() {
  return (await import("./setup.ts")).SETTINGS;
}

it("seals texts with AES-256-GCM, and reads what an older key sealed", async () => {
  const folder = newFolder();
  const old = { name: "old", key: randomBytes(32) };
  const first = await openTestTraces(folder, {}, [old]);
  const sent = Array.from({ length: 30 }, wire);
  await first.ingest(batch({ post: sent }));
  await keepCalls(first, [call("a")]);
  await first.close();
  const bytes = bytesOf(folder);
  for (const secret of ["card", "refused", "rivers", "question"])
    expect(bytes).not.toContain(secret);
  const fresh = { name: "new", key: randomBytes(32) };
  const second = await openTestTraces(folder, {}, [fresh, old]);
  const [kept] = await second.find([sent[3]?.id ?? ""]);
  expect(kept?.payload).toMatchObject({ inputs: sent[3]?.inputs });
  const next = wire();
  await second.ingest(batch({ post: [next] }));
  await second.close();
  const third = await openTestTraces(folder, {}, [fresh]);
  expect((await third.find([next.id]))[0]?.payload).toMatchObject({ inputs: next.inputs });
  await expect(third.find([sent[3]?.id ?? ""])).rejects.toThrow(/sealed by the key old/);
});

it("deletes by age what is older than traces.keep, with texts and words; sums stay", async () => {
  const folder = newFolder();
  const traces = await openTestTraces(folder);
  await keepCalls(
    traces,
    Array.from({ length: 60 }, (_, n) =>
      call(`c${n}`, { at: NOW + n, output: n < 30 ? "antique words" : "recent words" }),
    ),
  );
  await traces.close();
  const writer = new SqliteRunWriter({ path: join(folder, "traces.db") });
  expect(await writer.prune(NOW + 30, 1000, NOW)).toBe(30);
  expect(await writer.oldest()).toBe(NOW + 30);
  await writer.close();
  const again = await openTestTraces(folder);
  expect(await again.count({})).toBe(30);
  expect(await again.count({ filter: { op: "search", text: "antique" } })).toBe(0);
  expect(await again.count({ filter: { op: "search", text: "recent" } })).toBe(30);
  const [sum] = await again.figures({ from: NOW - 60_000, to: NOW + 60_000, by: [] });
  expect(sum?.runs).toBe(60);
});

it("deletes the oldest when the database holds more than it may", async () => {
  const folder = newFolder();
  const traces = await openTestTraces(folder);
  await keepCalls(
    traces,
    Array.from({ length: 3000 }, (_, n) =>
      call(`s${n}`, { at: NOW + n, output: randomBytes(300).toString("hex") }),
    ),
  );
  await traces.close();
  const writer = new SqliteRunWriter({ path: join(folder, "traces.db") });
  const before = await writer.usedBytes();
  await prune((action) => action(writer), { keepMs: 1e12, maxBytes: before / 2 }, NOW + 10_000);
  expect(await writer.usedBytes()).toBeLessThanOrEqual(before / 2);
  expect(await writer.oldest()).toBeGreaterThanOrEqual(NOW + 1000);
  await writer.close();
  const again = await openTestTraces(folder);
  const [newest] = (await again.runs({ limit: 1 })).runs;
  expect(newest?.at).toBe(NOW + 2999);
});

it("takes traces as safely with traces.sync: always", async () => {
  const traces = await openTestTraces(newFolder(), { isSynced: true });
  const sent = Array.from({ length: 20 }, wire);
  await Promise.all(sent.map((one) => traces.ingest(batch({ post: [one] }))));
  await keepCalls(traces, [call("a")]);
  expect(await traces.count({})).toBe(21);
});
