import { extname } from "node:path";
import { DEFAULT_TENANT } from "../core/call.ts";
import type { GenerateRequest } from "../core/chat.ts";
import { messageOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Detector } from "../guard/detector.ts";
import type { Inspection, InputVerdict } from "../guard/gate.ts";
import type { Gate, Guarded } from "../serve/gateway/needs.ts";
import { guardDetectors } from "./guard-detectors.ts";
import { GuardLine } from "./guard-line.ts";
import type { Live } from "./house.ts";

/** Who looks at texts: here, and in the thread for long ones, which has detectors of its own. */
export interface GuardParts {
  readonly detectors: readonly Detector[];
  readonly thread: URL;
}

export function guardParts(): GuardParts {
  const thread = new URL(`./guard-thread${extname(import.meta.url)}`, import.meta.url);
  return { detectors: guardDetectors(), thread };
}

/** Characters of a request from which on a thread looks at them: here that would take tens of milliseconds. */
const LONG = 256 * 1024;

export type CallGuard = Gate & { close(): Promise<void> };

/** The guard as calls meet it: whatever fails in it, the policy says what becomes of the call. */
export function createCallGuard(live: () => Live, thread: URL, log: Log): CallGuard {
  const line = new GuardLine(thread);

  return {
    inspect(request, context) {
      const { gate, config } = live();
      const place = placeOf(request, context);
      const inspection = gate.begin(request, place);
      const { pieces } = inspection;
      if (lengthOf(inspection) <= LONG) {
        return noted(inspection.conclude(pieces.map((piece) => gate.see(piece, place))));
      }
      const asked = { rules: config.guard, deadlineMs: config.guard.timeout };
      return line.see(pieces, place, asked).then(
        (seen) => noted(inspection.conclude(seen)),
        (cause: unknown) => noted(inspection.giveUp(), messageOf(cause)),
      );
    },
    close: () => line.close(),
  };

  /** Why is for the log alone, which never has a text. */
  function noted(verdict: InputVerdict, reason?: string): InputVerdict {
    if (verdict.scan !== "failed") return verdict;
    const failed = verdict.findings.filter(({ action }) => action === "scan_failed");
    log.error("guard_scan_failed", {
      checks: failed.map(({ detector }) => detector).join(" "),
      isRefused: verdict.blocked !== undefined,
      ...(reason !== undefined && { reason }),
    });
    return verdict;
  }
}

function placeOf(request: GenerateRequest, { route, caller }: Guarded) {
  return { route, model: request.model, tenant: caller.tenantId ?? DEFAULT_TENANT };
}

function lengthOf({ pieces }: Inspection): number {
  return pieces.reduce((sum, { text }) => sum + text.length, 0);
}
