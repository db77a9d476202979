import type { ChatBody } from "./chat-body.ts";

/** The request as a curl command for a POSIX shell, the key taken from the environment. */
export function toCurl(body: ChatBody, origin: string): string {
  return [
    `curl -N ${origin}/v1/chat/completions \\`,
    `  -H "Authorization: Bearer $WEIR_API_KEY" \\`,
    `  -H "Content-Type: application/json" \\`,
    `  -d ${shellQuoted(JSON.stringify(body, null, 2))}`,
  ].join("\n");
}

/** The same request with the `openai` package. */
export function toTypeScript(body: ChatBody, origin: string): string {
  return `import OpenAI from "openai";

const client = new OpenAI({
  baseURL: ${JSON.stringify(`${origin}/v1`)},
  apiKey: process.env.WEIR_API_KEY,
});

const stream = await client.chat.completions.create(${JSON.stringify(body, null, 2)});

for await (const chunk of stream) {
  process.stdout.write(chunk.choices[0]?.delta.content ?? "");
}
`;
}

function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
