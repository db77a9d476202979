import { gunzipSync, gzipSync, zstdDecompressSync } from "node:zlib";
import { expect, it } from "vitest";
import {
  type PythonPart,
  dottedOrder,
  pythonMultipart,
  pythonPatch,
  pythonPost,
} from "../../../test/support/python-bodies.ts";
import { WeirError } from "../../core/errors.ts";
import { decodeMultipart } from "./multipart.ts";

const ROOT = "0199aaaa-0000-7000-8000-000000000001";
const CHILD = "6f1c2a4e-9d3b-4c5a-8e7f-1a2b3c4d5e6f"; // version 4, as old clients make them
const START = new Date("2026-11-23T10:37:18.123Z");
const END = new Date("2026-11-23T10:37:20.623Z");
const NOW = END.getTime() + 300;
const SENDER = { protocol: "langsmith-multipart", tenantId: "acme", receivedAt: NOW } as const;

function decoded(body: Uint8Array, contentType: string) {
  return decodeMultipart({ ...SENDER, contentType, body });
}

function python(parts: readonly PythonPart[]) {
  const { headers, body } = pythonMultipart(parts, { zstd: false });
  return decoded(body, headers["content-type"] ?? "");
}

/** As JS writes parts: the length in the content type. */
function js(parts: readonly (readonly [name: string, value: unknown])[], more = "") {
  const texts = parts.map(([name, value]) => {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return `--XX\r\nContent-Disposition: form-data; name="${name}"${more}\r\nContent-Type: application/json; length=${text.length}\r\n\r\n${text}\r\n`;
  });
  return decoded(Buffer.from(`${texts.join("")}--XX--\r\n`), "multipart/form-data; boundary=XX");
}

const RUN = { id: ROOT, name: "agent", run_type: "chain", trace_id: ROOT };

it("puts a run of the Python SDK together from its parts", () => {
  const run = { id: ROOT, name: "agent", start: START, project: "shop", tags: ["a"] };
  const { parts, rejected } = python(pythonPost(run, { question: "why?" }));
  expect(rejected).toEqual([]);
  expect(parts).toEqual([
    {
      kind: "post",
      id: ROOT,
      source: "langsmith",
      tenantId: "acme",
      receivedAt: NOW,
      traceId: ROOT,
      dottedOrder: `20261123T103718123000Z${ROOT}`,
      at: START.getTime(),
      project: "shop",
      name: "agent",
      type: "chain",
      tags: ["a"],
      inputs: { question: "why?" },
      outputs: {},
      events: [],
      extra: expect.objectContaining({ runtime: expect.anything(), metadata: expect.anything() }),
    },
  ]);
});

it("keeps a post and its patch of one body apart, runs of other projects beside them", () => {
  const run = { id: ROOT, start: START, project: "one" };
  const child = { id: CHILD, start: START, parents: [run], project: "two" };
  const { parts } = python([
    ...pythonPatch(run, END, { outputs: { answer: 42 } }),
    ...pythonPost(child, {}),
    ...pythonPost(run, { question: "?" }),
  ]);
  expect(parts.map(({ kind, id, project }) => [kind, id, project])).toEqual([
    ["patch", ROOT, "one"],
    ["post", CHILD, "two"],
    ["post", ROOT, "one"],
  ]);
  expect(parts[0]).toMatchObject({ endAt: END.getTime(), outputs: { answer: 42 } });
  expect(parts[1]).toMatchObject({ parentId: ROOT, traceId: ROOT });
});

it("takes the explicit nulls of Python's patches as nothing said", () => {
  const { parts, rejected } = python(pythonPatch({ id: ROOT, start: START }, END));
  expect(rejected).toEqual([]);
  for (const field of ["parentId", "projectId", "referenceExampleId", "inputs", "error"]) {
    expect(parts[0]).not.toHaveProperty(field);
  }
});

it("reads an error's part, which is a JSON text, and one that is no text", () => {
  const run = { id: ROOT, start: START };
  expect(python(pythonPatch(run, END, { error: "ValueError('x')\n…" })).parts[0]?.error).toBe(
    "ValueError('x')\n…",
  );
  const { parts } = js([[`patch.${ROOT}.error`, { code: 1 }]]);
  expect(parts[0]?.error).toBe('{"code":1}');
});

