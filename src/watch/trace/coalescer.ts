import type { Feedback, RunPart, RunRecord } from "../../core/run.ts";
import { mergeParts } from "./merge-parts.ts";
import type { StorePosition } from "./run-store.ts";

/** What runs wait for their end before they are shown as going on. */
export const HOLD_MS = 1000;

interface Open {
  readonly part: RunPart;
  readonly since: number;
  /** Where the first of its parts stands in the log. */
  readonly at: StorePosition;
}

export interface Due {
  readonly parts: readonly RunPart[];
  readonly calls: readonly RunRecord[];
  readonly feedback: readonly Feedback[];
  /** What lies before it need not be read again once these are written. */
  readonly position: StorePosition | undefined;
}

/**
 * Holds the parts of runs until they are whole, so that most runs are written once. Parts of the
 * same run come in any order and more than once. Pure.
 */
export class Coalescer {
  private readonly open = new Map<string, Open>();
  private calls: RunRecord[] = [];
  private feedback: Feedback[] = [];

  get size(): number {
    return this.open.size + this.calls.length + this.feedback.length;
  }

  addParts(parts: readonly RunPart[], now: number, at: StorePosition): void {
    for (const part of parts) {
      // Two tenants may use one id by chance or by malice: neither sees the other's.
      const id = `${part.id} ${part.tenantId}`;
      const known = this.open.get(id);
      this.open.set(id, {
        part: mergeParts(known?.part, part),
        since: known?.since ?? now,
        at: known?.at ?? at,
      });
    }
  }

  addCalls(calls: readonly RunRecord[]): void {
    this.calls.push(...calls);
  }

  addFeedback(feedback: readonly Feedback[]): void {
    this.feedback.push(...feedback);
  }

  /** Takes out what is to be written now: whole runs, those that waited long enough, or all. */
  take(now: number, isAll: boolean, readTo: StorePosition | undefined): Due {
    const parts: RunPart[] = [];
    let position = readTo;
    for (const [id, { part, since, at }] of this.open) {
      if (isAll || isWhole(part) || now - since >= HOLD_MS) {
        parts.push(part);
        this.open.delete(id);
      } else if (position && isBefore(at, position)) position = at;
    }
    const { calls, feedback } = this;
    this.calls = [];
    this.feedback = [];
    return { parts, calls, feedback, position };
  }

  /** The log still has it all. */
  clear(): void {
    this.open.clear();
    this.calls = [];
    this.feedback = [];
  }
}

function isWhole({ at, endAt, name }: RunPart): boolean {
  return at !== undefined && endAt !== undefined && name !== undefined;
}

export function isBefore(a: StorePosition, b: StorePosition): boolean {
  return a.segment < b.segment || (a.segment === b.segment && a.offset < b.offset);
}
