import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

/** What an upstream says: in these pieces, then it goes on with what `ends` does. */
export interface Script {
  readonly pieces: readonly string[];
  /** Says instead what it was asked, in pieces of so many characters. */
  readonly echo?: number;
  /** Says what this makes of the request's body, in pieces of two characters. */
  readonly says?: (body: string) => string;
  /** A tool call instead of text: its arguments are the pieces. */
  readonly tool?: string;
  /** `end` ends well; `malformed` breaks off inside of a JSON text; `wait` says nothing more. */
  readonly ends?: "end" | "malformed" | "wait";
}

export interface Upstream {
  readonly url: string;
  /** The bodies that came, as text. */
  readonly bodies: string[];
  script: Script;
}

/** An upstream of OpenAI's dialect that says what it is told to. */
export async function startUpstream(script: Script): Promise<Upstream> {
  const upstream = { url: "", bodies: [] as string[], script };
  const server = createServer((request, response) => void answer(request, response, upstream));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  upstream.url = `http://127.0.0.1:${port}`;
  return upstream;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { bodies, script }: Upstream,
): Promise<void> {
  let body = "";
  for await (const chunk of request) body += String(chunk);
  bodies.push(body);
  const { stream, ...asked } = JSON.parse(body) as Asked;
  const told =
    script.echo === undefined ? said(body, script) : { ...script, pieces: echo(asked, script) };
  const isChat = request.url?.endsWith("/chat/completions") ?? false;
  if (stream === true) streamOut(response, told, isChat);
  else wholeOut(response, told, isChat);
}

function said(body: string, script: Script): Script {
  const { says } = script;
  return says ? { ...script, pieces: says(body).match(/[^]{1,2}/g) ?? [] } : script;
}

interface Asked {
  readonly stream?: boolean;
  readonly prompt?: string;
  readonly messages?: readonly { readonly content: unknown }[];
}

function echo({ prompt, messages }: Asked, { echo: size = 1, tool }: Script): string[] {
  const content = prompt ?? messages?.at(-1)?.content;
  const said = typeof content === "string" ? content : JSON.stringify(content);
  const text = tool === undefined ? said : JSON.stringify({ said });
  return text.match(new RegExp(`[^]{1,${size}}`, "g")) ?? [];
}

function streamOut(response: ServerResponse, script: Script, isChat: boolean): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (const [at, piece] of script.pieces.entries()) {
    response.write(event(isChat ? { delta: deltaOf(piece, at, script.tool) } : { text: piece }));
  }
  if (script.ends === "wait") return;
  if (script.ends === "malformed") {
    response.end('data: {"choices":[{"index":0,"delta":{"content":"an');
    return;
  }
  const reason = script.tool === undefined ? "stop" : "tool_calls";
  response.write(event({ ...(isChat ? { delta: {} } : { text: "" }), finish_reason: reason }));
  response.end("data: [DONE]\n\n");
}

function event(choice: object): string {
  return `data: ${JSON.stringify({ id: "u1", object: "x", created: 1, model: "up", choices: [{ index: 0, finish_reason: null, ...choice }] })}\n\n`;
}

function deltaOf(piece: string, at: number, tool: string | undefined): object {
  if (tool === undefined) return { content: piece };
  const head = at === 0 ? { id: "call_1", type: "function" } : {};
  const name = at === 0 ? { name: tool } : {};
  return { tool_calls: [{ index: 0, ...head, function: { ...name, arguments: piece } }] };
}

function wholeOut(response: ServerResponse, script: Script, isChat: boolean): void {
  if (script.ends === "wait") return;
  const text = script.pieces.join("");
  const call = {
    id: "call_1",
    type: "function",
    function: { name: script.tool, arguments: text },
  };
  const said =
    script.tool === undefined ? { content: text } : { content: null, tool_calls: [call] };
  const choice = isChat ? { message: { role: "assistant", ...said } } : { text };
  const reason = script.tool === undefined ? "stop" : "tool_calls";
  const whole = JSON.stringify({
    id: "u1",
    object: "x",
    created: 1,
    model: "up",
    choices: [{ index: 0, finish_reason: reason, ...choice }],
    usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
  });
  response.writeHead(200, { "content-type": "application/json" });
  response.end(script.ends === "malformed" ? whole.slice(0, -40) : whole);
}
