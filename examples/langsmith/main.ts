/** The README's ten lines: the `langsmith` package, unchanged, and what Weir has of them two seconds later. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { at, createCaller, show, step, until } from "../lab.ts";
import { startExampleServer } from "../server.ts";

await using weir = await startExampleServer();
const caller = createCaller(weir);

step("Ten lines, run as they stand in the README");
const child = spawn(process.execPath, [join(import.meta.dirname, "ten-lines.mjs")], {
  env: {
    ...process.env,
    OPENAI_BASE_URL: `${weir.url}/v1`,
    OPENAI_API_KEY: weir.key,
    LANGSMITH_TRACING: "true",
    LANGSMITH_ENDPOINT: `${weir.url}/api/v1`,
    LANGSMITH_API_KEY: weir.key,
    LANGSMITH_PROJECT: "readme",
  },
  stdio: ["ignore", "inherit", "inherit"],
});
const [code] = await once(child, "exit");
assert.equal(code, 0);
const endedAt = performance.now();

step("The trace: the function, the model run under it, and Weir's own call under that");
interface Run {
  readonly id: string;
  readonly parentId: string | null;
  readonly traceId: string;
  readonly name: string;
  readonly source: string;
  readonly status: string;
  readonly isCovered: boolean;
  readonly inputTokens: number;
  readonly costNanos: number | null;
}
let runs: Run[] = [];
await until("all three", async () => {
  const roots = (await caller.get("/admin/v1/runs?name=support-bot")).json;
  const trace = at(roots, "runs", 0, "traceId") as string | undefined;
  if (trace === undefined) return false;
  runs = at((await caller.get(`/admin/v1/traces/${trace}`)).json, "runs") as Run[];
  return runs.length === 3 && runs.every(({ status }) => status === "success");
});
const seconds = (performance.now() - endedAt) / 1000;
show("seconds after the program's end", seconds.toFixed(2));
assert.ok(seconds < 2, "a trace is there within two seconds");
const root = runs.find(({ parentId }) => parentId === null);
const model = runs.find(({ parentId }) => parentId === root?.id);
const call = runs.find(({ source }) => source === "call");
for (const run of [root, model, call]) {
  show(
    run?.name ?? "?",
    `${run?.source}, ${run?.inputTokens} tokens in, ${run?.costNanos} nano-dollars`,
  );
}
assert.equal(root?.name, "support-bot");
assert.equal(call?.traceId, root.traceId);
assert.ok((call?.inputTokens ?? 0) > 0);
assert.ok((call?.costNanos ?? 0) > 0, "the call has a cost");

step("Tokens are counted once, though the client and Weir both report them");
assert.equal(model?.isCovered, true);
const listed = (await caller.get("/admin/v1/runs?root=true&name=support-bot")).json;
show("the trace's sum", at(listed, "runs", 0, "sum"));
assert.equal(at(listed, "runs", 0, "sum", "inputTokens"), call?.inputTokens);
