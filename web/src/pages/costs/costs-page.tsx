import { lazy, Suspense } from "react";
import { useLocation, useSearch } from "wouter";
import type { CostReport } from "../../../../src/http/cost-schemas.ts";
import { useCosts } from "../../api/cost-queries.ts";
import { formatCost, formatCount, formatShare, plural } from "../../format.ts";
import { Choice } from "../../parts/choice.tsx";
import { DIMENSION_NAMES, useValueNames } from "../../parts/dimensions.ts";
import { Loaded, Skeleton, SkeletonRows } from "../../parts/feedback.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Facts, PageHead, Segments } from "../../parts/page.tsx";
import { SavedViews } from "../../parts/saved-views.tsx";
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
  const [view, setView] = useView();
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

function useView(): [CostView, (view: CostView) => void] {
  const [, navigate] = useLocation();
  const view = fromSearch(useSearch());
  const change = (changed: CostView) => {
    const search = toSearch(changed);
    navigate(search === "" ? "/costs" : `/costs?${search}`, { replace: true });
  };
  return [view, change];
}

interface ViewProps {
  readonly view: CostView;
  readonly onChange: (view: CostView) => void;
}

function Controls({ view, onChange }: ViewProps) {
  const nameOf = useValueNames(view.only?.dimension ?? "model");
  return (
    <div className="panel figure-controls">
      <Choice
        label="Split by"
        value={view.by}
        choices={DIMENSION_NAMES}
        onChange={(by) => onChange({ ...view, by })}
      />
      {view.only && (
        <button
          type="button"
          className="button"
          aria-label={`Take away: only ${view.only.dimension} ${nameOf(view.only.value)}`}
          onClick={() => onChange({ ...view, only: null })}
        >
          {view.only.dimension}: {nameOf(view.only.value)} <Icon name="cross" size={14} />
        </button>
      )}
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
