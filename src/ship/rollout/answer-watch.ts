import type { ChatEvent, GenerateRequest, ToolDefinition } from "../../core/chat.ts";
import { faultIn } from "../../core/json-schema.ts";
import { isRefusal } from "./refusal.ts";

/** Of an answer that must be JSON, and of a tool call, no more than that is kept to be looked at. */
const MOST_JSON = 256 * 1024;
/** A refusal says so at its start. */
const HEAD = 300;

/**
 * What an answer says of itself while it passes: whether it refuses, and whether the JSON that was asked
 * for and the calls of tools are well formed. Answers are taken as they leave for the client.
 */
export class AnswerWatch {
  private readonly format: GenerateRequest["responseFormat"];
  private readonly tools: readonly ToolDefinition[];
  private readonly texts = new Map<number, string>();
  private readonly calls = new Map<string, { name: string | undefined; json: string }>();
  private hasRefused = false;
  private isCut = false;

  constructor(request: GenerateRequest) {
    this.format = request.responseFormat;
    this.tools = request.kind === "chat" ? (request.tools ?? []) : [];
  }

  saw(events: readonly ChatEvent[]): void {
    for (const event of events) {
      if (event.type === "text-delta") this.read(event.index, event.text);
      else if (event.type === "refusal-delta") this.hasRefused = true;
      else if (event.type === "tool-call-delta") this.readCall(event);
      else if (event.type === "finish") this.isCut ||= event.reason === "length";
    }
  }

  get refused(): boolean {
    return (
      this.hasRefused || [...this.texts.values()].some((text) => isRefusal(text.slice(0, HEAD)))
    );
  }

  /** Null: nothing was asked for that has a form, or the answer was cut before it could have one. */
  get isValid(): boolean | null {
    const parts = [...this.documents(), ...this.toolCalls()];
    if (parts.length === 0 || this.isCut) return null;
    return parts.every(Boolean);
  }

  private *documents(): Generator<boolean> {
    const { format } = this;
    if (!format || format.type === "text" || this.calls.size > 0) return;
    const schema = format.type === "json_schema" ? format.schema : { type: "object" };
    for (const text of this.texts.values()) yield isJson(text, schema);
  }

  private *toolCalls(): Generator<boolean> {
    for (const { name, json } of this.calls.values()) {
      const tool = this.tools.find((one) => one.name === name);
      // A tool that nobody offered is not well formed either.
      yield tool !== undefined && isJson(json === "" ? "{}" : json, tool.parameters ?? true);
    }
  }

  private read(index: number, text: string): void {
    const before = this.texts.get(index) ?? "";
    const room = (this.format && this.format.type !== "text" ? MOST_JSON : HEAD) - before.length;
    if (room > 0) this.texts.set(index, before + text.slice(0, room));
  }

  private readCall(event: Extract<ChatEvent, { type: "tool-call-delta" }>): void {
    const key = `${event.index}/${event.call}`;
    const call = this.calls.get(key) ?? { name: undefined, json: "" };
    call.name ??= event.name;
    if (call.json.length < MOST_JSON) call.json += event.arguments;
    this.calls.set(key, call);
  }
}

function isJson(text: string, schema: unknown): boolean {
  try {
    return faultIn(JSON.parse(text), schema) === undefined;
  } catch {
    return false;
  }
}
