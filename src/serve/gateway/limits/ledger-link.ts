import { ERRORS, type ErrorCode, WeirError, toWeirError } from "../../../core/errors.ts";
import type { Amounts, Grant, Ledger, Meter, Refusal } from "../../../core/ledger.ts";

/**
 * A ledger that another process keeps: one counts for all, so what it counts is exact. Messages go
 * both ways in order and in batches; how they travel is the caller's affair.
 */

/** To the process that counts. */
export type LedgerAsk =
  | {
      readonly type: "reserve";
      readonly id: number;
      readonly meters: readonly Meter[];
      readonly amounts: Amounts;
    }
  | { readonly type: "settle"; readonly id: number; readonly actual: Amounts };

/** From there. */
export interface LedgerAnswer {
  readonly id: number;
  readonly result:
    | Pick<Grant, "isGranted" | "used" | "exceeded">
    | Refusal
    | { readonly error: { readonly code: ErrorCode; readonly message: string } };
}

export interface RemoteLedger extends Ledger {
  answered(answers: readonly LedgerAnswer[]): void;
}

/** The side that asks. `atTurnEnd` runs once what came in one turn is together. */
export function createRemoteLedger(
  send: (asks: readonly LedgerAsk[]) => void,
  atTurnEnd: (run: () => void) => void,
): RemoteLedger {
  const waiting = new Map<number, PromiseWithResolvers<Grant | Refusal>>();
  let batch: LedgerAsk[] = [];
  let lastId = 0;

  function post(ask: LedgerAsk): void {
    batch.push(ask);
    if (batch.length > 1) return;
    atTurnEnd(() => {
      const ready = batch;
      batch = [];
      send(ready);
    });
  }

  function toGrant(id: number, { used, exceeded }: Pick<Grant, "used" | "exceeded">): Grant {
    let isSettled = false;
    return {
      isGranted: true,
      used,
      exceeded,
      settle(actual) {
        if (isSettled) return;
        isSettled = true;
        post({ type: "settle", id, actual });
      },
    };
  }

  return {
    reserve(meters, amounts) {
      const id = ++lastId;
      const answer = Promise.withResolvers<Grant | Refusal>();
      waiting.set(id, answer);
      post({ type: "reserve", id, meters, amounts });
      return answer.promise;
    },
    // Only the process that counts knows.
    rows: () => [],
    answered(answers) {
      for (const { id, result } of answers) {
        const asked = waiting.get(id);
        waiting.delete(id);
        if ("error" in result) {
          const { code, message } = result.error;
          asked?.reject(new WeirError(code in ERRORS ? code : "internal", message));
        } else asked?.resolve(result.isGranted ? toGrant(id, result) : result);
      }
    },
  };
}

export interface LedgerDesk {
  take(asks: readonly LedgerAsk[]): void;
  /** The other side is gone: what it had reserved counts as used, since nobody knows better. */
  left(): void;
}

/** The side that counts, for one other process. */
export function createLedgerDesk(
  ledger: Ledger,
  send: (answers: readonly LedgerAnswer[]) => void,
): LedgerDesk {
  const open = new Map<number, { readonly grant: Grant; readonly amounts: Amounts }>();
  let isGone = false;

  function answerOf(
    { id, amounts }: Extract<LedgerAsk, { type: "reserve" }>,
    result: Grant | Refusal,
  ): LedgerAnswer {
    if (!result.isGranted) return { id, result };
    if (isGone) result.settle({ ...amounts, calls: 0 });
    else open.set(id, { grant: result, amounts });
    const { used, exceeded } = result;
    return { id, result: { isGranted: true, used, exceeded } };
  }

  function failure(id: number, cause: unknown): LedgerAnswer {
    const { code, message } = toWeirError(cause);
    return { id, result: { error: { code, message } } };
  }

  return {
    take(asks) {
      const ready: LedgerAnswer[] = [];
      for (const ask of asks) {
        if (ask.type === "settle") {
          open.get(ask.id)?.grant.settle(ask.actual);
          open.delete(ask.id);
          continue;
        }
        try {
          const result = ledger.reserve(ask.meters, ask.amounts);
          if (result instanceof Promise) {
            result.then(
              (known) => send([answerOf(ask, known)]),
              (cause: unknown) => send([failure(ask.id, cause)]),
            );
          } else ready.push(answerOf(ask, result));
        } catch (cause) {
          ready.push(failure(ask.id, cause));
        }
      }
      if (ready.length > 0) send(ready);
    },
    left() {
      isGone = true;
      for (const { grant, amounts } of open.values()) grant.settle({ ...amounts, calls: 0 });
      open.clear();
    },
  };
}
