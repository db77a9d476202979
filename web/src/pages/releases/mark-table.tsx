import type { ReleaseDetail } from "../../api/ship-queries.ts";
import { formatShare } from "../../format.ts";

type Mark = ReleaseDetail["marks"][number];

/** What each mark says, those that speak most against the candidate first. */
export function MarkTable({ detail }: { detail: ReleaseDetail }) {
  const { marks, stages, stage, passAt } = detail;
  const before = stages.slice(0, stage).filter(({ share }) => share > 0).length;
  const sorted = marks.toSorted((a, b) => b.against * b.weight - a.against * a.weight);
  return (
    <div className="table-box" tabIndex={0} role="region" aria-labelledby="release-marks">
      <table className="table release-marks">
        <thead>
          <tr>
            <th scope="col">A unit is marked whose answers</th>
            <th scope="col" className="number">
              Stable
            </th>
            <th scope="col" className="number">
              Candidate
            </th>
            <th scope="col" className="number">
              Against
            </th>
            <th scope="col">This step</th>
          </tr>
        </thead>
        <tbody>
          {sorted.map((mark) => (
            <tr key={mark.name} className={mark.against > 3 ? "worse" : undefined}>
              <th scope="row">
                {mark.meaning} <span className="small quiet mono">{mark.name}</span>
              </th>
              <td className="number">{rate(mark.stable)}</td>
              <td className="number">{rate(mark.candidate)}</td>
              <td className="number">{round(mark.against)}</td>
              <td>{passing(mark, before, passAt)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function rate({ marked, units }: Mark["stable"]): string {
  return units === 0 ? "not yet" : `${formatShare(marked, units)} (${marked}/${units})`;
}

function passing({ passes }: Mark, step: number, passAt: number): string {
  const value = passes[Math.min(step, passes.length - 1)] ?? 0;
  return value >= passAt ? "passed" : `${round(value)} of ${round(passAt)}`;
}

function round(value: number): string {
  return value >= 1000 ? value.toExponential(0) : String(Number(value.toPrecision(2)));
}
