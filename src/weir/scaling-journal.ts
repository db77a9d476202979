import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { messageOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Decision } from "../ship/autoscale/policy.ts";

/** A number of replicas that an operator has set. */
const Hold = z.object({ replicas: z.number(), by: z.string(), at: z.number() });
export type Hold = z.infer<typeof Hold>;

const Kept = z.object({
  at: z.number(),
  /** It was decided again and again until then. */
  until: z.number(),
  from: z.number(),
  replicas: z.number(),
  kind: z.enum(["up", "down", "steady", "idle", "wake", "frozen", "silent"]),
  why: z.string(),
  numbers: z.record(z.string(), z.number()),
});
export type KeptDecision = z.infer<typeof Kept>;

const Sample = z.object({
  at: z.number(),
  wanted: z.number(),
  ready: z.number(),
  starting: z.number(),
  waiting: z.number(),
  running: z.number(),
  arrived: z.number(),
});
export type ScaleSample = z.infer<typeof Sample>;

const Page = z.object({
  hold: Hold.optional(),
  decisions: z.array(Kept),
  samples: z.array(Sample),
});
type Page = z.infer<typeof Page>;
const Pages = z.record(z.string(), Page);

const MOST_DECISIONS = 100;
/** An hour of decisions each ten seconds. */
const MOST_SAMPLES = 360;

/** A decision with what it was made of and what was there. */
export interface Decided extends Decision, Omit<ScaleSample, "wanted"> {
  readonly from: number;
}

/** What was decided of one model, the newest last. */
export interface ModelJournal {
  hold: Hold | undefined;
  readonly decisions: readonly KeptDecision[];
  readonly samples: readonly ScaleSample[];
  decided(decision: Decided): void;
}

/**
 * What was decided lately of all models, in one small file: a restart shows it again, and keeps what an
 * operator has held. It is written when something was decided that is no repetition, and at the end.
 */
export class ScalingJournal {
  private readonly file: string;
  private readonly log: Log;
  private readonly pages: Map<string, Page>;

  constructor(file: string, log: Log) {
    this.file = file;
    this.log = log;
    this.pages = new Map(Object.entries(readPages(file)));
  }

  of(model: string): ModelJournal {
    const page = this.pages.get(model) ?? { decisions: [], samples: [] };
    this.pages.set(model, page);
    const write = () => this.write();
    return {
      get hold() {
        return page.hold;
      },
      set hold(hold) {
        page.hold = hold;
        write();
      },
      get decisions() {
        return page.decisions;
      },
      get samples() {
        return page.samples;
      },
      decided(decision) {
        addSample(page, decision);
        if (addDecision(page, decision)) write();
      },
    };
  }

  /** Never throws: a full disk must not end the scaling. */
  write(): void {
    try {
      writeFileSync(`${this.file}.new`, JSON.stringify(Object.fromEntries(this.pages)));
      renameSync(`${this.file}.new`, this.file);
    } catch (cause) {
      this.log.warn("scaling_not_written", { reason: messageOf(cause) });
    }
  }
}

function readPages(file: string): Record<string, Page> {
  try {
    return Pages.safeParse(JSON.parse(readFileSync(file, "utf8"))).data ?? {};
  } catch {
    return {}; // none yet, or not whole: it begins anew
  }
}

function addSample(page: Page, decided: Decided): void {
  const { at, replicas: wanted, ready, starting, waiting, running, arrived } = decided;
  page.samples.push({ at, wanted, ready, starting, waiting, running, arrived });
  page.samples.splice(0, page.samples.length - MOST_SAMPLES);
}

/** False where it only says again what the last one said. */
function addDecision(page: Page, { at, from, replicas, kind, why, numbers }: Decided): boolean {
  const last = page.decisions.at(-1);
  if (last?.kind === kind && last.replicas === replicas && last.from === from) {
    Object.assign(last, { why, numbers, until: at });
    return false;
  }
  page.decisions.push({ at, until: at, from, replicas, kind, why, numbers: { ...numbers } });
  page.decisions.splice(0, page.decisions.length - MOST_DECISIONS);
  return true;
}
