import { extname } from "node:path";
import { DEFAULT_TENANT } from "../core/call.ts";
import type { GenerateRequest } from "../core/chat.ts";
import { messageOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Detector } from "../guard/detector.ts";
import type { InputVerdict, Inspection, Piece, Seen } from "../guard/gate.ts";
import type { Place } from "../guard/policy/policy-for.ts";
import type { InputVerdict as CallVerdict, Gate, Guarded } from "../serve/gateway/needs.ts";
import { guardDetectors } from "./guard-detectors.ts";
import { createToolGuard } from "./guard-tools.ts";
import { withVault } from "./guard-vault.ts";
import type { GuardStore } from "../store/sqlite/guard.ts";
import { GuardLine } from "./guard-line.ts";
import type { Live } from "./house.ts";

/** Who looks at texts: here, and in the thread for long ones, which has detectors of its own. */
export interface GuardParts {
  readonly detectors: readonly Detector[];
  readonly thread: URL;
  /** Where a model may lie that was taught here; absent: the shipped one is used. */
  readonly dataFolder?: string | undefined;
}

export function guardParts(dataFolder?: string): GuardParts {
  const thread = new URL(`./guard-thread${extname(import.meta.url)}`, import.meta.url);
  return { detectors: guardDetectors(dataFolder), thread, dataFolder };
}

/** Characters of a request from which on a thread looks at them: here that would take tens of milliseconds. */
const LONG = 256 * 1024;

export interface CallGuardNeeds extends Pick<GuardParts, "thread" | "dataFolder"> {
  readonly store: GuardStore;
  readonly secret: (name: string) => string | undefined;
  readonly log: Log;
}

export interface CallGuard extends Gate {
  /** Looks at texts beside a call: here, or in the thread. Rejects when nobody could. */
  see(pieces: readonly Piece[], place: Place): readonly Seen[] | Promise<readonly Seen[]>;
  close(): Promise<void>;
}

/** The guard as calls meet it: whatever fails in it, the policy says what becomes of the call. */
export function createCallGuard(
  live: () => Live,
  { thread, dataFolder, store, secret, log }: CallGuardNeeds,
): CallGuard {
  const line = new GuardLine(thread, dataFolder);
  const tools = createToolGuard({
    tools: () => live().config.guard.tools,
    store,
    secret,
    now: Date.now,
    log,
  });

  function see(pieces: readonly Piece[], place: Place) {
    const { gate, config } = live();
    if (lengthOf(pieces) <= LONG) return pieces.map((piece) => gate.see(piece, place));
    const asked = { rules: config.guard, deadlineMs: config.guard.timeout };
    return line.see(pieces, place, asked);
  }

  return {
    inspect(request, context) {
      const place = placeOf(request, context);
      const { gate } = live();
      const inspection = gate.begin(request, place);
      const { mode } = gate.policy(place);
      const judge = (verdict: InputVerdict, reason?: string) =>
        withVault(tools.check(noted(verdict, reason), { request, caller: context.caller, mode }), {
          place,
          live: live(),
        });
      const seen = see(inspection.pieces, place);
      if (!(seen instanceof Promise)) return judge(inspection.conclude(seen));
      return concluded(seen, inspection, judge);
    },
    see,
    close: () => line.close(),
  };

  async function concluded(
    seen: Promise<readonly Seen[]>,
    inspection: Inspection,
    judge: (verdict: InputVerdict, reason?: string) => CallVerdict,
  ): Promise<CallVerdict> {
    try {
      return judge(inspection.conclude(await seen));
    } catch (cause) {
      return judge(inspection.giveUp(), messageOf(cause));
    }
  }

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

function lengthOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { text }) => sum + text.length, 0);
}
