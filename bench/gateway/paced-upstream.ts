import { createServer } from "node:http";
import { chatChunk } from "./upstream-answers.ts";

/**
 * An upstream in a process of its own that streams tokens at a steady pace, each with the time of its
 * writing in it. Arguments: port, tokens, milliseconds between tokens. Without `stream` it answers
 * whole and at once.
 */
const [port = 0, tokens = 64, everyMs = 10] = process.argv.slice(2).map(Number);
const WHOLE = JSON.stringify({
  id: "chatcmpl-1",
  object: "chat.completion",
  created: 1_700_000_000,
  model: "up",
  choices: [{ index: 0, message: { role: "assistant", content: "Hello." }, finish_reason: "stop" }],
  usage: { prompt_tokens: 48, completion_tokens: 2, total_tokens: 50 },
});

/** Microseconds of the clock that all processes of a machine share, in letters: no guard looks twice. */
export function stampNow(): string {
  const micros = process.hrtime.bigint() / 1000n;
  return String(micros).replaceAll(/\d/g, (digit) => String.fromCharCode(97 + Number(digit)));
}

const event = (chunk: unknown) => `data: ${JSON.stringify(chunk)}\n\n`;

const server = createServer((request, response) => {
  let body = "";
  request.setEncoding("utf8").on("data", (text: string) => (body += text));
  request.on("end", () => {
    if (!body.includes('"stream":true')) {
      response.writeHead(200, { "content-type": "application/json" }).end(WHOLE);
      return;
    }
    response.writeHead(200, { "content-type": "text/event-stream" });
    let left = tokens;
    const tick = () => {
      if (left-- > 0) response.write(event(chatChunk({ content: `${stampNow()} ` })));
      else {
        clearInterval(timer);
        response.end(`${event(chatChunk({}, "stop"))}data: [DONE]\n\n`);
      }
    };
    const timer = setInterval(tick, everyMs);
    tick();
    response.on("close", () => clearInterval(timer));
  });
});
server.keepAliveTimeout = 60_000;
server.listen(port, "127.0.0.1");
