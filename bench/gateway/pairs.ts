import type { Row } from "../report.ts";
import type { Contender } from "./contenders.ts";
import { STREAM_TOKENS } from "./upstream-answers.ts";
import { CHAT, CHAT_STREAM, PROMPT, type Question, runWrk } from "./wrk.ts";

/** What translation costs: each pair of client and upstream protocol against the relay of the same. */

const CONNECTIONS = 16;
const SECONDS = 3;
const ROUNDS = 3;
const MODELS = { openai: "chat", anthropic: "claude", gemini: "gemini" } as const;

const messages = [{ role: "user", content: PROMPT }];
const CLIENTS: Readonly<Record<string, (model: string) => Question>> = {
  "openai chat": (model) => ({
    path: "/v1/chat/completions",
    body: { model, max_tokens: 64, messages },
  }),
  "anthropic messages": (model) => ({
    path: "/v1/messages",
    body: { model, max_tokens: 64, messages },
  }),
  "openai responses": (model) => ({
    path: "/v1/responses",
    body: { model, input: PROMPT, store: false },
  }),
};

/** Requests a second of every pair, whole, and tokens a second, streamed. */
export async function measurePairs(weir: Contender, folder: string): Promise<Row[]> {
  const speeds = new Map<string, number[]>();
  const pairs = Object.entries(CLIENTS).flatMap(([client, question]) =>
    Object.entries(MODELS).map(([upstream, model]) => ({ client, question, upstream, model })),
  );
  for (let round = 0; round < ROUNDS; round++) {
    for (const { client, question, upstream, model } of pairs) {
      const pair = `${client} → ${upstream}`;
      const whole = await runWrk(weir, LOAD(folder), question(model));
      note(speeds, `${pair}, whole`, whole.perSecond);
      const { path, body } = question(`${model}-stream`);
      const streamed = { path, body: { ...(body as object), stream: true } };
      const stream = await runWrk(weir, LOAD(folder), streamed);
      note(speeds, `${pair}, streamed`, stream.perSecond * STREAM_TOKENS);
      if (whole.failed + stream.failed > 0) throw new Error(`${pair}: requests failed`);
      process.stderr.write(`pairs round ${round + 1}: ${pair}\n`);
    }
  }
  return [...speeds.keys()].map((pair) => toRow(pair, speeds));
}

const LOAD = (folder: string) => ({ connections: CONNECTIONS, seconds: SECONDS, folder });

function note(speeds: Map<string, number[]>, pair: string, speed: number): void {
  speeds.set(pair, [...(speeds.get(pair) ?? []), speed]);
}

function median(values: readonly number[] = []): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function toRow(pair: string, speeds: ReadonlyMap<string, readonly number[]>): Row {
  const manner = pair.endsWith("whole") ? "whole" : "streamed";
  const value = median(speeds.get(pair));
  const peer = median(speeds.get(`openai chat → openai, ${manner}`));
  const unit = manner === "whole" ? "requests/s" : "tokens/s";
  return { what: `${pair}, against the relay`, value, unit, peer, ratio: value / peer };
}

/** Streams as fast as they go: tokens a second at 16 connections, against the peers. */
export async function measureStreams(
  contenders: readonly Contender[],
  folder: string,
): Promise<Row[]> {
  const speeds = new Map<string, number[]>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const one of contenders) {
      const { perSecond } = await runWrk(one, LOAD(folder), streamFor(one.name));
      note(speeds, one.name, perSecond * STREAM_TOKENS);
      process.stderr.write(`streams round ${round + 1}: ${one.name}\n`);
    }
  }
  const value = median(speeds.get("weir"));
  return contenders
    .filter(({ name }) => name !== "weir")
    .map(({ name }) => {
      const peer = median(speeds.get(name));
      const what = `streamed tokens/s at ${CONNECTIONS} connections, against ${name}`;
      return { what, value, unit: "tokens/s", peer, ratio: value / peer };
    });
}

/** Where each finds the upstream's streams: Weir by the model, nginx by the path. */
function streamFor(name: string): Question {
  const body = { ...(CHAT_STREAM.body as object) };
  if (name === "weir") return { path: CHAT.path, body: { ...body, model: "chat-stream" } };
  return { path: name === "nginx" ? `/stream${CHAT.path}` : CHAT.path, body };
}
