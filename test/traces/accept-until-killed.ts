/** Takes traces and calls as fast as it can and says what was accepted, until it is killed. */
import { randomUUID } from "node:crypto";
import { openTraces } from "../../src/weir/traces/traces-client.ts";

const [, , folder = ""] = process.argv;
const traces = await openTraces({
  folder,
  settings: {
    keepMs: 1e12,
    maxBytes: undefined,
    capture: "full",
    routes: {},
    maxBodyBytes: 1e8,
    maxBacklogBytes: 1e9,
    isSynced: false,
    prices: [],
  },
  keys: [],
  onTrouble: () => undefined,
});
const at = Date.UTC(2026, 5, 15, 12, 30);

async function send(): Promise<void> {
  const post = Array.from({ length: 50 }, () => {
    const id = randomUUID();
    return {
      id,
      trace_id: id,
      dotted_order: `20260615T123000000000Z${id}`,
      name: "step",
      run_type: "chain",
      start_time: at,
      end_time: at + 1,
      inputs: { text: id.repeat(20) },
    };
  });
  await traces.ingest({
    protocol: "langsmith-batch",
    contentType: "application/json",
    contentEncoding: "identity",
    body: Buffer.from(JSON.stringify({ post, patch: [] })),
    tenantId: "default",
    receivedAt: at,
  });
  process.stdout.write(`${post.map(({ id }) => id).join(",")}\n`);
}

for (;;) await Promise.all([send(), send(), send()]);
