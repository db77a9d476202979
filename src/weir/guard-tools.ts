import type { WeirConfig } from "../config/schema.ts";
import { type Caller, type FindingRecord, tenantOf } from "../core/call.ts";
import type { GenerateRequest } from "../core/chat.ts";
import { WeirError } from "../core/errors.ts";
import type { InputVerdict } from "../guard/gate.ts";
import { isTainted, notAllowed, pinOf, toolsOf } from "../guard/tools/tool-rules.ts";
import { ToolWatch } from "../guard/tools/tool-watch.ts";
import type { InputVerdict as CallVerdict } from "../serve/gateway/needs.ts";
import { callRefusal, reviewed } from "./guard-refusals.ts";
import { type ApprovalNeeds, createApprovals } from "./guard-approval-desk.ts";

type Tools = WeirConfig["guard"]["tools"];

interface Asked {
  readonly request: GenerateRequest;
  readonly caller: Caller;
  readonly mode: "enforce" | "monitor" | "off";
}

/** What is said of tools beside what is said of texts: which may be offered and called, and by whose leave. */
export function createToolGuard(needs: ApprovalNeeds) {
  const { tools, store } = needs;
  const desk = createApprovals(needs);

  return {
    /** The verdict over a request with what its tools add to it. */
    check(found: InputVerdict, asked: Asked): CallVerdict {
      const { request, caller, mode } = asked;
      if (mode === "off") return found;
      const verdict = reviewed(found, asked, desk);
      const isEnforced = mode === "enforce";
      const rules = tools();
      const allowed = own(rules.allow, caller.keyName);
      const refused = isEnforced ? notAllowed(request, allowed) : undefined;
      const drifts = driftsIn(request, caller, rules);
      const isWatched = allowed !== undefined || rules.stateChanging.length > 0;
      if (!refused && drifts.length === 0 && !isWatched) return verdict;
      const isStopped = isEnforced && drifts.length > 0 && rules.descriptions === "block";
      const openWatch = () =>
        new ToolWatch(verdict.openOutput(), {
          rules,
          allowed,
          isTainted: isTainted(request),
          isEnforced,
          approve: (call) => callRefusal(call, caller, desk),
        });
      return {
        ...verdict,
        findings: [...verdict.findings, ...drifts.map(() => drifted(isStopped))],
        blocked: verdict.blocked ?? refused ?? (isStopped ? changed(drifts) : undefined),
        openOutput: () => (isWatched ? openWatch() : verdict.openOutput()),
      };
    },
  };

  /** Names of tools that read differently from when they were first seen. */
  function driftsIn(request: GenerateRequest, caller: Caller, { descriptions }: Tools): string[] {
    if (descriptions === "off") return [];
    return toolsOf(request).flatMap((tool) => {
      const pin = pinOf(tool);
      return store.pin(tenantOf(caller), tool.name, pin) === pin ? [] : [tool.name];
    });
  }
}

function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

function drifted(isStopped: boolean): FindingRecord {
  const action = isStopped ? "block" : "flag";
  return { detector: "tools.description_changed", action, origin: "tool", confidence: 1 };
}

function changed([name = ""]: readonly string[]): WeirError {
  return new WeirError(
    "blocked_by_guard",
    `The request was refused: the tool "${name}" reads differently from when it was first seen. An operator can let it be pinned anew.`,
    { param: "tools" },
  );
}
