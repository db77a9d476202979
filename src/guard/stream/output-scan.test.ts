import { expect, it } from "vitest";
import type { ChatEvent } from "../../core/chat.ts";
import { createRandom } from "../../../test/support/random.ts";
import { Guard } from "../../config/guard.ts";
import { createGate } from "../gate.ts";
import type { GuardRules } from "../policy/policy-for.ts";

const RULES: GuardRules = Guard.parse({ input: [], documents: [] });

const PEM = `-----BEGIN RSA PRIVATE KEY-----\n${"MIIEabc+/\n".repeat(20)}-----END RSA PRIVATE KEY-----`;
const SECRETS = [
  `sk-ant-api03-${"x9Y".repeat(20)}`,
  `sk-proj-${"a1B2".repeat(8)}`,
  `sk-${"Zz09".repeat(12)}`,
  "AKIAIOSFODNN7EXAMPLE",
  `ghp_${"a".repeat(36)}`,
  `github_pat_${"b".repeat(40)}`,
  `glpat-${"c".repeat(20)}`,
  `xoxb-${"1".repeat(12)}-abc`,
  `sk_live_${"d".repeat(24)}`,
  `AIza${"e".repeat(35)}`,
  `hf_${"fKq".repeat(12)}`,
  `npm_${"g".repeat(36)}`,
  `SG.${"h".repeat(22)}.${"i".repeat(43)}`,
  `eyJ${"j".repeat(20)}.eyJ${"k".repeat(30)}.${"l".repeat(43)}`,
  "4111 1111 1111 1111",
  "5500-0000-0000-0004",
  "378282246310005",
  PEM,
];

function chunk(text: string, random: () => number, most: number): string[] {
  const chunks: string[] = [];
  for (let at = 0; at < text.length;) {
    const length = 1 + Math.floor(random() * most);
    chunks.push(text.slice(at, at + length));
    at += length;
  }
  return chunks;
}

function openOutput(rules: GuardRules) {
  const request = { kind: "completion", model: "m", prompt: "", echo: false } as const;
  const options = { sampling: {}, stop: [], n: 1, stream: true } as const;
  return createGate(rules)
    .inspect({ ...request, ...options })
    .openOutput();
}

function scan(chunks: readonly string[], rules = RULES) {
  const scanner = openOutput(rules);
  if (!scanner) throw new Error("nothing to scan for");
  const sent: string[] = [];
  const take = (events: readonly ChatEvent[]) => {
    for (const event of events) if (event.type === "text-delta") sent.push(event.text);
  };
  for (const text of chunks) take(scanner.push([{ type: "text-delta", index: 0, text }]));
  take(scanner.push([{ type: "finish", index: 0, reason: "stop" }]));
  return { sent, text: sent.join(""), scanner };
}

it.each(SECRETS)("never lets a part of %.24s out, however the stream is cut", (secret) => {
  const random = createRandom(7);
  const text = `The value is ${secret}, keep it. And again: ${secret}`;
  for (let round = 0; round < 60; round++) {
    const { text: sent } = scan(chunk(text, random, 1 + (round % 12)));
    expect(sent).toMatch(/^The value is \[redacted:\w+\], keep it\. And again: \[redacted:\w+\]$/);
  }
});

it("gives innocent text back exactly, however it is cut", () => {
  const random = createRandom(11);
  const text =
    "Asks for skills: 12 tokens, 3.5 GB, year 2024-11-23, e-mail. SG. eyJ hf_ok AIz 4111 — ünïcödé 🌊.";
  for (let round = 0; round < 100; round++) {
    expect(scan(chunk(text, random, 6)).text).toBe(text);
  }
});

it("sends ordinary words as soon as they can be no address", () => {
  const { sent } = scan(["Hello", " there,", " how", " are", " you?"]);
  expect(sent).toEqual(["Hello", " there,", " how", " are", " you?"]);
});

it("cuts the stream before the first byte of what must be blocked", () => {
  const { text, scanner } = scan(["Sure: ", "sk-proj-", "a1B2".repeat(8), " done"], {
    ...RULES,
    output: { redact: [], block: ["secrets"], flag: [] },
  });
  expect(text).not.toContain("sk-");
  expect(scanner.blocked).toMatchObject({ code: "blocked_by_guard" });
});

it("watches tool arguments and reasoning too, each on its own", () => {
  const scanner = openOutput(RULES);
  const key = SECRETS[1] ?? "";
  const events = [
    {
      type: "tool-call-delta",
      index: 0,
      call: 0,
      id: "c1",
      name: "send",
      arguments: `{"k":"${key.slice(0, 20)}`,
    },
    { type: "reasoning-delta", index: 0, text: `${key} ` },
    { type: "tool-call-delta", index: 0, call: 0, arguments: `${key.slice(20)}"}` },
    { type: "finish", index: 0, reason: "tool_calls" },
  ] as const satisfies ChatEvent[];
  const sent = events.flatMap((event) => scanner?.push([event]) ?? []);
  expect(sent).toEqual([
    { type: "tool-call-delta", index: 0, call: 0, id: "c1", name: "send", arguments: '{"k":"' },
    { type: "reasoning-delta", index: 0, text: "[redacted:openai_key] " },
    { type: "tool-call-delta", index: 0, call: 0, arguments: '[redacted:openai_key]"}' },
    { type: "finish", index: 0, reason: "tool_calls" },
  ]);
});

