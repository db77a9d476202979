import type { Log } from "../core/log.ts";
import type { Clock } from "../core/time.ts";
import type { CatalogueTarget } from "./catalogue.ts";
import type { EngineLoad } from "./provider.ts";
import type { TestResult } from "./target-desk.ts";

/** What the last probe of a target found. */
export interface Probe {
  readonly ok: boolean;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly firstContentMs: number | null;
  readonly error: string | null;
  /** Absent where the upstream does not tell. */
  readonly load: EngineLoad | undefined;
}

export interface ProberNeeds {
  /** All targets of all models, each once by what it was made from. */
  readonly targets: () => readonly CatalogueTarget[];
  readonly test: (target: CatalogueTarget, signal: AbortSignal) => Promise<TestResult>;
  readonly now: Clock;
  readonly log: Log;
}

/** Health that runs a token: a server that answers `/health` may still be unable to generate. */
export interface Prober {
  /** Probes what is due; called about once a second. Probes of one target never overlap. */
  tick(): void;
  /** Undefined where none has run, or none is configured. */
  last(target: CatalogueTarget): Probe | undefined;
  /** Breaks off what runs. */
  close(): void;
}

const LONGEST_MS = 30_000;

/** Probes the targets that have `probe` set, each in its own time. */
export function createProber({ targets, test, now, log }: ProberNeeds): Prober {
  const probes = new Map<CatalogueTarget["provider"], Probe>();
  const dueAt = new Map<CatalogueTarget["provider"], number>();
  const closed = new AbortController();

  async function probe(target: CatalogueTarget): Promise<void> {
    const signal = AbortSignal.any([closed.signal, AbortSignal.timeout(LONGEST_MS)]);
    const { ok, error, firstContentMs } = await test(target, signal);
    const facts = await target.provider.facts?.(signal).catch(() => undefined);
    if (closed.signal.aborted) return;
    const before = probes.get(target.provider)?.ok ?? true;
    probes.set(target.provider, { ok, error, firstContentMs, at: now(), load: facts?.load });
    if (ok && !before) log.info("target_recovered", { target: target.id });
    if (!ok && before) log.warn("target_failed", { target: target.id, reason: error });
  }

  return {
    tick() {
      for (const target of targets()) {
        const every = "probe" in target.config ? target.config.probe : undefined;
        if (every === undefined || now() < (dueAt.get(target.provider) ?? 0)) continue;
        // Not due again before this one has ended.
        dueAt.set(target.provider, Infinity);
        void probe(target).finally(() => dueAt.set(target.provider, now() + every));
      }
    },
    last: ({ provider }) => probes.get(provider),
    close: () => closed.abort(),
  };
}
