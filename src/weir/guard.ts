import { extname } from "node:path";
import { DEFAULT_TENANT } from "../core/call.ts";
import type { GenerateRequest } from "../core/chat.ts";
import { messageOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Beside } from "../guard/answers.ts";
import type { Detector } from "../guard/detector.ts";
import type { InputVerdict, Inspection, Piece, Seen } from "../guard/gate.ts";
import type { Place } from "../guard/policy/policy-for.ts";
import type { InputVerdict as CallVerdict, Gate, Guarded } from "../serve/gateway/needs.ts";
import { guardDetectors } from "./guard-detectors.ts";
import { createToolGuard } from "./guard-tools.ts";
import { VaultGate } from "./guard-vault.ts";
import type { VaultKeeper } from "./guard-vault-keeper.ts";
import type { GuardStore } from "../store/sqlite/guard.ts";
import { GuardLine } from "./guard-line.ts";
import { createLooks } from "./guard-looks.ts";
import { NameLook, type NamesNeeds } from "./guard-names.ts";
import type { Live } from "./live.ts";

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

export interface CallGuardNeeds extends Pick<GuardParts, "thread" | "dataFolder"> {
  readonly store: GuardStore;
  readonly keeper: VaultKeeper;
  readonly beside: Beside;
  readonly targets: NamesNeeds["targets"];
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
  { thread, dataFolder, store, keeper, beside, targets, secret, log }: CallGuardNeeds,
): CallGuard {
  const line = new GuardLine(thread, dataFolder);
  const tools = createToolGuard({
    tools: () => live().config.guard.tools,
    store,
    secret,
    now: Date.now,
    log,
  });

  const { see, personal } = createLooks({ live, line, names: new NameLook({ live, targets }) });
  const vault = new VaultGate({ live, keeper, log, look: personal });

  return {
    inspect(request, context) {
      const place = placeOf(request, context);
      const { gate } = live();
      const inspection = gate.begin(request, place, beside);
      const { mode } = gate.policy(place);
      const judge = (verdict: InputVerdict, reason?: string) => {
        const asked = { request, caller: context.caller, mode };
        return vault.mask(tools.check(noted(verdict, reason), asked), place);
      };
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
    judge: (verdict: InputVerdict, reason?: string) => CallVerdict | Promise<CallVerdict>,
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
