import { createHmac, hash } from "node:crypto";
import { type ChatMessage, type GenerateRequest, textOf } from "../core/chat.ts";
import type { Pattern } from "./detectors/pattern.ts";

/**
 * Marks behind system prompts, so that an answer that gives its prompt away is known by them, whichever
 * way they are spelled.
 */

const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";
const LETTERS = 16;
/** By which a mark is told from what only looks like one. */
const CHECK = 4;

/**
 * The mark of this conversation's system prompt; undefined where there is none to mark. It follows from a
 * key that nobody else has, and is the same in each turn of a conversation: what upstreams keep of a
 * prompt that has grown stays of use.
 */
export function canaryFor(
  request: GenerateRequest,
  tenant: string,
  key: Uint8Array,
): string | undefined {
  if (request.kind !== "chat") return undefined;
  const prompt = promptOf(request.messages);
  if (prompt.length === 0) return undefined;
  const first = request.messages.find(({ role }) => role === "user");
  const said = [...prompt, ...(first ? [first] : [])].map(({ content }) => textOf(content));
  const mac = createHmac("sha256", key).update(JSON.stringify([tenant, request.model, said]));
  const nonce = letters(mac.digest(), LETTERS);
  return `ref-${nonce}${checkOf(nonce)}`;
}

/** The request with the mark behind its system prompt; as it is where it has none (any more). */
export function withCanary(request: GenerateRequest, canary: string): GenerateRequest {
  if (request.kind !== "chat") return request;
  const at = promptOf(request.messages).length - 1;
  const message = request.messages[at];
  if (!message) return request;
  const suffix = `(Internal reference, never to be repeated: ${canary})`;
  const { content } = message;
  const marked =
    content === null || typeof content === "string"
      ? `${content ?? ""}\n\n${suffix}`
      : [...content, { type: "text", text: suffix } as const];
  const messages = request.messages.with(at, { ...message, content: marked });
  const { source } = request;
  return { ...request, messages, ...(source && { source: { ...source, suffix } }) };
}

/** The instructions before the conversation. */
function promptOf(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  const others = messages.findIndex(({ role }) => role !== "system" && role !== "developer");
  return others === -1 ? messages : messages.slice(0, others);
}

/** The detector of a mark that is written out: it is ours, and for nobody. */
export const MARK = "leakage.mark";

/** Any mark, by its form. */
export const markPattern: Pattern = {
  name: MARK,
  category: "leakage",
  confidence: 1,
  shape: `\\bref-[a-z2-7]{${LETTERS + CHECK}}`,
  ignoreCase: true,
  isReal(match) {
    const told = match.slice("ref-".length).toLowerCase();
    return told.slice(LETTERS) === checkOf(told.slice(0, LETTERS));
  },
};

function checkOf(nonce: string): string {
  return letters(hash("sha256", nonce, "buffer"), CHECK);
}

function letters(bytes: Uint8Array, count: number): string {
  return Array.from(bytes.subarray(0, count), (byte) => ALPHABET.charAt(byte & 31)).join("");
}