it("never relies on lengths: those of types and headers may say anything", () => {
  const text = JSON.stringify(RUN);
  const body = `--XX\r\nContent-Disposition: form-data; name="post.${ROOT}"\r\nContent-Type: application/json; length=3\r\nContent-Length: 999999\r\n\r\n${text}\r\n--XX--`;
  const { parts } = decoded(Buffer.from(body), 'multipart/form-data; boundary="XX"');
  expect(parts[0]).toMatchObject({ id: ROOT, name: "agent" });
});

it('is not misled by the filename="blob" of older JS SDKs', () => {
  const { parts, rejected } = js([[`post.${ROOT}`, RUN]], '; filename="blob"');
  expect([parts.length, rejected]).toEqual([1, []]);
});

it.each([
  ["six digits and Z", "2026-11-23T10:37:18.123456Z", 1795430238123.456],
  ["Python's offset", "2026-11-23T10:37:18.123456+00:00", 1795430238123.456],
  ["another offset", "2026-11-23T12:37:18.5+02:00", 1795430238500],
  ["no zone, which is UTC", "2026-11-23T10:37:18.123456", 1795430238123.456],
  ["no fraction", "2026-11-23T10:37:18Z", 1795430238000],
  ["milliseconds after 1970", 1795430238123, 1795430238123],
  ["seconds after 1970", 1795430238.5, 1795430238500],
  ["nanoseconds after 1970", 1795430238123456000, 1795430238123.456],
])("reads a time of %s", (_what, value, at) => {
  const { parts, rejected } = js([[`post.${ROOT}`, { ...RUN, start_time: value }]]);
  expect(rejected).toEqual([]);
  expect(parts[0]?.at).toBeCloseTo(at, 2);
});

it.each([
  "yesterday",
  "2026-13-45T99:99:99Z",
  -5,
  0,
  true,
  { at: 1 },
  "99999-01-01",
  1e30,
  "2099-01-01",
])("tells of the time %j, and takes the rest of the run", (value) => {
  const { parts, rejected } = js([[`post.${ROOT}`, { ...RUN, end_time: value }]]);
  expect(parts[0]).toMatchObject({ name: "agent" });
  expect(parts[0]).not.toHaveProperty("endAt");
  expect(rejected).toEqual([
    {
      part: `post.${ROOT}`,
      field: "end_time",
      reason: expect.stringMatching(/is no time|a year ahead/),
    },
  ]);
});

it("learns trace and parent from the sort key where nothing else says them", () => {
  const order = dottedOrder([
    { id: ROOT, start: START },
    { id: CHILD, start: START },
  ]);
  const { parts } = js([[`post.${CHILD}`, { id: CHILD, dotted_order: order }]]);
  expect(parts[0]).toMatchObject({ traceId: ROOT, parentId: ROOT, dottedOrder: order });
});

it("takes runs under a parent that nobody knows, under themselves and in circles", () => {
  const other = "00000000-0000-4000-8000-00000000000f";
  const { parts, rejected } = js([
    [`post.${ROOT}`, { ...RUN, parent_run_id: ROOT }],
    [`post.${CHILD}`, { id: CHILD, trace_id: ROOT, parent_run_id: other }],
    [`post.${other}`, { id: other, trace_id: ROOT, parent_run_id: CHILD }],
  ]);
  expect(parts.map(({ parentId }) => parentId)).toEqual([undefined, other, CHILD]);
  expect(rejected).toEqual([]);
});

it("makes a project of an agent's address", () => {
  const address = "lrn:agents/support/environments/production";
  expect(js([[`post.${ROOT}`, { ...RUN, address }]]).parts[0]?.project).toBe(
    "agents/support/environments/production",
  );
  expect(js([[`post.${ROOT}`, { ...RUN, address: "lrn:x" }]]).rejected[0]?.field).toBe("address");
});

it("reads the time to the first token from the first new_token event", () => {
  const events = [
    { name: "start", time: "2026-11-23T10:37:18.200Z" },
    { name: "new_token", time: "2026-11-23T10:37:18.623Z", kwargs: { token: "" } },
    { name: "new_token", time: "2026-11-23T10:37:19.623Z" },
  ];
  const run = { ...RUN, start_time: START.toISOString() };
  const { parts } = js([
    [`patch.${ROOT}.events`, events],
    [`patch.${ROOT}`, run],
  ]);
  expect(parts[0]?.ttftMs).toBe(500);
});

