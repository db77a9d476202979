import { join } from "node:path";
import type { LimitsConfig } from "../config/limits.ts";
import type { Settings } from "../config/settings.ts";
import type { Ledger } from "../core/ledger.ts";
import type { Log } from "../core/log.ts";
import { createAdmission } from "../serve/gateway/limits/admission.ts";
import { createDurableLedger } from "../serve/gateway/limits/durable-ledger.ts";
import { createMemoryLedger } from "../serve/gateway/limits/memory-ledger.ts";
import { type LimitNotices, createNotices } from "../serve/gateway/limits/notices.ts";
import type { Admission } from "../serve/gateway/needs.ts";
import { AppendLog } from "../store/append-log.ts";

interface LimitsNeeds {
  readonly settings: Settings;
  readonly log: Log;
  readonly limits: () => LimitsConfig;
}

export interface Limiting {
  readonly admission: Admission;
  readonly ledger: Ledger;
  readonly notices: LimitNotices;
}

/** Limits and budgets: the counters, where they are kept, and the door that asks them. */
export function limitsOf(
  { settings, log: all, limits }: LimitsNeeds,
  stack: AsyncDisposableStack,
): Limiting {
  const log = all.part("limits");
  const now = Date.now;
  const notices = createNotices(now, log);
  const journal = new AppendLog(join(settings.dataFolder, "budgets"));
  const ledger = createDurableLedger({
    ledger: createMemoryLedger(now),
    journal,
    now,
    atTurnEnd: setImmediate,
    later: (ms, run) => void setTimeout(run, ms).unref(),
    log,
  });
  stack.defer(() => {
    ledger.close();
    journal.close();
  });
  return { ledger, notices, admission: createAdmission({ limits, ledger, notices, now }) };
}
