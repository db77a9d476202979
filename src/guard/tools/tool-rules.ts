import { createHash } from "node:crypto";
import type { ChatMessage, ChatRequest, GenerateRequest, ToolDefinition } from "../../core/chat.ts";
import { WeirError } from "../../core/errors.ts";
import { markedIn } from "../request-texts.ts";
import { unknownWords } from "../../core/json-schema.ts";

/** A tool that a key may use: by its name alone, or with what its arguments must be like. */
export type AllowedTool =
  | string
  | { readonly name: string; readonly arguments: Readonly<Record<string, unknown>> };

/** What weir.yaml says of tools. */
export interface ToolRules {
  /** Names, `*` for any letters. */
  readonly stateChanging: readonly string[];
  /** By the name of a key. */
  readonly allow: Readonly<Record<string, readonly AllowedTool[]>>;
  readonly descriptions: "off" | "flag" | "block";
}

/** Throws invalid_config with every schema that cannot be held to. */
export function checkTools({ allow }: ToolRules): void {
  const wrong = Object.entries(allow).flatMap(([key, tools]) =>
    tools.flatMap((tool, at) =>
      typeof tool === "string"
        ? []
        : unknownWords(tool.arguments, `guard.tools.allow.${key}.${at}.arguments`),
    ),
  );
  if (wrong.length === 0) return;
  throw new WeirError(
    "invalid_config",
    `weir.yaml has schemas that cannot be used:\n${wrong.map((one) => `  ${one}`).join("\n")}`,
  );
}

/** What a key may do with a tool of that name; undefined: nothing. */
export function allowedTool(
  name: string,
  tools: readonly AllowedTool[] | undefined,
): AllowedTool | undefined {
  if (!tools) return name;
  return tools.find((tool) => isNamed(name, typeof tool === "string" ? tool : tool.name));
}

export function isStateChanging(name: string, { stateChanging }: ToolRules): boolean {
  return stateChanging.some((pattern) => isNamed(name, pattern));
}

/** Whether a name has the pattern's pieces in their order; `*` stands for anything. Linear. */
function isNamed(name: string, pattern: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  if (rest.length === 0) return name === pattern;
  const last = rest.pop() ?? "";
  if (!name.startsWith(first) || !name.endsWith(last)) return false;
  let at = first.length;
  for (const piece of rest) {
    const found = name.indexOf(piece, at);
    if (found === -1) return false;
    at = found + piece.length;
  }
  return at <= name.length - last.length;
}

/** The first offered tool that the key may not use. */
export function notAllowed(
  request: GenerateRequest,
  tools: readonly AllowedTool[] | undefined,
): WeirError | undefined {
  if (request.kind !== "chat" || !tools) return undefined;
  const { tools: offered = [], foreignTools = [] } = request;
  const at = offered.findIndex(({ name }) => !allowedTool(name, tools));
  if (at !== -1) {
    const name = offered[at]?.name ?? "";
    return new WeirError(
      "forbidden",
      `This key may not offer the tool "${name}". Leave it out, or have guard.tools.allow in weir.yaml name it.`,
      { param: `tools[${at}]` },
    );
  }
  const [foreign] = foreignTools;
  return (
    foreign &&
    new WeirError(
      "forbidden",
      `This key may only offer tools that guard.tools.allow names, and ${foreign.what} runs at the upstream.`,
      { param: "tools" },
    )
  );
}

/** Whether others than the caller wrote in what the model reads: documents, results of tools. */
export function isTainted(request: GenerateRequest): boolean {
  if (request.kind === "completion") return markedIn(request.prompt).length > 0;
  return request.messages.some(hasOthersText);
}

function hasOthersText({ role, content }: ChatMessage): boolean {
  if (role === "tool") return true;
  if (role !== "user" || content === null) return false;
  if (typeof content === "string") return markedIn(content).length > 0;
  return content.some((part) =>
    part.type === "text" ? markedIn(part.text).length > 0 : part.type !== "audio",
  );
}

/** What a tool is pinned by: all that a model reads of it. */
export function pinOf({ name, description = "", parameters = {} }: ToolDefinition): string {
  const read = JSON.stringify([name, description, parameters]);
  return createHash("sha256").update(read).digest("hex");
}

export function toolsOf(request: GenerateRequest): NonNullable<ChatRequest["tools"]> {
  return request.kind === "chat" ? (request.tools ?? []) : [];
}