it("takes attachments with their run, or as a patch of it, whatever their names and bytes", () => {
  const bytes = Buffer.from([0, 13, 10, 45, 45, 255, 254]);
  const name = 'photo "1" ä%22';
  const { parts } = python([
    { name: `attachment.${CHILD}.late`, value: bytes, type: "image/png", isFile: true },
    ...pythonPost({ id: ROOT, start: START }, {}),
    { name: `attachment.${ROOT}.${name.replaceAll('"', "%22")}`, value: bytes, type: "a/b" },
  ]);
  const base64 = bytes.toString("base64");
  expect(parts.map(({ kind, attachments }) => [kind, attachments])).toEqual([
    ["patch", [{ name: "late", mimeType: "image/png", base64 }]],
    ["post", [{ name: 'photo "1" ä"', mimeType: "a/b", base64 }]],
  ]);
});

it("takes feedback parts, scores that are true or null among them", () => {
  const [first, second] = [ROOT, CHILD];
  const { feedback, rejected } = js([
    [`feedback.${first}`, { run_id: ROOT, trace_id: ROOT, key: "good", score: true }],
    [
      `feedback.${second}`,
      { run_id: null, session_id: CHILD, key: "mean", score: null, value: "x" },
    ],
    [`feedback.${ROOT}`, { run_id: ROOT, key: "bad", score: "high" }],
  ]);
  expect(feedback).toMatchObject([
    { id: first, runId: ROOT, traceId: ROOT, key: "good", score: 1, tenantId: "acme" },
    { id: second, runId: null, projectId: CHILD, score: null, value: "x" },
  ]);
  expect(rejected).toEqual([
    { part: `feedback.${ROOT}`, field: "score", reason: "must be a number, or null" },
  ]);
});

