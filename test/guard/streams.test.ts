import { expect, it } from "vitest";
import { startServer } from "../support/server.ts";
import { startUpstream } from "./upstream.ts";

/** A card, a key and an account in a streamed answer, cut at every place, to clients of all four protocols. */

const CARD = "4111 1111 1111 1111";
const KEY = "sk-proj-a1B2c3D4e5F6g7H8i9J0";
const IBAN = "DE89 3704 0044 0532 0130 00";
const ANSWER = `Card ${CARD}, key ${KEY}, account ${IBAN}. Anything else?`;
const LEFT =
  "Card [redacted:card_number], key [redacted:openai_key], account [redacted:iban]. Anything else?";

const CLIENTS: Record<string, { body: object; textOf: (event: Event) => string | undefined }> = {
  "/v1/chat/completions": {
    body: { messages: [{ role: "user", content: "Say it" }] },
    textOf: ({ choices }) => choices?.[0]?.delta?.content,
  },
  "/v1/completions": { body: { prompt: "Say it" }, textOf: ({ choices }) => choices?.[0]?.text },
  "/v1/messages": {
    body: { max_tokens: 99, messages: [{ role: "user", content: "Say it" }] },
    textOf: ({ delta }) => (typeof delta === "object" ? delta.text : undefined),
  },
  "/v1/responses": {
    body: { input: "Say it" },
    textOf: ({ type, delta }) =>
      type === "response.output_text.delta" && typeof delta === "string" ? delta : undefined,
  },
};

interface Event {
  readonly type?: string;
  readonly delta?: string | { readonly text?: string };
  readonly choices?: readonly {
    readonly text?: string;
    readonly delta?: { readonly content?: string };
  }[];
}

it.each(Object.entries(CLIENTS))(
  "lets no byte of them out on %s",
  async (path, { body, textOf }) => {
    const upstream = await startUpstream({ pieces: [] });
    const server = await startServer(
      `models: { m: { targets: [{ provider: openai-compatible, url: "${upstream.url}", model: u }] } }`,
    );
    for (let cut = 1; cut < ANSWER.length; cut++) {
      upstream.script = { pieces: [ANSWER.slice(0, cut), ANSWER.slice(cut)] };
      const answer = await server.call(path, { model: "m", stream: true, ...body });
      const told = await answer.text();
      const events = told
        .split("\n")
        .filter((line) => line.startsWith("data: {"))
        .map((line) => JSON.parse(line.slice(6)) as Event);
      expect({ cut, text: events.map(textOf).join("") }).toEqual({ cut, text: LEFT });
      expect(told).not.toMatch(/4111 1111|sk-proj|3704 0044/);
    }
  },
);
