import { type ClientRequest, request } from "node:http";
import { expect, it, onTestFinished } from "vitest";
import { type MockOptions, createMockUpstream } from "../src/cli/mock/upstream.ts";
import { ADMIN_KEY, eventually, startServer } from "./support/server.ts";

/** Streams that lose their client and are taken up again. */

interface Reading {
  readonly status: number;
  readonly id: string | undefined;
  text(): string;
  readonly ended: Promise<void>;
  leave(): void;
}

/** Opens or takes up a stream; resolves when its head is there. */
function read(
  url: string,
  { method = "POST", path = "/v1/chat/completions", body = "", headers = {} } = {},
): Promise<Reading> {
  return new Promise((resolve, reject) => {
    const call: ClientRequest = request(
      new URL(path, url),
      {
        method,
        headers: {
          authorization: `Bearer ${ADMIN_KEY}`,
          "content-type": "application/json",
          ...(body && { "content-length": Buffer.byteLength(body) }),
          ...headers,
        },
      },
      (answer) => {
        let text = "";
        answer.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
        const ended = new Promise<void>((done) => answer.on("close", () => done()));
        answer.on("error", () => undefined);
        const id = answer.headers["x-weir-resume"];
        resolve({
          status: answer.statusCode ?? 0,
          id: typeof id === "string" ? id : undefined,
          text: () => text,
          ended,
          leave: () => call.destroy(),
        });
      },
    );
    call.on("error", reject);
    call.end(body);
  });
}

async function start(mock: Partial<MockOptions> = {}, resume = "{}") {
  const upstream = await createMockUpstream(mock);
  onTestFinished(() => upstream.close());
  const weir = await startServer(`
server: { resume: ${resume} }
models: { m: { targets: [{ provider: openai-compatible, url: "${upstream.url}", model: mock }] } }
`);
  const body = JSON.stringify({
    model: "m",
    stream: true,
    messages: [{ role: "user", content: "Hi" }],
  });
  const open = () => read(weir.url, { body, headers: { "x-weir-resume": "1" } });
  return { upstream, weir, open };
}

const ID = /^id: (\S+)$/gm;
const lastId = (text: string) => Array.from(text.matchAll(ID)).at(-1)?.[1] ?? "";
const words = (text: string) =>
  Array.from(text.matchAll(/"content":"(word\d+ )"/g), ([, word]) => word);

it("goes on after the event that the client saw last, with nothing lost or twice", async () => {
  const { weir, open, upstream } = await start({ tokens: 60, tokenMs: 5 });
  const first = await open();
  await eventually(
    async () => words(first.text()).length,
    (count) => count > 5,
  );
  const seen = first.text().slice(0, first.text().lastIndexOf("\n\n") + 2);
  first.leave();
  const headers = { "last-event-id": lastId(seen) };
  const second = await read(weir.url, { headers });
  await second.ended;
  const all = seen + second.text();
  expect(words(all)).toEqual(Array.from({ length: 60 }, (_, index) => `word${index} `));
  expect(all.match(/data: \[DONE\]/g)).toHaveLength(1);
  expect(upstream.requests).toHaveLength(1);
  expect(upstream.finished()).toBe(1);
});

it("gives an ended stream again, whole, by its own path", async () => {
  const { weir, open } = await start({ tokens: 5 });
  const first = await open();
  await first.ended;
  const again = await read(weir.url, { method: "GET", path: `/v1/streams/${first.id}` });
  await again.ended;
  expect(again.text()).toBe(first.text());
});

it("says when what the client missed is not kept any more", async () => {
  const { weir, open } = await start({ tokens: 2000 }, "{ bufferKiB: 16 }");
  const first = await open();
  await first.ended;
  const second = await read(weir.url, { headers: { "last-event-id": `${first.id}.1` } });
  await second.ended;
  expect(second.status).toBe(404);
  expect(second.text()).toContain("not kept any more");
});

it("cancels a stream whose client stays away", async () => {
  const { open, upstream } = await start({ tokens: 2000, tokenMs: 5 }, "{ keep: 20ms }");
  const first = await open();
  await eventually(
    async () => words(first.text()).length,
    (count) => count > 0,
  );
  first.leave();
  const aborted = await eventually(
    async () => upstream.aborted(),
    (count) => count === 1,
  );
  expect(aborted).toBe(1);
});

it("cancels at once without being asked to wait", async () => {
  const { weir, upstream } = await start({ tokens: 2000, tokenMs: 5 });
  const body = JSON.stringify({
    model: "m",
    stream: true,
    messages: [{ role: "user", content: "Hi" }],
  });
  const plain = await read(weir.url, { body });
  expect(plain.id).toBeUndefined();
  await eventually(
    async () => plain.text().length,
    (size) => size > 0,
  );
  expect(plain.text()).not.toContain("id:");
  plain.leave();
  await eventually(
    async () => upstream.aborted(),
    (count) => count === 1,
  );
});

it("shows nobody another key's stream", async () => {
  const { weir, open } = await start({ tokens: 5 });
  const first = await open();
  await first.ended;
  const made = await weir.call("/admin/v1/keys", { name: "other", scopes: ["inference"] });
  const { key } = (await made.json()) as { key: string };
  const stolen = await read(weir.url, {
    method: "GET",
    path: `/v1/streams/${first.id}`,
    headers: { authorization: `Bearer ${key}` },
  });
  expect(stolen.status).toBe(404);
});