it.each<[what: string, name: string, text: string, reason: RegExp]>([
  ["an id that is no UUID", "post.run-1", "{}", /UUID/],
  ["no name", "", "{}", /none of a run's parts/],
  ["an unknown kind", `put.${ROOT}`, "{}", /none of a run's parts/],
  ["an unknown field", `post.${CHILD}.secrets`, "{}", /no field of a run/],
  ["broken JSON", `post.${CHILD}.inputs`, '{"a":', /not valid JSON/],
  ["a list for a run", `post.${CHILD}`, "[]", /must be a JSON object/],
  ["an attachment without a name", `attachment.${CHILD}`, "x", /without the attachment's/],
  ["a deep nest", `post.${CHILD}.inputs`, "[".repeat(9999) + "]".repeat(9999), /nested deeper/],
])("names the part with %s, and takes the rest", (_what, name, text, reason) => {
  const { parts, rejected } = js([
    [name, text],
    [`post.${ROOT}`, RUN],
  ]);
  expect(parts.some(({ id }) => id === ROOT)).toBe(true);
  expect(rejected).toHaveLength(1);
  expect(rejected[0]?.part).toBe(name === "" ? "a part without a name" : name);
  expect(rejected[0]?.reason).toMatch(reason);
});

it("takes invalid UTF-8 with replacement characters, and NaN as null", () => {
  const broken = Buffer.concat([
    Buffer.from(`--XX\r\nContent-Disposition: form-data; name="post.${ROOT}.inputs"\r\n\r\n{"a":"`),
    Buffer.from([0xff, 0xc3]),
    Buffer.from(`","b":NaN,"c":[-Infinity,"NaN"]}\r\n--XX--`),
  ]);
  const { parts, rejected } = decoded(broken, "multipart/form-data; boundary=XX");
  expect(rejected).toEqual([]);
  expect(parts[0]?.inputs).toEqual({ a: "\ufffd\ufffd", b: null, c: [null, "NaN"] });
});

it("reads non-ASCII texts as UTF-8", () => {
  expect(js([[`post.${ROOT}.inputs`, { q: "Grüße 🦦" }]]).parts[0]?.inputs).toEqual({
    q: "Grüße 🦦",
  });
});

it("keeps 50 MB of inputs cut, with a mark", () => {
  const { parts, rejected } = js([
    [`post.${ROOT}`, RUN],
    [`post.${ROOT}.inputs`, { image: "x".repeat(50_000_000), question: "what is it?" }],
  ]);
  const [run] = parts;
  expect([run?.truncated, rejected]).toEqual([["inputs"], []]);
  const inputs = run?.inputs as { image: string; question: string };
  expect(inputs.question).toBe("what is it?");
  expect(inputs.image.length).toBeLessThan(20 * 1024 * 1024);
  expect(inputs.image).toMatch(/x… \[cut by Weir: 50000000 characters\]$/);
});

it.each(["application/json", "multipart/form-data", "", "text/plain; boundary=XX"])(
  "says of the content type %j that a boundary is missing",
  (contentType) => {
    expect(() => decoded(Buffer.from("--XX--"), contentType)).toThrow(/must name the boundary/);
  },
);

it("takes what came whole of a body that was cut, and says so", () => {
  const { headers, body } = pythonMultipart(pythonPost({ id: ROOT, start: START }, {}), {
    zstd: false,
  });
  const { parts, rejected } = decoded(body.subarray(0, -200), headers["content-type"] ?? "");
  expect(parts[0]?.id).toBe(ROOT);
  expect(rejected).toEqual([{ part: "body", reason: "ends before its closing boundary" }]);
});

it("refuses a body of which nothing can be taken, naming the first part and field", () => {
  expect(() => js([["post.x", {}]])).toThrow(/post\.x has a name without a run's UUID/);
});

it("is not misled by a text that holds something like the boundary", () => {
  const { parts } = js([
    [`post.${ROOT}.inputs`, '{"a":"--XX--"}'],
    [`post.${ROOT}`, RUN],
  ]);
  expect(parts[0]?.inputs).toEqual({ a: "--XX--" });
  const body = `--XX\r\nContent-Disposition: form-data; name="attachment.${ROOT}.a"\r\n\r\n\r\n--XXX\r\n--XX--`;
  const { parts: cut } = decoded(Buffer.from(body), "multipart/form-data; boundary=XX");
  expect(Buffer.from(cut[0]?.attachments?.[0]?.base64 ?? "", "base64").toString()).toBe(
    "\r\n--XXX",
  );
});

it("gives a pre-compressed size that is no body's length, as Python does", () => {
  const { headers, body } = pythonMultipart(pythonPost({ id: ROOT, start: START }, {}));
  const plain = zstdDecompressSync(body);
  expect(Number(headers["x-pre-compressed-size"])).toBeLessThan(plain.length);
  expect(decoded(plain, headers["content-type"] ?? "").parts).toHaveLength(1);
  expect(decoded(gunzipSync(gzipSync(plain)), headers["content-type"] ?? "").parts).toHaveLength(1);
});

it("throws nothing but invalid_request, whatever is cut out of or put into a body", () => {
  const run = { id: ROOT, start: START };
  const { headers, body } = pythonMultipart(
    [
      ...pythonPost(run, { text: "Grüße" }),
      ...pythonPatch(run, END),
      { name: `attachment.${ROOT}.a`, value: Buffer.from([1, 2, 3]), type: "a/b" },
      { name: `feedback.${CHILD}`, value: { run_id: ROOT, key: "k", score: 1 } },
    ],
    { zstd: false },
  );
  let seed = 7;
  const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
  const type = headers["content-type"] ?? "";
  for (let round = 0; round < 3000; round += 1) {
    const bytes = Buffer.from(body);
    for (let count = random(6); count > 0; count -= 1) bytes[random(bytes.length)] = random(256);
    const from = random(3) === 0 ? random(bytes.length) : 0;
    const cut = bytes.subarray(from, from + random(bytes.length - from) + 1);
    const whole = random(2) === 0 ? bytes : cut;
    expect(codeOf(() => decoded(whole, type))).toMatch(/^(taken|invalid_request)$/);
  }
});

function codeOf(decode: () => unknown): string {
  try {
    decode();
    return "taken";
  } catch (cause) {
    return cause instanceof WeirError ? cause.code : String(cause);
  }
}
