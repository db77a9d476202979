import { expect, it } from "vitest";
import { WeirError } from "../../core/errors.ts";
import { type Log, silentLog } from "../../core/log.ts";
import { type Job, type JobWish, Jobs, type Working } from "./jobs.ts";

/** Work that ends when the test says so. */
function setUp(log: Log = silentLog) {
  let ids = 0;
  const jobs = new Jobs({ now: () => 1000, newId: () => `job-${(ids += 1)}`, log });
  const running: { readonly working: Working; readonly title: string }[] = [];
  const begin = (kind: Job["kind"], title: string) => {
    const end = Promise.withResolvers<object>();
    const wish: JobWish = {
      kind,
      title,
      by: "ann",
      unit: "bytes",
      run: (working) => {
        running.push({ working, title });
        working.signal.addEventListener("abort", () => end.reject(working.signal.reason));
        return end.promise;
      },
    };
    return { ...jobs.start(wish), end };
  };
  return { jobs, begin, running, titles: () => running.map(({ title }) => title) };
}

/** What was resolved has its consequences. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

it("runs one pull and beside it one of the rest at a time, in order", async () => {
  const { jobs, begin, titles } = setUp();
  const first = begin("quantize", "a");
  begin("compare", "b");
  begin("pull", "c");
  begin("pull", "d");
  expect(titles()).toEqual(["a", "c"]);
  expect(jobs.list().map(({ title, state }) => [title, state])).toEqual([
    ["d", "waiting"],
    ["c", "running"],
    ["b", "waiting"],
    ["a", "running"],
  ]);
  first.end.resolve({ name: "made" });
  await settled();
  expect(titles()).toEqual(["a", "c", "b"]);
  expect(jobs.find(first.id)).toMatchObject({ state: "done", result: { name: "made" } });
});

it("tells how far work is, until it is canceled", async () => {
  const { jobs, begin, running } = setUp();
  const { id } = begin("pull", "a");
  running[0]?.working.progress(3, 10);
  running[0]?.working.step("fetching");
  expect(jobs.find(id)).toMatchObject({ done: 3, all: 10, step: "fetching" });
  expect(jobs.cancel(id)).toMatchObject({ state: "running", step: "being canceled" });
  running[0]?.working.progress(4, 10);
  await settled();
  expect(jobs.find(id)).toMatchObject({ state: "canceled", done: 3, error: null, endedAt: 1000 });
  expect(() => jobs.cancel(id)).toThrow(/has ended already/);
  expect(() => jobs.find("none")).toThrow(/no such job/);
});

it("says what went wrong, and keeps to itself what nobody expected", async () => {
  const lines: unknown[] = [];
  const log = { ...silentLog, error: (...line: unknown[]) => void lines.push(line) };
  const { jobs, begin } = setUp(log);
  const [known, full, unknown] = [begin("pull", "a"), begin("pull", "b"), begin("pull", "c")];
  known.end.reject(new WeirError("invalid_request", "There is none."));
  full.end.reject(Object.assign(new Error("write"), { code: "ENOSPC" }));
  unknown.end.reject(new Error("secret"));
  await settled();
  expect(jobs.find(known.id).error).toEqual({ code: "invalid_request", message: "There is none." });
  expect(jobs.find(full.id).error?.code).toBe("storage_full");
  expect(jobs.find(unknown.id).error?.message).not.toContain("secret");
  expect(JSON.stringify(lines)).toContain("secret");
});

it("lets only so many wait, and forgets what ended long ago", async () => {
  const { jobs, begin } = setUp();
  const first = begin("pull", "a");
  for (let at = 0; at < 30; at++) begin("pull", `waits ${at}`);
  expect(() => begin("pull", "too many")).toThrow(/30 jobs wait already/);
  for (const { id, state } of jobs.list()) if (state === "waiting") jobs.cancel(id);
  for (let at = 0; at < 30; at++) jobs.cancel(begin("pull", `again ${at}`).id);
  expect(jobs.list()).toHaveLength(41);
  expect(jobs.find(first.id).state).toBe("running");
});

it("ends everything with the server, and takes no more", async () => {
  const { jobs, begin, titles } = setUp();
  begin("optimize", "a");
  begin("optimize", "b");
  await jobs.close();
  expect(jobs.list().map(({ state }) => state)).toEqual(["canceled", "canceled"]);
  expect(titles()).toEqual(["a"]);
  expect(jobs.isBusy).toBe(false);
  expect(() => begin("pull", "c")).toThrow(/shutting down/);
});
