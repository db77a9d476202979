import { hash } from "node:crypto";
import { tenantOf } from "../../../core/call.ts";
import type { ChatRequest, GenerateRequest } from "../../../core/chat.ts";
import { relayedBody } from "../../../core/dialects/relay.ts";
import type { CallContext } from "../needs.ts";
import { withoutVolatileLines } from "../stabilise.ts";

/** What an answer hangs on: pure functions of the request as the guard let it through. */

type Scope = "tenant" | "key" | "user";

export interface KeyFacts {
  readonly scope: Scope;
  /** Names the configuration that made the answer: its targets, its guard. */
  readonly version: string;
}

/** Fields of a client's body that change how an answer is sent, and not what it says. */
const SENDING_ONLY: ReadonlySet<string> = new Set(["stream", "stream_options", "user", "metadata"]);

/** The key of exactly this call: everything that could change its answer is in it. */
export function exactKey(
  request: GenerateRequest,
  context: Pick<CallContext, "caller" | "route">,
  facts: KeyFacts,
): string {
  const { stream: _, user: __, source, ...asked } = request;
  return digest({
    who: whoOf(request, context, facts.scope),
    version: facts.version,
    route: context.route,
    asked,
    source: source && {
      dialect: source.dialect,
      // As it would be sent: without what the guard or the stabiliser took out of its texts.
      body: bodyOf(relayedBody(request, source.dialect) ?? source.body),
      headers: source.headers,
    },
  });
}

/** A call taken apart for comparison: what must be equal, and the one text that may differ. */
export interface Question {
  readonly partition: string;
  readonly text: string;
}

/**
 * The last user message of a chat, and the key of everything else: tenant, model, system prompt,
 * tools, settings and all messages before. Undefined where that text alone does not decide.
 */
export function questionOf(
  request: GenerateRequest,
  context: Pick<CallContext, "caller" | "route">,
  facts: KeyFacts,
): Question | undefined {
  if (request.kind !== "chat") return undefined;
  const last = request.messages.at(-1);
  if (last?.role !== "user" || typeof last.content !== "string") return undefined;
  const { stream: _, user: __, source: ___, ...asked } = request;
  const rest: Omit<ChatRequest, "stream" | "user" | "source"> = {
    ...asked,
    messages: [...request.messages.slice(0, -1), { ...last, content: "" }],
  };
  const fields = request.source && unknownFields(request.source.body);
  const who = whoOf(request, context, facts.scope);
  const partition = digest({ who, version: facts.version, route: context.route, rest, fields });
  return { partition, text: last.content };
}

function whoOf(
  { user }: GenerateRequest,
  { caller }: Pick<CallContext, "caller">,
  scope: Scope,
): readonly (string | null)[] {
  const tenant = tenantOf(caller);
  if (scope === "tenant") return [tenant];
  return scope === "key" ? [tenant, caller.keyId] : [tenant, caller.keyId, user ?? null];
}

function bodyOf(body: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const fields = Object.entries(body).filter(([name]) => !SENDING_ONLY.has(name));
  const rest: Record<string, unknown> = Object.fromEntries(fields);
  // Where Anthropic's clients write the line that differs in each of their requests.
  if ("system" in rest) rest["system"] = withoutNonce(rest["system"]);
  return rest;
}

function withoutNonce(system: unknown): unknown {
  if (typeof system === "string") return withoutVolatileLines(system);
  if (!Array.isArray(system)) return system;
  return system.map((part: unknown) => {
    if (typeof part !== "object" || part === null || !("text" in part)) return part;
    const { text } = part;
    return { ...part, text: typeof text === "string" ? withoutVolatileLines(text) : text };
  });
}

/** All of a body but its prompt, which the canonical form has. */
function unknownFields(body: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { messages: _, input: __, ...rest } = bodyOf(body);
  return rest;
}

function digest(value: unknown): string {
  return hash("sha256", JSON.stringify(value, sorted));
}

/** Objects with their fields in one order: clients do not agree on it. */
function sorted(_: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
