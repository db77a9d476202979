import type { CallRecord } from "../../core/call.ts";
import { ERRORS, type ErrorCode } from "../../core/errors.ts";
import type { Family } from "./exposition.ts";
import { type Counter, type Labelled, counters } from "./labelled.ts";

/** Whose fault a failure is, for error rates: few words, so that they can be charted. */
export type ErrorClass =
  | "client"
  | "canceled"
  | "guard"
  | "limit"
  | "timeout"
  | "upstream"
  | "server";

const CLASSES: Partial<Record<ErrorCode, ErrorClass>> = {
  blocked_by_guard: "guard",
  blocked_by_provider: "guard",
  client_closed: "canceled",
  rate_limited: "limit",
  budget_exceeded: "limit",
  overloaded: "limit",
  engine_busy: "limit",
  provider_failed: "upstream",
  engine_crashed: "upstream",
  model_unavailable: "upstream",
  provider_timed_out: "timeout",
  deadline_exceeded: "timeout",
  request_timed_out: "timeout",
};

export function errorClassOf(code: ErrorCode): ErrorClass {
  return CLASSES[code] ?? (ERRORS[code].status >= 500 ? "server" : "client");
}

/** What the guard made of calls, and which failed of what. */
export interface OutcomeMetrics {
  observe(call: CallRecord, model: string): void;
  families(): Family[];
}

export function createOutcomeMetrics(): OutcomeMetrics {
  const errors = counters("model", "target", "class", "code");
  const verdicts = counters("model", "verdict");
  const findings = counters("detector", "action", "origin");

  return {
    observe(call, model) {
      const { errorCode, target } = call;
      if (errorCode) errors.of(model, target ?? "", errorClassOf(errorCode), errorCode).count += 1;
      verdicts.of(model, verdictOf(call)).count += 1;
      for (const { detector, action, origin } of call.findings) {
        findings.of(detector, action, origin).count += 1;
      }
    },
    families: () => [
      family("weir_call_errors_total", "Calls that failed, by class and code.", errors),
      family("weir_guard_verdicts_total", "Calls, by what the guard made of them.", verdicts),
      family("weir_guard_findings_total", "What the guard saw and did.", findings),
    ],
  };
}

/** The strongest thing that was done. */
function verdictOf({ status, findings }: CallRecord): string {
  const isUnscanned = findings.some(({ action }) => action === "scan_failed");
  if (isUnscanned && status !== "blocked") return "unscanned";
  if (findings.length === 0) return status === "blocked" ? "block" : "allow";
  if (findings.some(({ action }) => action === "hold")) return "hold";
  if (status === "blocked" || findings.some(({ action }) => action === "block")) return "block";
  if (findings.some(({ action }) => action === "redact")) return "redact";
  return "flag";
}

function family(name: string, help: string, counted: Labelled<Counter>): Family {
  const values = Array.from(counted.all(), ({ labels, thing }) => ({ labels, value: thing.count }));
  return { name, help, type: "counter", values };
}
