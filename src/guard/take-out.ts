import type { Finding } from "./detector.ts";
import { replacementFor } from "./stream/output-scan.ts";

/** A text with these findings replaced. They may overlap: what one takes out stays out. */
export function takeOut(
  text: string,
  findings: readonly Finding[],
  instead: (finding: Finding) => string = ({ detector }) => replacementFor(detector),
): string {
  let result = "";
  let at = 0;
  for (const finding of findings.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    if (finding.start >= at) result += text.slice(at, finding.start) + instead(finding);
    at = Math.max(at, finding.end);
  }
  return result + text.slice(at);
}
