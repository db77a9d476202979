import type { LogPosition } from "../../core/log-position.ts";
import type { Feedback, RunPart, RunRecord } from "../../core/run.ts";
import { mergeParts } from "./merge-parts.ts";

/** What runs wait for their end before they are shown as going on. */
export const HOLD_MS = 1000;

/** What was said of one run: what began it, and what went on with it. At least one of them is there. */
export interface RunParts {
  readonly id: string;
  readonly post: RunPart | undefined;
  readonly patch: RunPart | undefined;
}

interface Open extends RunParts {
  readonly since: number;
  /** Where the first of its parts stands in the log. */
  readonly at: LogPosition;
}

export interface Due {
  readonly runs: readonly RunParts[];
  readonly calls: readonly RunRecord[];
  readonly feedback: readonly Feedback[];
  /** What lies before it need not be read again once these are written. */
  readonly position: LogPosition | undefined;
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

  addParts(parts: readonly RunPart[], now: number, at: LogPosition): void {
    for (const part of parts) {
      // Two tenants may use one id by chance or by malice: neither sees the other's.
      const id = `${part.id} ${part.tenantId}`;
      const known = this.open.get(id);
      this.open.set(id, {
        id: part.id,
        post: part.kind === "post" ? mergeParts(known?.post, part) : known?.post,
        patch: part.kind === "patch" ? mergeParts(known?.patch, part) : known?.patch,
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
  take(now: number, isAll: boolean, readTo: LogPosition | undefined): Due {
    const runs: RunParts[] = [];
    let position = readTo;
    for (const [id, one] of this.open) {
      if (isAll || isWhole(one) || now - one.since >= HOLD_MS) {
        runs.push(one);
        this.open.delete(id);
      } else if (position && isBefore(one.at, position)) position = one.at;
    }
    const { calls, feedback } = this;
    this.calls = [];
    this.feedback = [];
    return { runs, calls, feedback, position };
  }

  /** The log still has it all. */
  clear(): void {
    this.open.clear();
    this.calls = [];
    this.feedback = [];
  }
}

function isWhole({ post, patch }: RunParts): boolean {
  const isEnded = (patch?.endAt ?? post?.endAt) !== undefined;
  return (
    isEnded && (post?.at ?? patch?.at) !== undefined && (post?.name ?? patch?.name) !== undefined
  );
}

export function isBefore(a: LogPosition, b: LogPosition): boolean {
  return a.segment < b.segment || (a.segment === b.segment && a.offset < b.offset);
}
