import { lazy, Suspense } from "react";
import type { CostReport } from "../../../../src/http/cost-schemas.ts";
import { useCosts } from "../../api/cost-queries.ts";
import { formatCost, formatCount, formatShare, plural } from "../../format.ts";
import { Loaded, Skeleton, SkeletonRows } from "../../parts/feedback.tsx";
import { Facts, PageHead, Segments } from "../../parts/page.tsx";
import { SavedViews } from "../../parts/saved-views.tsx";
import { SplitControls } from "../../parts/split-controls.tsx";
import { useViewInAddress } from "../../parts/view-in-address.ts";
import { SendFirst } from "../traces/send-first.tsx";
import { AdvicePanel } from "./advice-panel.tsx";
import { BudgetPanel } from "./budget-panel.tsx";
import { CostTable } from "./cost-table.tsx";
import {
  courseQuery,
  fromSearch,
  PERIODS,
  splitQuery,
  toSearch,
  type CostView,
} from "./cost-view.ts";
import { ForecastPanel } from "./forecast-panel.tsx";
import { MachinesPanel } from "./machines-panel.tsx";
import { TokenKinds } from "./token-kinds.tsx";

/** The charts bring a drawing library with them. */
const CostCharts = lazy(async () => ({ default: (await import("./cost-charts.tsx")).CostCharts }));

/** What was spent on what, what it will be at the month's end, and what would make it less. */
export function CostsPage() {
  const [view, setView] = useViewInAddress("/costs", fromSearch, toSearch);
  const search = toSearch(view);
  const course = useCosts(`course ${search}`, () => courseQuery(view, Date.now()));
  return (
    <>
      <PageHead
        title="Costs"
        name="Costs"
        lead="Money and tokens by every dimension; days and months are UTC's"
      >
        <div className="row">
          <SavedViews page="costs" search={search} onOpen={(saved) => setView(fromSearch(saved))} />
          <Segments
            name="period"
            label="Period"
            value={view.period}
            choices={PERIODS}
            onChange={(period) => setView({ ...view, period })}
          />
        </div>
      </PageHead>
      <div className="stack">
        <Controls view={view} onChange={setView} />
        <Loaded result={course} skeleton={<SkeletonRows count={3} height={150} />}>
          {(report) => (
            <div className={course.isPlaceholderData ? "stack outdated" : "stack"}>
              <Report view={view} report={report} onChange={setView} />
            </div>
          )}
        </Loaded>
      </div>
    </>
  );
}

interface ViewProps {
  readonly view: CostView;
  readonly onChange: (view: CostView) => void;
}

function Controls({ view, onChange }: ViewProps) {
  return (
    <div className="panel figure-controls">
      <SplitControls {...view} onChange={(split) => onChange({ ...view, ...split })} />
      <a
        className="button push"
        href={`/admin/v1/costs?${splitQuery(view, Date.now(), "csv")}`}
        download="costs.csv"
      >
        Download CSV
      </a>
    </div>
  );
}

function Report({ view, report, onChange }: ViewProps & { report: CostReport }) {
  const { total } = report;
  if (total.runs === 0 && view.only === null) {
    return (
      <>
        <ForecastPanel />
        <SendFirst window="24h" />
      </>
    );
  }
  return (
    <>
      <section className="panel" aria-label="Totals">
        <Facts facts={factsOf(report)} />
      </section>
      <div className="charts">
        <ForecastPanel />
        <BudgetPanel />
      </div>
      <Suspense fallback={<Skeleton height={250} />}>
        <CostCharts view={view} report={report} />
      </Suspense>
      <CostTable view={view} onChange={onChange} />
      <TokenKinds report={report} />
      <MachinesPanel report={report} />
      <AdvicePanel view={view} />
    </>
  );
}

function factsOf({ total, idleCostNanos }: CostReport): (readonly [string, string])[] {
  const { perRequest } = total;
  const tokens = total.inputTokens + total.outputTokens;
  return [
    ["Cost", formatCost(total.costNanos + idleCostNanos)],
    ["Billed by vendors", formatCost(total.apiCostNanos)],
    ["Own machines, busy", formatCost(total.infraCostNanos)],
    ["Own machines, idle", formatCost(idleCostNanos)],
    ["For input", formatCost(total.inputCostNanos)],
    ["For output", formatCost(total.outputCostNanos)],
    ["Requests", formatCount(total.requests)],
    ["Cost a request", formatCost(total.requests === 0 ? null : perRequest.costNanos)],
    ["Tokens", formatCount(tokens)],
    ["Tokens a request", formatCount(total.requests === 0 ? null : perRequest.totalTokens)],
    [
      "Without a price",
      total.unpriced === 0
        ? "none"
        : `${plural(total.unpriced, "run")} (${formatShare(total.unpriced, total.requests)})`,
    ],
  ];
}
