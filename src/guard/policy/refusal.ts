import type { FindingRecord, Origin } from "../../core/call.ts";
import { WeirError } from "../../core/errors.ts";
import type { Finding } from "../detector.ts";
import { describe } from "../stream/output-scan.ts";
import type { Policy } from "./policy.ts";

const WHERE: Readonly<Record<Origin, string>> = {
  developer: "The developer prompt",
  user: "The prompt",
  document: "A document",
  tool: "A tool's result",
  history: "An earlier turn",
  assistant: "The answer",
};

interface Refused extends Finding {
  readonly origin: Origin;
  readonly action: "block" | "hold";
}

/** What the client is told; undefined where nothing is refused. A block weighs more than a hold. */
export function refusalFor(
  refusals: readonly Refused[],
  { messages }: Policy,
): WeirError | undefined {
  const worst = refusals.find(({ action }) => action === "block") ?? refusals[0];
  if (!worst) return undefined;
  const { detector, category, origin, action } = worst;
  const own = messages[category];
  if (action === "hold") {
    const words = `${WHERE[origin]} waits for a person's review: it looks like ${describe(detector)}. Send it again when it was let through.`;
    return new WeirError("held_for_review", own ?? words);
  }
  return new WeirError(
    "blocked_by_guard",
    own ??
      `${WHERE[origin]} was refused: it looks like ${describe(detector)}. If this is a false alarm, reword it, or set guard.mode: monitor in weir.yaml to only record such findings.`,
  );
}

/** What stands in the record for a look that did not happen. */
export function scanFailed(detector: string): FindingRecord {
  return { detector, action: "scan_failed", origin: "user", confidence: 0 };
}
