import type { FindingRecord } from "../../core/call.ts";
import type { ChatEvent } from "../../core/chat.ts";
import { WeirError } from "../../core/errors.ts";
import { faultIn } from "../../core/json-schema.ts";
import { type AllowedTool, type ToolRules, allowedTool, isStateChanging } from "./tool-rules.ts";

/** What looks at an answer's texts before. */
interface TextScan {
  push(events: readonly ChatEvent[]): ChatEvent[];
  readonly findings: readonly FindingRecord[];
  readonly blocked: WeirError | undefined;
}

export interface CalledTool {
  readonly name: string;
  /** JSON text, as the model wrote it and the guard let it through. */
  readonly arguments: string;
}

export interface ToolWatchNeeds {
  readonly rules: ToolRules;
  /** What the key may use; undefined: every tool. */
  readonly allowed: readonly AllowedTool[] | undefined;
  /** Whether others than the caller wrote in the prompt. */
  readonly isTainted: boolean;
  /** False: only notes what it would refuse. */
  readonly isEnforced: boolean;
  /** Undefined: somebody has let this call through. Else what the client is told. */
  readonly approve: (call: CalledTool) => WeirError | undefined;
}

type CallDelta = Extract<ChatEvent, { type: "tool-call-delta" }>;

/**
 * Watches the calls in an answer, behind the scan of its texts. A call that must be known whole before
 * anybody may act on it is held back with all that follows, until its answer's end.
 */
export class ToolWatch {
  blocked: WeirError | undefined;
  private readonly scan: TextScan | undefined;
  private readonly needs: ToolWatchNeeds;
  private readonly own: FindingRecord[] = [];
  private readonly calls = new Map<string, { name: string; arguments: string; index: number }>();
  private readonly waiting = new Set<number>();
  private held: ChatEvent[] = [];

  constructor(scan: TextScan | undefined, needs: ToolWatchNeeds) {
    this.scan = scan;
    this.needs = needs;
  }

  get findings(): readonly FindingRecord[] {
    return [...(this.scan?.findings ?? []), ...this.own];
  }

  push(events: readonly ChatEvent[]): ChatEvent[] {
    const passed = this.scan ? this.scan.push(events) : events;
    this.blocked ??= this.scan?.blocked;
    const leaving: ChatEvent[] = [];
    for (const event of passed) {
      if (this.blocked) return [];
      if (event.type === "tool-call-delta") this.note(event);
      if (event.type === "finish" && this.waiting.delete(event.index)) this.judge(event.index);
      this.held.push(event);
      if (this.waiting.size === 0) leaving.push(...this.held.splice(0));
    }
    return this.blocked ? [] : leaving;
  }

  private note(delta: CallDelta): void {
    const key = `${delta.index}:${delta.call}`;
    const known = this.calls.get(key);
    if (known) {
      known.arguments += delta.arguments;
      return;
    }
    const { name = "", index } = delta;
    const tool = allowedTool(name, this.needs.allowed);
    if (tool === undefined) {
      this.refuse(
        "not_allowed",
        new WeirError(
          "blocked_by_guard",
          `The answer was stopped: it called the tool "${name}", which this key may not use.`,
        ),
      );
    }
    this.calls.set(key, { name, arguments: delta.arguments, index });
    if (typeof tool === "object" || this.needsApproval(name)) this.waiting.add(index);
  }

  private needsApproval(name: string): boolean {
    return this.needs.isTainted && isStateChanging(name, this.needs.rules);
  }

  private judge(index: number): void {
    for (const call of this.calls.values()) {
      if (call.index !== index || this.blocked) continue;
      const fault = this.faultOf(call);
      if (fault !== undefined) {
        const text = `The answer was stopped: it called the tool "${call.name}" with other arguments than this key may send: ${fault}.`;
        this.refuse("bad_arguments", new WeirError("blocked_by_guard", text));
      } else if (this.needsApproval(call.name)) {
        const refusal = this.needs.approve(call);
        if (refusal) this.refuse("needs_approval", refusal);
      }
    }
  }

  private faultOf(call: CalledTool): string | undefined {
    const tool = allowedTool(call.name, this.needs.allowed);
    if (typeof tool !== "object") return undefined;
    try {
      return faultIn(JSON.parse(call.arguments === "" ? "{}" : call.arguments), tool.arguments);
    } catch {
      return "they are no JSON";
    }
  }

  private refuse(what: string, error: WeirError): void {
    const action = this.needs.isEnforced ? "block" : "flag";
    this.own.push({ detector: `tools.${what}`, action, origin: "assistant", confidence: 1 });
    if (this.needs.isEnforced) this.blocked ??= error;
  }
}
