import { useForecast } from "../../api/cost-queries.ts";
import { formatCost } from "../../format.ts";
import { Loaded, Skeleton } from "../../parts/feedback.tsx";
import { Facts } from "../../parts/page.tsx";

const MONTH = new Intl.DateTimeFormat("en-GB", { month: "long", year: "numeric", timeZone: "UTC" });

/** What this month will have cost at its end, and how that is known. */
export function ForecastPanel() {
  const forecast = useForecast();
  return (
    <section className="panel" aria-labelledby="forecast">
      <div className="panel-head">
        <h2 id="forecast">
          Forecast{forecast.data && ` for ${MONTH.format(forecast.data.month)}`}
        </h2>
      </div>
      <Loaded result={forecast} skeleton={<Skeleton height={90} />}>
        {({ spentNanos, expectedNanos, lowNanos, highNanos, method }) => (
          <div className="stack">
            <Facts
              facts={[
                ["Spent so far", formatCost(spentNanos)],
                ["At the month's end", formatCost(expectedNanos)],
                ["Likely between", `${formatCost(lowNanos)} and ${formatCost(highNanos)}`],
              ]}
            />
            <div className="class-bar ochre" aria-hidden="true">
              <span style={{ width: `${(spentNanos / Math.max(expectedNanos, 1)) * 100}%` }} />
            </div>
            <p className="small quiet">{method}</p>
          </div>
        )}
      </Loaded>
    </section>
  );
}
