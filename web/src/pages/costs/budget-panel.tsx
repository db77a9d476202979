import { Link } from "wouter";
import { useLimits } from "../../api/access-queries.ts";
import { formatCost } from "../../format.ts";
import { LIMIT_TEXTS, type LimitName } from "../keys/limit-names.ts";

const MOST = 8;

/** The limits of cost that count something, the fullest first. */
export function BudgetPanel() {
  const { data } = useLimits();
  const budgets = (data?.limits ?? [])
    .filter(({ unit, most }) => unit === "cost" && most !== null)
    .map((row) => ({ ...row, share: (row.used + row.reserved) / Math.max(1, row.most ?? 0) }))
    .toSorted((a, b) => b.share - a.share);
  return (
    <section className="panel" aria-labelledby="budgets">
      <div className="panel-head">
        <h2 id="budgets">Budgets</h2>
      </div>
      {budgets.length === 0 ? (
        <p className="quiet">
          No limit of cost counts anything now. Give a key or a tenant one on the{" "}
          <Link href="/keys">Keys</Link> page, or everybody under <code>limits:</code> in weir.yaml.
        </p>
      ) : (
        <ul className="use-bars">
          {budgets.slice(0, MOST).map(({ subject, limit, used, reserved, most, share }) => {
            const text = `${subject.kind} ${subject.name}, ${LIMIT_TEXTS[limit as LimitName] ?? limit}`;
            return (
              <li key={`${subject.kind} ${subject.id} ${limit}`}>
                <div className="use-text">
                  <span>{text}</span>
                  <span className="figures">
                    {formatCost(used + reserved)} of {formatCost(most)}
                  </span>
                </div>
                <div
                  className={`use-bar ${share >= 1 ? "clay" : share >= 0.8 ? "ochre" : "river"}`}
                  role="meter"
                  aria-label={`${text}, used`}
                  aria-valuemin={0}
                  aria-valuemax={100}
                  aria-valuenow={Math.round(Math.min(1, share) * 100)}
                >
                  <div style={{ width: `${Math.min(1, share) * 100}%` }} />
                </div>
              </li>
            );
          })}
        </ul>
      )}
    </section>
  );
}
