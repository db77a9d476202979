import { createInterface } from "node:readline/promises";
import { styleText } from "node:util";
import { createSseParser } from "../../core/sse.ts";
import { type Command, JSON_OPTION, type Terminal, type Values, text } from "../command.ts";
import { CLIENT_OPTIONS, request } from "../server-client.ts";

interface Message {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

interface Answer {
  readonly text: string;
  readonly finish: string | null;
  readonly traceId: string | null;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** `weir chat`: one question, or a conversation, with a running server. */
export const chat: Command = {
  name: "chat",
  summary: "Ask a running server, once or in a conversation",
  usage: "[QUESTION]",
  options: {
    ...CLIENT_OPTIONS,
    ...JSON_OPTION,
    model: { type: "string", short: "m", value: "NAME", help: "the model (chat)" },
    system: { type: "string", value: "TEXT", help: "a system prompt" },
    "max-tokens": { type: "string", value: "N", help: "the most tokens of an answer" },
    temperature: { type: "string", value: "T", help: "0 to 2" },
  },
  detail: `
With a QUESTION, or text on standard input, it answers and ends. Without, it is a conversation:
an empty line or Ctrl-D ends it, Ctrl-C stops an answer.`,
  async run(values, words, terminal) {
    const system = text(values, "system");
    const messages: Message[] = system === undefined ? [] : [{ role: "system", content: system }];
    const question = words.join(" ") || (terminal.stdin.isTTY ? "" : await readAll(terminal.stdin));
    if (question.trim() === "" && terminal.stdin.isTTY) return converse(messages, values, terminal);
    messages.push({ role: "user", content: question.trim() });
    const answer = await ask(messages, values, terminal, AbortSignal.timeout(600_000));
    if (values["json"]) terminal.print(JSON.stringify(answer));
    return 0;
  },
};

async function readAll(input: AsyncIterable<Buffer | string>): Promise<string> {
  let all = "";
  for await (const chunk of input) all += chunk.toString();
  return all;
}

async function converse(messages: Message[], values: Values, terminal: Terminal): Promise<number> {
  const lines = createInterface({ input: terminal.stdin, output: process.stderr });
  terminal.note("A conversation. An empty line ends it.");
  for (;;) {
    const question = await lines.question("> ").catch(() => "");
    if (question.trim() === "") break;
    const stop = new AbortController();
    const onInterrupt = () => stop.abort();
    lines.once("SIGINT", onInterrupt);
    messages.push({ role: "user", content: question });
    try {
      const answer = await ask(messages, values, terminal, stop.signal);
      messages.push({ role: "assistant", content: answer.text });
    } catch (cause) {
      if (!stop.signal.aborted) throw cause;
      messages.pop();
      terminal.note("\n(stopped)");
    } finally {
      lines.off("SIGINT", onInterrupt);
    }
  }
  lines.close();
  return 0;
}

interface Chunk {
  readonly choices?: readonly { delta?: { content?: string }; finish_reason?: string | null }[];
  readonly usage?: { prompt_tokens: number; completion_tokens: number } | null;
  readonly error?: { message: string };
}

/** Streams one answer to the terminal as it comes. */
async function ask(
  messages: readonly Message[],
  values: Values,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<Answer> {
  const startedAt = performance.now();
  const number = (name: string) => {
    const value = text(values, name);
    return value === undefined ? undefined : Number(value);
  };
  const response = await request("/v1/chat/completions", values, terminal, {
    method: "POST",
    body: {
      model: text(values, "model") ?? "chat",
      messages,
      stream: true,
      stream_options: { include_usage: true },
      max_tokens: number("max-tokens"),
      temperature: number("temperature"),
    },
    signal,
  });
  const answer = { text: "", finish: null as string | null, inputTokens: 0, outputTokens: 0 };
  const parser = createSseParser(({ data }) => {
    if (data === "[DONE]") return;
    const chunk = JSON.parse(data) as Chunk; // our own server's answer
    if (chunk.error) throw new Error(chunk.error.message);
    const [choice] = chunk.choices ?? [];
    const piece = choice?.delta?.content ?? "";
    answer.text += piece;
    answer.finish = choice?.finish_reason ?? answer.finish;
    answer.inputTokens = chunk.usage?.prompt_tokens ?? answer.inputTokens;
    answer.outputTokens = chunk.usage?.completion_tokens ?? answer.outputTokens;
    if (!values["json"] && piece !== "") process.stdout.write(piece);
  });
  const decoder = new TextDecoder();
  for await (const bytes of response.body ?? [])
    parser.push(decoder.decode(bytes, { stream: true }));
  const seconds = (performance.now() - startedAt) / 1000;
  if (!values["json"]) {
    terminal.print("");
    const figures = `${answer.outputTokens} tokens in ${seconds.toFixed(1)} s`;
    if (terminal.isTty) terminal.note(styleText("dim", figures));
  }
  return { ...answer, traceId: response.headers.get("x-weir-trace-id") };
}
