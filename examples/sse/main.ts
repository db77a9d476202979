/** Streams in production: heartbeats, leaving, coming back, reading slowly, and errors after the start. */
import assert from "node:assert/strict";
import { request } from "node:http";
import { type MockUpstream, createMockUpstream } from "../../src/cli/mock/upstream.ts";
import { at, createCaller, show, step, until } from "../lab.ts";
import { startExampleServer } from "../server.ts";

/** Silent before its first token, and again before its second. */
const quiet = await createMockUpstream({ firstMs: 2100, tokenMs: 2100, tokens: 2 });
const steady = await createMockUpstream({ tokens: 40, tokenMs: 10 });
const endless = await createMockUpstream({ tokens: 400_000 });
const target = ({ url }: MockUpstream, model = "mock") =>
  `{ targets: [{ provider: openai-compatible, url: "${url}", model: ${model} }] }`;
{
  await using weir = await startExampleServer(`
server: { heartbeat: 1s, progressAfter: 1s, resume: { keep: 3s } }
models:
  quiet: ${target(quiet)}
  steady: ${target(steady)}
  endless: ${target(endless)}
  busy: ${target(steady, "status-429")}
  cut: ${target(steady, "mid-error")}
`);
  const authorization = `Bearer ${weir.key}`;
  const bodyFor = (model: string) =>
    JSON.stringify({ model, stream: true, messages: [{ role: "user", content: "Hi" }] });
  const open = (model: string, headers: Record<string, string> = {}, signal?: AbortSignal) =>
    fetch(`${weir.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization, "content-type": "application/json", ...headers },
      body: bodyFor(model),
      ...(signal && { signal }),
    });
  const silence = open("quiet", { "x-weir-progress": "1" }).then((response) => response.text());

  step("An event is a line, ended by an empty one");
  const whole = await open("steady");
  const text = await whole.text();
  show("content-type", whole.headers.get("content-type"));
  console.log(text.split("\n").slice(0, 4).join("\n"));
  assert.ok(text.endsWith("data: [DONE]\n\n"));

  step("Who leaves, cancels: the upstream stops, and the tokens made so far are counted");
  const leaving = new AbortController();
  const left = await open("steady", {}, leaving.signal);
  await readSome(left, 5);
  leaving.abort();
  await until("the upstream to be let go", () => steady.aborted() === 1);
  show("streams that the upstream saw broken off", steady.aborted());

  step("Who asked to resume may lose the connection and come back");
  const asked = steady.requests.length;
  const losing = new AbortController();
  const lost = await open("steady", { "x-weir-resume": "1" }, losing.signal);
  const first = await readSome(lost, 5);
  losing.abort();
  const [lastId = ""] = Array.from(first.matchAll(/^id: (\S+)$/gm), ([, id]) => id).slice(-1);
  show("the last event seen", lastId);
  const again = await open("steady", { "last-event-id": lastId });
  const second = await again.text();
  console.log(second.split("\n").slice(0, 2).join("\n"));
  const words = Array.from(
    (first + second).matchAll(/"content":"(word\d+) "/g),
    ([, word]) => word,
  );
  show("words", `${words.length}, none lost, none twice`);
  assert.deepEqual(
    words,
    Array.from({ length: 40 }, (_, index) => `word${index}`),
  );
  assert.equal(steady.requests.length - asked, 1, "the model worked once");
  const id = lost.headers.get("x-weir-resume");
  const path = `${weir.url}/v1/streams/${id}`;
  const replay = await (await fetch(path, { headers: { authorization } })).text();
  show(`GET /v1/streams/${id}`, `${replay.split("\n\n").length - 1} events, from the first`);
  assert.ok(replay.startsWith(first.slice(0, 40)));

  step("Who reads slowly slows the upstream: what was not read is not made");
  const slow = request(`${weir.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization, "content-type": "application/json" },
  });
  slow.on("error", () => undefined); // it is destroyed below
  slow.on("response", (answer) => answer.pause());
  slow.end(bodyFor("endless"));
  await until("the upstream to wait", () => endless.stalled() === 1);
  show("upstreams that wait for their reader", endless.stalled());
  assert.equal(endless.finished(), 0, "70 MB would have to stand somewhere");
  slow.destroy();
  await until("the slow one's upstream to be let go", () => endless.aborted() === 1);

  step("An error before the first content is a status, after it an event");
  const early = await open("busy");
  show(`HTTP ${early.status}`, await early.text());
  assert.equal(early.status, 429);
  const late = await open("cut");
  const cut = await late.text();
  show(`HTTP ${late.status}`, cut.split("\n\n").at(1));
  assert.equal(late.status, 200);
  assert.match(cut, /"code":"provider_failed"/);

  step("A silent stream says that it lives, in comments that every parser skips");
  const comments = (await silence).split("\n").filter((line) => line.startsWith(":"));
  console.log(comments.join("\n"));
  assert.deepEqual([...new Set(comments)], [": accepted", ": still here"]);

  step("The trace knows how each of them ended");
  const calls = (await createCaller(weir).get("/admin/v1/calls")).json;
  for (const call of at(calls, "calls") as object[])
    console.log(`${String(at(call, "model")).padEnd(8)} ${String(at(call, "status"))}`);
}
await Promise.all([quiet.close(), steady.close(), endless.close()]);

/** The first whole events of a stream. */
async function readSome({ body }: Response, count: number): Promise<string> {
  assert(body);
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (text.split("\n\n").length <= count) {
    const { done, value = "" } = await reader.read();
    assert(!done, "the stream ended early");
    text += value;
  }
  reader.releaseLock();
  return text.slice(0, text.lastIndexOf("\n\n") + 2);
}
