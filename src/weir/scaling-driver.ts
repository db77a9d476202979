import type { Replicas, ReplicaCounts } from "../serve/replicas.ts";

/** What is there of one model's replicas. */
export interface Standing extends ReplicaCounts {
  /** Of the last start that was seen; absent: none was. */
  readonly startDelayMs?: number | undefined;
  /** What an operator should know: somebody else changed the number, one could not be started. */
  readonly note?: string | undefined;
}

/** Who starts and ends replicas of one model. Calls never overlap. */
export interface ScaleDriver {
  /** Rejects with why it cannot be known. */
  look(): Promise<Standing>;
  /**
   * Asks for so many; it resolves when that was asked, and `look` says what came of it. Asking for what
   * is there already is harmless. Rejects with why it cannot be asked.
   */
  resize(replicas: number): Promise<void>;
}

/** Engine processes of this server. */
export function localDriver(replicas: Replicas): ScaleDriver {
  return {
    look: async () => standingOf(replicas),
    async resize(wanted) {
      replicas.resize(wanted);
    },
  };
}

/** What is there of them at this moment. */
export function standingOf({ counts, startDelayMs, trouble }: Replicas): Standing {
  return { ...counts, startDelayMs, note: trouble };
}

export interface OutsideNeeds {
  /** Whether the model's target makes a token now. */
  readonly answers: () => Promise<boolean>;
  readonly isAsleep: () => boolean;
  /** How many there are at the start, for all that is known. */
  readonly first: number;
}

/**
 * Somebody else asks Weir how many replicas there should be, and sees to it: KEDA, an HPA. What was asked for
 * is taken for what is there, but for the first one after a sleep: that one has to answer first.
 */
export function outsideDriver({ answers, isAsleep, first }: OutsideNeeds): ScaleDriver {
  let asked = first;
  return {
    async look() {
      if (!isAsleep() || asked === 0) return { ready: asked, starting: 0, draining: 0 };
      const isUp = await answers();
      return { ready: isUp ? asked : 0, starting: isUp ? 0 : asked, draining: 0 };
    },
    async resize(wanted) {
      asked = wanted;
    },
  };
}
