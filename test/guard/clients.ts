import type { TestServer } from "../support/server.ts";

/** A call in the words of each client protocol; `system` is left out where a protocol has none. */
export const BODIES: Readonly<Record<string, (prompt: string, system?: string) => object>> = {
  "/v1/chat/completions": (content, system) => ({
    messages: [
      ...(system === undefined ? [] : [{ role: "system", content: system }]),
      { role: "user", content },
    ],
  }),
  "/v1/completions": (prompt) => ({ prompt }),
  "/v1/messages": (content, system) => ({
    max_tokens: 500,
    ...(system !== undefined && { system }),
    messages: [{ role: "user", content }],
  }),
  "/v1/responses": (input, system) => ({
    input,
    ...(system !== undefined && { instructions: system }),
  }),
};

export interface Asking {
  readonly path: string;
  readonly stream: boolean;
  readonly prompt?: string;
  readonly system?: string | undefined;
  readonly key?: string;
}

/** What came back, and all of its text, whichever the protocol. */
export interface Told {
  /** Of the call's record. */
  readonly id: string;
  readonly status: number;
  readonly body: string;
  readonly text: string;
}

/** Asks the model `chat`. */
export async function ask(server: TestServer, asking: Asking): Promise<Told> {
  const { path, stream, prompt = "Tell me something", system, key } = asking;
  const body = { model: "chat", stream, ...BODIES[path]?.(prompt, system) };
  const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const answer = await server.call(path, body, { headers });
  const told = await answer.text();
  const text = told.startsWith("{") ? whole(told) : streamed(told);
  return {
    id: answer.headers.get("x-weir-trace-id") ?? "",
    status: answer.status,
    body: told,
    text,
  };
}

/** What the guard noted of a call, as "flag pii.email". */
export async function notedOf(server: TestServer, { id }: Told): Promise<string[]> {
  const call = await server.call(`/admin/v1/calls/${id}`);
  const { findings } = (await call.json()) as {
    findings: readonly { detector: string; action: string }[];
  };
  return findings.map(({ detector, action }) => `${action} ${detector}`);
}

/** Every way to ask. */
export const WAYS = Object.keys(BODIES).flatMap((path) =>
  [false, true].map((stream) => ({ path, stream })),
);

interface Content {
  readonly text?: string;
}

interface Piece {
  readonly delta?: unknown;
  readonly choices?: readonly {
    readonly text?: string;
    readonly delta?: { readonly content?: string };
    readonly message?: { readonly content?: string | null };
  }[];
  readonly content?: readonly Content[];
  readonly output?: readonly { readonly content?: readonly Content[] }[];
}

function streamed(body: string): string {
  const data = body.split("\n").flatMap((line) => (line.startsWith("data: {") ? [line] : []));
  return data
    .map((line) => {
      const { choices, delta } = JSON.parse(line.slice(6)) as Piece;
      const [first] = choices ?? [];
      if (first) return first.text ?? first.delta?.content ?? "";
      if (typeof delta === "string") return delta;
      return delta && typeof delta === "object" && "text" in delta ? String(delta.text) : "";
    })
    .join("");
}

function whole(body: string): string {
  const { choices, content, output } = JSON.parse(body) as Piece;
  const [first] = choices ?? [];
  if (first) return first.text ?? first.message?.content ?? "";
  const parts = content ?? output?.flatMap((item) => item.content ?? []) ?? [];
  return parts.map(({ text = "" }) => text).join("");
}
