import type { CallRow } from "../../../../src/http/admin-schemas.ts";
import { Badge, type Tone } from "../../parts/badge.tsx";
import { explain } from "./explain-finding.ts";

type Finding = CallRow["findings"][number];

const ACTION: Record<Finding["action"], [tone: Tone, text: string, meaning: string]> = {
  block: ["ochre", "blocked", "The text was not passed on."],
  redact: ["ochre", "redacted", "The place was covered before the text was passed on."],
  flag: ["slate", "flagged", "The text was passed on; the finding is a note."],
  hold: ["ochre", "held", "The text waits for a person's review."],
  scan_failed: ["ochre", "not scanned", "This check failed: nobody knows what it would have seen."],
};

const WHOSE: Record<Finding["origin"], string> = {
  developer: "the developer’s prompt",
  user: "the user’s text",
  document: "a document",
  tool: "a tool’s result",
  history: "an earlier turn",
  assistant: "the answer",
};

/** What the guard saw in this call, in words. */
export function FindingsPanel({ findings }: { findings: readonly Finding[] }) {
  return (
    <section className="panel" aria-labelledby="findings">
      <div className="panel-head">
        <h2 id="findings">What the guard saw</h2>
      </div>
      <ul className="findings">
        {findings.map((finding, index) => (
          <FindingView key={`${index} ${finding.detector}`} finding={finding} />
        ))}
      </ul>
    </section>
  );
}

function FindingView({ finding }: { finding: Finding }) {
  const [tone, text, meaning] = ACTION[finding.action];
  return (
    <li>
      <div className="row">
        <Badge tone={tone} icon="shield">
          {text}
        </Badge>
        <code>{finding.detector}</code>
        <span className="quiet small">
          in {WHOSE[finding.origin]}, {Math.round(finding.confidence * 100)}% sure
          {finding.falsePositiveRate !== undefined &&
            `; ${(finding.falsePositiveRate * 100).toFixed(1)}% of innocent texts look like it`}
        </span>
      </div>
      <p className="small">
        {explain(finding.detector)} {meaning}
      </p>
      {finding.evidence && (
        <p className="small">
          Decoded from {finding.evidence.steps.join(" in ")}: <q>{finding.evidence.text}</q>
        </p>
      )}
    </li>
  );
}
