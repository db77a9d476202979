import type { ReleaseDetail } from "../../api/ship-queries.ts";
import { formatCount, formatFullTime, formatShare } from "../../format.ts";
import { Facts } from "../../parts/page.tsx";
import { EvidenceCurve } from "./evidence-curve.tsx";
import { MarkTable } from "./mark-table.tsx";
import { ReleaseActions } from "./release-actions.tsx";
import { PhaseBadge } from "./releases-page.tsx";

/** One release: what is decided and why, the evidence as it grew, and by which marks. */
export function ReleaseView({ detail }: { detail: ReleaseDetail }) {
  const { model, candidate, stable, why, notes, falseRollback, missWorseThan, passAt } = detail;
  return (
    <>
      <section className="panel stack" aria-labelledby="release-head">
        <div className="panel-head">
          <div>
            <h2 id="release-head" className="release-title">
              {model} <PhaseBadge release={detail} />
            </h2>
            <p className="small quiet">
              {candidate} against {stable}
            </p>
          </div>
          <ReleaseActions detail={detail} />
        </div>
        <Stages detail={detail} />
        <p className="release-why">{why}</p>
        {notes.length > 0 && (
          <ul className="release-notes small quiet">
            {notes.map((note) => (
              <li key={note}>{note}</li>
            ))}
          </ul>
        )}
      </section>
      <section className="panel stack" aria-labelledby="release-evidence">
        <div>
          <h2 id="release-evidence">Evidence against the candidate</h2>
          <p className="small quiet">
            A candidate that is no worse is rolled back with a probability of at most{" "}
            {formatShare(falseRollback, 1)}, over the whole release. One that is {missWorseThan}{" "}
            times worse in any mark is promoted with at most {formatShare(1 / passAt, 1)}.
          </p>
        </div>
        <EvidenceCurve detail={detail} />
        <Exposure detail={detail} />
      </section>
      <section className="panel stack" aria-labelledby="release-marks">
        <h2 id="release-marks">By mark</h2>
        <MarkTable detail={detail} />
      </section>
      <Turns detail={detail} />
    </>
  );
}

function Stages({ detail: { stages, stage, phase } }: { detail: ReleaseDetail }) {
  const steps = [...stages.map(({ name }) => name), "100%"];
  const here = phase === "promoted" ? stages.length : stage;
  return (
    <ol className="release-stages" aria-label="Stages">
      {steps.map((name, at) => (
        <li
          key={name}
          className={at < here ? "done" : at === here ? `here ${phase}` : ""}
          aria-current={at === here ? "step" : undefined}
        >
          {name}
        </li>
      ))}
    </ol>
  );
}

function Exposure({ detail }: { detail: ReleaseDetail }) {
  const { exposed, maxExposed, pairs, controls, share } = detail;
  return (
    <Facts
      facts={[
        ["Seen by", `${formatCount(exposed)} of at most ${formatCount(maxExposed)} units`],
        ["Copies that nobody saw", formatCount(pairs)],
        ["Compared with", `${formatCount(controls)} of stable's units`],
        ["Share now", formatShare(share, 1)],
      ]}
    />
  );
}

function Turns({ detail: { turns, stages, begunAt } }: { detail: ReleaseDetail }) {
  return (
    <section className="panel stack" aria-labelledby="release-turns">
      <h2 id="release-turns">What happened</h2>
      <ol className="release-turns">
        {turns.toReversed().map(({ at, phase, stage, why }) => (
          <li key={`${at} ${stage} ${phase}`}>
            <span className="small quiet">{formatFullTime(at)}</span>
            <strong>{phase === "running" ? `To ${stages[stage]?.name}` : phase}</strong>
            <span>{why}</span>
          </li>
        ))}
        <li>
          <span className="small quiet">{formatFullTime(begunAt)}</span>
          <strong>Begun</strong>
        </li>
      </ol>
    </section>
  );
}
