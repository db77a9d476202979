import type { ReactNode } from "react";
import type { GuardTry } from "../../../../src/http/guard-schemas.ts";
import { Badge, type Tone } from "../../parts/badge.tsx";
import { explain } from "../calls/explain-finding.ts";
import { type Stretch, stretchesOf } from "./stretches.ts";

type Finding = GuardTry["findings"][number];

const VERDICTS: Record<GuardTry["verdict"], [tone: Tone, text: string, meaning: string]> = {
  allow: ["moss", "allowed", "Nothing was found that the policy names."],
  flag: ["slate", "flagged", "The text would be passed on, and the findings noted."],
  redact: ["ochre", "redacted", "The text would be passed on without the marked places."],
  hold: ["ochre", "held", "The call would wait for a person's review."],
  block: ["clay", "refused", "The call would be refused, and no model asked."],
};

/** What the guard saw, where, and what became of it. */
export function TrialResult({ text, result }: { text: string; result: GuardTry }) {
  const [tone, word, meaning] = VERDICTS[result.verdict];
  return (
    <section className="panel stack" aria-label="What the guard sees" aria-live="polite">
      <div className="row">
        <Badge tone={tone} icon="shield">
          {word}
        </Badge>
        <span>{meaning}</span>
      </div>
      {result.failed.length > 0 && (
        <p className="small">Could not look: {result.failed.join(", ")}.</p>
      )}
      {result.findings.length > 0 && (
        <>
          <MarkedText text={text} findings={result.findings} />
          <FindingTable findings={result.findings} />
        </>
      )}
      {result.text !== text && (
        <div>
          <h3>What would be passed on</h3>
          <pre className="guard-text">{result.text}</pre>
        </div>
      )}
      {result.readings.length > 0 && <Readings readings={result.readings} />}
    </section>
  );
}

function MarkedText({ text, findings }: { text: string; findings: readonly Finding[] }) {
  return (
    <pre className="guard-text">
      {stretchesOf(text, findings).map(({ start, part, detectors }: Stretch): ReactNode =>
        detectors.length > 0 ? (
          <mark key={start} title={detectors.join(", ")}>
            {part}
          </mark>
        ) : (
          part
        ),
      )}
    </pre>
  );
}

function FindingTable({ findings }: { findings: readonly Finding[] }) {
  return (
    <div className="table-box" tabIndex={0} role="region" aria-label="Findings">
      <table className="table guard-findings">
        <thead>
          <tr>
            <th scope="col">Found</th>
            <th scope="col">Action</th>
            <th scope="col" className="number">
              Sure
            </th>
            <th scope="col" className="number">
              False alarms
            </th>
            <th scope="col">What it means</th>
          </tr>
        </thead>
        <tbody>
          {findings.map((finding) => (
            <tr key={`${finding.start} ${finding.end} ${finding.detector}`}>
              <th scope="row">
                <code>{finding.detector}</code>
              </th>
              <td>{finding.action}</td>
              <td className="number">{Math.round(finding.confidence * 100)}%</td>
              <td className="number">{rateOf(finding)}</td>
              <td>
                {explain(finding.detector)}
                {finding.evidence && (
                  <>
                    {" "}
                    Decoded from {finding.evidence.steps.join(" in ")}:{" "}
                    <q>{finding.evidence.text}</q>
                  </>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The share of innocent texts that look as much like it. */
function rateOf({ falsePositiveRate }: Finding): string {
  if (falsePositiveRate === undefined) return "–";
  return falsePositiveRate < 0.001 ? "< 0.1%" : `${(falsePositiveRate * 100).toFixed(1)}%`;
}

function Readings({ readings }: { readings: GuardTry["readings"] }) {
  return (
    <div>
      <h3>Hidden in the text</h3>
      <ul className="guard-readings">
        {readings.map(({ text, steps }) => (
          <li key={`${steps.join()} ${text}`}>
            <Badge tone="river">{steps.join(" in ")}</Badge> <q>{text}</q>
          </li>
        ))}
      </ul>
    </div>
  );
}
