import { expect, it } from "vitest";
import { type ChatRequest, textOf } from "../../src/core/chat.ts";
import { passesLuhn, passesMod97 } from "../../src/guard/detectors/checksums.ts";
import { redact } from "../../src/guard/gate.ts";
import { createVaultKeys } from "../../src/guard/vault/vault-keys.ts";
import { personalIn } from "../../src/guard/vault/personal.ts";
import { masked, standInsFor, textsOf, valuesIn } from "../../src/guard/vault/vault.ts";
import { type TestServer, startServer } from "../support/server.ts";
import { type Script, startUpstream } from "./upstream.ts";

const MAIL = "jane.doe@corp.test";
const CARD = "4111 1111 1111 1111";
const IBAN = "DE89 3704 0044 0532 0130 00";
const SAID = `Write to ${MAIL}, card ${CARD}, account ${IBAN}, again ${MAIL}. Thanks!`;
const VALUES = [MAIL, CARD, IBAN];

const KEYS = createVaultKeys([Buffer.alloc(32, 7)]);

function request(content: string): ChatRequest {
  const messages = [{ role: "user", content }] as const;
  return { kind: "chat", model: "m", messages, sampling: {}, stop: [], n: 1, stream: false };
}

function vaulted(asked: ChatRequest, tenant = "default") {
  const found = new Map(textsOf(asked).map((text) => [text, personalIn(text)]));
  const standIns = standInsFor(valuesIn(found), KEYS.of(tenant).current.placeholders);
  return { ...masked(asked, found, standIns), ...standIns };
}

function maskedText(text: string, tenant = "default"): { text: string; made: string[] } {
  const { request: seen, mappings } = vaulted(request(text), tenant);
  const content = seen.kind === "chat" ? (seen.messages[0]?.content ?? null) : null;
  return { text: textOf(content), made: mappings.map(({ placeholder }) => placeholder) };
}

it("gives each value another one of its form, which passes the same checks", () => {
  const { text, made } = maskedText(SAID);
  for (const value of VALUES) expect(text).not.toContain(value);
  const [mail = "", card = "", iban = ""] = made;
  expect(mail).toMatch(/^[a-z]{10}@vault\.example$/);
  expect(card).toMatch(/^\d{4} \d{4} \d{4} \d{4}$/);
  expect(passesLuhn(card.replaceAll(" ", ""))).toBe(true);
  expect(iban).toMatch(/^DE\d\d( \d{4}){4} \d\d$/);
  expect(passesMod97(iban.replaceAll(" ", ""))).toBe(true);
  expect(text).toBe(`Write to ${mail}, card ${card}, account ${iban}, again ${mail}. Thanks!`);
  expect(maskedText("Call +49 30 901820 now").text).toMatch(/^Call \+49 \d\d \d{6} now$/);
  expect(maskedText("From 192.168.17.4 on").text).toMatch(/^From 10\.\d+\.\d+\.\d+ on$/);
});

it("gives a value the same one in each request of a tenant, and others to others", () => {
  expect(maskedText(SAID)).toEqual(maskedText(SAID));
  expect(maskedText(SAID, "shop").made).not.toEqual(maskedText(SAID).made);
});

it("masks nothing where there is nothing, and never a system prompt", () => {
  const plain = request("The river rises.");
  expect(vaulted(plain)).toMatchObject({ request: plain, findings: [], mappings: [] });
  const system = { ...plain, messages: [{ role: "system", content: MAIL }] } as const;
  expect(vaulted(system).request).toBe(system);
});

const BODIES: Record<string, (prompt: string) => object> = {
  "/v1/chat/completions": (content) => ({ messages: [{ role: "user", content }] }),
  "/v1/completions": (prompt) => ({ prompt }),
  "/v1/messages": (content) => ({ max_tokens: 50, messages: [{ role: "user", content }] }),
  "/v1/responses": (input) => ({ input }),
};

async function setUp(script: Script, more = "") {
  const upstream = await startUpstream(script);
  const target = `{ provider: openai-compatible, url: "${upstream.url}", model: up }`;
  const server = await startServer(
    `models: { chat: { targets: [${target}], cache: {} } }\nguard: { vault: on, ${more} }`,
  );
  return { server, upstream };
}

const ask = (server: TestServer, path: string, stream: boolean) =>
  server.call(path, { model: "chat", stream, ...BODIES[path]?.(SAID) });

interface Piece {
  readonly delta?: unknown;
  readonly choices?: readonly {
    readonly text?: string;
    readonly delta?: { content?: string; tool_calls?: { function?: { arguments?: string } }[] };
  }[];
}

/** All text of a streamed answer, whichever its dialect. */
function spoken(text: string): string {
  const data = text
    .split("\n")
    .flatMap((line) => (line.startsWith("data: {") ? [line.slice(6)] : []));
  return data
    .map((line) => {
      const { choices, delta } = JSON.parse(line) as Piece;
      const [first] = choices ?? [];
      if (first) {
        const call = first.delta?.tool_calls?.[0]?.function?.arguments;
        return first.text ?? first.delta?.content ?? call ?? "";
      }
      if (typeof delta === "string") return delta;
      return delta && typeof delta === "object" && "text" in delta ? String(delta.text) : "";
    })
    .join("");
}

it.each([1, 3, 1000])(
  "shows upstreams placeholders and clients the originals, on every endpoint (pieces of %d)",
  async (echo) => {
    const { server, upstream } = await setUp({ pieces: [], echo });
    for (const path of Object.keys(BODIES)) {
      const whole = await (await ask(server, path, false)).text();
      for (const value of VALUES) expect(whole).toContain(value);
      expect(spoken(await (await ask(server, path, true)).text())).toContain(SAID);
    }
    for (const value of VALUES) expect(upstream.bodies.join("")).not.toContain(value);
    expect(upstream.bodies).toHaveLength(8);
  },
);

it.each([1, 5])("restores arguments of tool calls (pieces of %d)", async (echo) => {
  const { server } = await setUp({ pieces: [], echo, tool: "send_mail" });
  const streamed = await (await ask(server, "/v1/chat/completions", true)).text();
  expect(JSON.parse(spoken(streamed))).toEqual({ said: SAID });
});

it("takes out personal data that the model says by itself, and keeps traces clean", async () => {
  const own = "Or ask bob@other.test.";
  const { server } = await setUp({ pieces: ["Or ask bo", "b@other.test."] });
  const answer = await ask(server, "/v1/chat/completions", true);
  expect(spoken(await answer.text())).toBe(redact(own));
  const id = answer.headers.get("x-weir-trace-id") ?? "";
  const kept = await (await server.call(`/admin/v1/calls/${id}`)).text();
  for (const value of [...VALUES, "bob@other.test"]) expect(kept).not.toContain(value);
});

it("keeps restored answers out of traces", async () => {
  const { server } = await setUp({ pieces: [], echo: 7 });
  const answer = await ask(server, "/v1/messages", true);
  expect(spoken(await answer.text())).toContain("Thanks!");
  const id = answer.headers.get("x-weir-trace-id") ?? "";
  const kept = await (await server.call(`/admin/v1/calls/${id}`)).text();
  for (const value of VALUES) expect(kept).not.toContain(value);
});

it("leaves a route alone whose actions name personal data", async () => {
  const { server, upstream } = await setUp(
    { pieces: [], echo: 9 },
    'routes: { "/v1/messages": { actions: { pii: redact } } }',
  );
  expect(await (await ask(server, "/v1/messages", false)).text()).toContain("[redacted:");
  expect(upstream.bodies[0]).toContain("[redacted:email]");
});
