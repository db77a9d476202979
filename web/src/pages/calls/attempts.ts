import type { Span } from "../../../../src/http/admin-schemas.ts";

/** One try at one target, as its span tells it. */
export interface AttemptView {
  readonly id: string;
  readonly target: string;
  readonly reason: string;
  readonly startMs: number;
  readonly firstContentMs: number | null;
  readonly durationMs: number;
  readonly outcome: "answered" | "failed" | "given up";
  readonly error: string | null;
}

const REASONS: Readonly<Record<string, string>> = {
  first: "first choice",
  failover: "the one before failed",
  retry: "another round",
  hedge: "the other was late",
  continuation: "goes on with a broken answer",
};

const OUTCOMES = { ok: "answered", error: "failed", canceled: "given up" } as const;

/** A call's attempts in the order of their start. */
export function attemptsOf(spans: readonly Span[]): AttemptView[] {
  return spans
    .filter(({ kind }) => kind === "attempt")
    .toSorted((a, b) => a.startMs - b.startMs)
    .map(({ id, name, startMs, durationMs, status, attributes }) => {
      const { reason, firstContentMs, errorMessage } = attributes;
      return {
        id,
        target: name,
        reason: REASONS[String(reason ?? "first")] ?? String(reason),
        startMs,
        firstContentMs: typeof firstContentMs === "number" ? firstContentMs : null,
        durationMs,
        outcome: OUTCOMES[status],
        error: typeof errorMessage === "string" ? errorMessage : null,
      };
    });
}

const OWN = new Set<Span["kind"]>(["auth", "admit", "guard", "cache", "route", "settle"]);

/** What this server took of the call's time: all steps but the attempts. Null without spans. */
export function ownTimeOf(spans: readonly Span[]): number | null {
  const own = spans.filter(({ kind }) => OWN.has(kind));
  return own.length === 0 ? null : own.reduce((sum, { durationMs }) => sum + durationMs, 0);
}
