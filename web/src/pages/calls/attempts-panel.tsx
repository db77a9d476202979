import type { Span } from "../../../../src/http/admin-schemas.ts";
import { formatMs } from "../../format.ts";
import { Badge, type Tone } from "../../parts/badge.tsx";
import type { IconName } from "../../parts/icon.tsx";
import { type AttemptView, attemptsOf } from "./attempts.ts";

const OUTCOME: Record<AttemptView["outcome"], [tone: Tone, icon: IconName]> = {
  answered: ["moss", "check"],
  failed: ["clay", "cross"],
  "given up": ["slate", "stop"],
};

/** Which targets were tried, why, and what each said. One that answered at once needs no table. */
export function AttemptsPanel({ spans }: { spans: readonly Span[] }) {
  const attempts = attemptsOf(spans);
  if (attempts.length < 2 && attempts.every(({ outcome }) => outcome === "answered")) return null;
  return (
    <section className="panel" aria-labelledby="attempts">
      <div className="panel-head">
        <h2 id="attempts">Attempts</h2>
      </div>
      <div className="table-box" tabIndex={0} role="region" aria-labelledby="attempts">
        <table className="table">
          <thead>
            <tr>
              <th scope="col">Target</th>
              <th scope="col">Why</th>
              <th scope="col" className="number">
                After
              </th>
              <th scope="col" className="number">
                First content
              </th>
              <th scope="col" className="number">
                Took
              </th>
              <th scope="col">Outcome</th>
            </tr>
          </thead>
          <tbody>
            {attempts.map((attempt) => (
              <AttemptRow key={attempt.id} attempt={attempt} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function AttemptRow({ attempt }: { attempt: AttemptView }) {
  const [tone, icon] = OUTCOME[attempt.outcome];
  return (
    <tr>
      <td>{attempt.target}</td>
      <td>{attempt.reason}</td>
      <td className="number figures">{formatMs(attempt.startMs)}</td>
      <td className="number figures">{formatMs(attempt.firstContentMs)}</td>
      <td className="number figures">{formatMs(attempt.durationMs)}</td>
      <td>
        <Badge tone={tone} icon={icon}>
          {attempt.outcome}
        </Badge>
        {attempt.error !== null && <p className="small quiet">{attempt.error}</p>}
      </td>
    </tr>
  );
}
