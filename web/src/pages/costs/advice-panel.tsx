import { useAdvice } from "../../api/cost-queries.ts";
import { formatCost, plural } from "../../format.ts";
import { Badge } from "../../parts/badge.tsx";
import { Loaded, SkeletonRows } from "../../parts/feedback.tsx";
import { adviceQuery, type CostView } from "./cost-view.ts";

const KIND = {
  cache: "cache",
  shorter_answers: "shorter answers",
  cheaper_model: "cheaper model",
} as const;

/** What would make the dearest things cheaper, each with its arithmetic. */
export function AdvicePanel({ view }: { view: CostView }) {
  const advice = useAdvice(view.period, () => adviceQuery(view, Date.now()));
  return (
    <section className="panel" aria-labelledby="advice">
      <div className="panel-head">
        <h2 id="advice">What would make it cheaper</h2>
        {advice.data && (
          <span className="small quiet">
            from the newest {plural(advice.data.runs, "run")} of the period; savings overlap
          </span>
        )}
      </div>
      <Loaded result={advice} skeleton={<SkeletonRows count={2} />}>
        {({ advice: all }) =>
          all.length === 0 ? (
            <p className="quiet">
              Nothing stands out: no repeated inputs and no cheaper model to name.
            </p>
          ) : (
            <ul className="advice">
              {all.map((one) => (
                <li key={`${one.kind} ${one.dimension} ${one.value} ${one.model}`}>
                  <div className="row">
                    <Badge tone="moss">saves {formatCost(one.savingNanos)}</Badge>
                    <b>{KIND[one.kind]}</b>
                    <span className="quiet small">
                      {one.value || "none"}, {formatCost(one.costNanos)} in the period
                    </span>
                  </div>
                  <p>{one.advice}</p>
                  <p className="small quiet">{one.arithmetic}</p>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </section>
  );
}