it("drops the logprobs that would spell a secret out, and keeps the others", () => {
  const scanner = openOutput(RULES);
  const delta = (text: string): ChatEvent => ({
    type: "text-delta",
    index: 0,
    text,
    logprobs: [{ token: text, logprob: -1, bytes: [...Buffer.from(text)], top: [] }],
  });
  const key = SECRETS[1] ?? "";
  const sent = [
    delta("So, "),
    delta(key.slice(0, 10)),
    delta(`${key.slice(10)} `),
    delta("ok, "),
    delta("fine. "),
  ].flatMap((event) => scanner?.push([event]) ?? []);
  expect(JSON.stringify(sent)).not.toContain(key.slice(0, 10));
  expect(sent[0]).toHaveProperty("logprobs");
  expect(sent.at(-1)).toHaveProperty("logprobs");
});

it("does not hold text without bound, and lets none of it out", () => {
  const body = Array.from({ length: 40 }, () => "A".repeat(1000));
  const pem = ["-----BEGIN RSA PRIVATE KEY-----\n", ...body, "\n-----END RSA PRIVATE KEY-----"];
  expect(scan(["Key: ", ...pem, " done"]).text).toBe("Key: [redacted:private_key] done");
  const long = ["sk-", "aB3dE", ...body];
  expect(scan(["Key: ", ...long, " done"]).text).toBe("Key: [redacted:openai_key] done");
  expect(scan(["Key: ", ...pem.slice(0, -1)]).text).toBe("Key: [redacted:private_key]");
});

it("finds a secret behind an escape of JSON", () => {
  const key = SECRETS[1] ?? "";
  expect(scan([`{"k":"Here:\\n`, key, `"}`]).text).toBe('{"k":"Here:\\n[redacted:openai_key]"}');
});

it("keeps nothing of what it throws away, however long it goes on", () => {
  const scanner = openOutput(RULES);
  const push = (text: string) => scanner?.push([{ type: "text-delta", index: 0, text }]) ?? [];
  push("-----BEGIN RSA PRIVATE KEY-----\n");
  for (let line = 0; line < 50; line++) push("MIIEabc+/xyz0123".repeat(64));
  // The whole of it but the rules, which all answers share: half a kilobyte, not fifty.
  const own = (key: string, value: unknown) => {
    if (key === "rules") return undefined;
    return value instanceof Map ? [...value] : value;
  };
  const snapshot = JSON.stringify(scanner, own);
  expect(snapshot).toContain("channels");
  expect(snapshot.length).toBeLessThan(20_000);
});

it("lets what came first leave first, also around a tool call and thinking", () => {
  const scanner = openOutput(RULES);
  const frame = {
    dialect: "anthropic-messages",
    name: "",
    json: "{}",
    value: {},
    size: 1,
  } as const;
  const events: ChatEvent[] = [
    { type: "reasoning-delta", index: 0, text: "So let me look" },
    { type: "text-delta", index: 0, text: "Looking up order 4711" },
    { type: "frame", frame },
    { type: "tool-call-delta", index: 0, call: 0, id: "c1", name: "find", arguments: "" },
    { type: "tool-call-delta", index: 0, call: 0, arguments: '{"id":4711}' },
    { type: "finish", index: 0, reason: "tool_calls" },
  ];
  expect(events.flatMap((event) => scanner?.push([event]) ?? [])).toEqual(events);
});

it("keeps a frame behind the text that it came after", () => {
  const scanner = openOutput(RULES);
  const json = '{"type":"response.output_text.annotation.added"}';
  const frame = { dialect: "openai-responses", name: "", json, value: {}, size: 1 } as const;
  const events: ChatEvent[] = [
    { type: "text-delta", index: 0, text: "word7" },
    { type: "frame", frame },
    { type: "finish", index: 0, reason: "stop" },
  ];
  expect(scanner?.push(events)).toEqual(events);
});

it.each(["4111 1111 1111 1111", "4242424242424242", "ann.lee@corp.test", SECRETS[1] ?? ""])(
  "takes out %s, whatever else comes in between",
  (secret) => {
    for (let cut = 1; cut < secret.length; cut++) {
      const scanner = openOutput(RULES);
      const events: ChatEvent[] = [
        { type: "text-delta", index: 0, text: `It is ${secret.slice(0, cut)}` },
        { type: "reasoning-delta", index: 0, text: "Hm. " },
        { type: "text-delta", index: 0, text: `${secret.slice(cut)}, sir. ` },
        { type: "finish", index: 0, reason: "stop" },
      ];
      const sent = events
        .flatMap((event) => scanner?.push([event]) ?? [])
        .map((event) => (event.type === "text-delta" ? event.text : ""))
        .join("");
      expect(sent).toMatch(/^It is .{0,9}\[redacted:\w+\], sir\. $/);
      expect(sent.replaceAll(/\D/g, "").length).toBeLessThanOrEqual(6);
    }
  },
);
