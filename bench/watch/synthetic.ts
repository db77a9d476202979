/** Runs as an agent's program sends them: traces of ten, half of them model calls, 2 kB of JSON each, words as rare and as frequent as in a language. */
import { randomUUID } from "node:crypto";

const WORDS = wordsOf(8000);
const MODELS = ["gpt-5-mini", "gpt-5", "claude-sonnet-4-5", "qwen3-8b", "gemini-2.5-flash"];

export interface WireRun {
  readonly id: string;
  readonly main: Record<string, unknown>;
  readonly inputs: unknown;
  readonly outputs: unknown;
  readonly extra: unknown;
}

/** Reproducible: the same seed gives the same runs, but for their ids. */
export function createRuns(seed: number) {
  const random = mulberry(seed);
  let root = { id: "", order: "" };
  let count = 0;

  return (at: number): WireRun => {
    const isRoot = count % 10 === 0;
    const isModel = count % 2 === 1;
    count += 1;
    const id = idOf(at);
    const order = isRoot ? segment(at, id) : `${root.order}.${segment(at, id)}`;
    if (isRoot) root = { id, order };
    const text = (chars: number) => textOf(random, chars);
    return {
      id,
      main: {
        id,
        trace_id: root.id,
        dotted_order: order,
        ...(!isRoot && { parent_run_id: root.id }),
        name: isRoot ? "agent" : isModel ? "ChatOpenAI" : `tool-${count % 7}`,
        run_type: isModel ? "llm" : isRoot ? "chain" : "tool",
        start_time: new Date(at).toISOString(),
        end_time: Math.round(at + 50 + -Math.log(1 - random()) * 900),
        session_name: `project-${Math.floor(random() * 3)}`,
        tags: random() < 0.5 ? ["prod"] : ["prod", `v${Math.floor(random() * 5)}`],
      },
      inputs: {
        messages: [
          { role: "system", content: "You are a helpful assistant of the shop." },
          { role: "user", content: text(500) },
        ],
      },
      outputs: isModel
        ? {
            choices: [
              { message: { role: "assistant", content: text(450) }, finish_reason: "stop" },
            ],
            usage: { prompt_tokens: 180, completion_tokens: 120, total_tokens: 300 },
          }
        : { output: text(450) },
      extra: {
        metadata: {
          ...(isModel && {
            ls_model_name: MODELS[Math.floor(random() ** 2 * MODELS.length)],
            ls_provider: "openai",
          }),
          user_id: `user-${Math.floor(random() ** 2 * 20_000)}`,
          thread_id: root.id,
        },
        runtime: { sdk: "langsmith-js", sdk_version: "0.12.0", platform: "linux" },
      },
    };
  };
}

/** A body of POST /runs/multipart, before compression. */
export function multipartOf(runs: readonly WireRun[]): { contentType: string; body: Buffer } {
  const boundary = "----LangSmithFormBoundaryb3nch";
  const parts: string[] = [];
  const add = (name: string, value: unknown) => {
    const json = JSON.stringify(value);
    parts.push(
      `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\nContent-Type: application/json; length=${json.length}\r\n\r\n${json}\r\n`,
    );
  };
  for (const { id, main, inputs, outputs, extra } of runs) {
    add(`post.${id}`, main);
    add(`post.${id}.inputs`, inputs);
    add(`post.${id}.outputs`, outputs);
    add(`post.${id}.extra`, extra);
  }
  parts.push(`--${boundary}--\r\n`);
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    body: Buffer.from(parts.join("")),
  };
}

/** UUID version 7, as the SDKs make them: they begin with the time. */
function idOf(at: number): string {
  const time = Math.floor(at).toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}

function segment(at: number, id: string): string {
  const time = new Date(at).toISOString().replaceAll(/[-:]/g, "");
  return `${time.slice(0, 15)}${time.slice(16, 19)}000Z${id}`;
}

function textOf(random: () => number, chars: number): string {
  let text = "";
  while (text.length < chars) text += `${WORDS[Math.floor(random() ** 3 * WORDS.length)]} `;
  return text;
}

function wordsOf(count: number): string[] {
  const random = mulberry(7);
  const letters = "etaoinshrdlucmfwypvbgk";
  return Array.from({ length: count }, (_, index) => {
    const length = 2 + Math.floor(random() * 4) + Math.floor(Math.log10(index + 1));
    return Array.from({ length }, () => letters[Math.floor(random() ** 1.5 * letters.length)]).join(
      "",
    );
  });
}

/** A small generator of numbers (Tommy Ettinger's mulberry32): good enough for words. */
function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
