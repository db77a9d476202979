import type { Question } from "./question.ts";
import { WIRES } from "./wire/wire.ts";

export type Language = "curl" | "openai" | "anthropic";

export const LANGUAGES: readonly (readonly [value: Language, text: string])[] = [
  ["curl", "curl"],
  ["openai", "openai"],
  ["anthropic", "anthropic"],
];

/** The question as code that asks the same of this server. */
export function toCode(language: Language, question: Question, origin: string): string {
  if (language === "curl") return toCurl(question, origin);
  return language === "openai" ? toOpenai(question, origin) : toAnthropic(question, origin);
}

/** A curl command for a POSIX shell, the key taken from the environment. */
export function toCurl(question: Question, origin: string): string {
  const wire = WIRES[question.protocol];
  return [
    `curl -N ${origin}${wire.path} \\`,
    `  -H "Authorization: Bearer $WEIR_API_KEY" \\`,
    `  -H "Content-Type: application/json" \\`,
    `  -d ${shellQuoted(asJson(wire.body(question)))}`,
  ].join("\n");
}

/** The same with the `openai` package: responses where they were asked for, else chat. */
function toOpenai(question: Question, origin: string): string {
  const isResponses = question.protocol === "responses";
  const body = asJson(WIRES[isResponses ? "responses" : "chat"].body(question));
  const lines = isResponses
    ? [
        `const stream = await client.responses.create(${body});`,
        "",
        "for await (const event of stream) {",
        '  if (event.type === "response.output_text.delta") process.stdout.write(event.delta);',
        "}",
      ]
    : [
        `const stream = await client.chat.completions.create(${body});`,
        "",
        "for await (const chunk of stream) {",
        '  process.stdout.write(chunk.choices[0]?.delta.content ?? "");',
        "}",
      ];
  return [
    'import OpenAI from "openai";',
    "",
    "const client = new OpenAI({",
    `  baseURL: ${JSON.stringify(`${origin}/v1`)},`,
    "  apiKey: process.env.WEIR_API_KEY,",
    "});",
    "",
    ...lines,
    "",
  ].join("\n");
}

/** The same with the `@anthropic-ai/sdk` package. */
function toAnthropic(question: Question, origin: string): string {
  return `import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic({
  baseURL: ${JSON.stringify(origin)},
  apiKey: process.env.WEIR_API_KEY,
});

const stream = await client.messages.create(${asJson(WIRES.messages.body(question))});

for await (const event of stream) {
  if (event.type === "content_block_delta" && event.delta.type === "text_delta") {
    process.stdout.write(event.delta.text);
  }
}
`;
}

/** For the eye: the bytes of an image say nothing, and there are many. */
export function withoutImages(code: string): string {
  return code.replaceAll(/[A-Za-z0-9+/]{400,}={0,2}/g, (bytes) => `${bytes.slice(0, 24)}…`);
}

function asJson(value: unknown): string {
  return JSON.stringify(value, null, 2);
}

function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
