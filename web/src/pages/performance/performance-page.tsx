import { lazy, Suspense } from "react";
import { useFigures, type FigureRow } from "../../api/trace-queries.ts";
import { formatCount, formatRate, formatShare, plural } from "../../format.ts";
import { Choice } from "../../parts/choice.tsx";
import { Loaded, Skeleton, SkeletonRows } from "../../parts/feedback.tsx";
import { refetchMs, spanOf, WINDOW_NAMES } from "../../parts/figure-window.ts";
import { Facts, PageHead, Segments } from "../../parts/page.tsx";
import { SavedViews } from "../../parts/saved-views.tsx";
import { SplitControls } from "../../parts/split-controls.tsx";
import { useViewInAddress } from "../../parts/view-in-address.ts";
import { SendFirst } from "../traces/send-first.tsx";
import { EnginePanel } from "./engine-panel.tsx";
import { ErrorClasses } from "./error-classes.tsx";
import { LatencyTable } from "./latency-table.tsx";
import { OverheadPanel } from "./overhead-panel.tsx";
import {
  fromSearch,
  KINDS,
  LINES,
  toSearch,
  totalsQuery,
  withSplit,
  type View,
} from "./performance-view.ts";
import { SplitTable } from "./split-table.tsx";

/** The charts bring a drawing library with them. */
const Charts = lazy(async () => ({ default: (await import("./charts.tsx")).Charts }));

/** How fast, how much and how well: percentiles, rates and errors of a window. */
export function PerformancePage() {
  const [view, setView] = useViewInAddress("/performance", fromSearch, toSearch);
  const { window } = view;
  const key = `totals ${toSearch(view)}`;
  const query = () => totalsQuery(view, Date.now());
  const totals = useFigures(key, query, refetchMs(window));
  return (
    <>
      <PageHead
        title="Performance"
        name="Performance"
        lead="Latency, throughput and errors, as percentiles that are right to one percent"
      >
        <div className="row">
          <SavedViews
            page="performance"
            search={toSearch(view)}
            onOpen={(search) => setView(fromSearch(search))}
          />
          <Segments
            name="window"
            label="Window"
            value={window}
            choices={WINDOW_NAMES}
            onChange={(chosen) => setView({ ...view, window: chosen })}
          />
        </div>
      </PageHead>
      <div className="stack">
        <Controls view={view} onChange={setView} />
        <Loaded result={totals} skeleton={<SkeletonRows count={3} height={160} />}>
          {([total]) =>
            total === undefined || total.runs === 0 ? (
              <SendFirst window="24h" />
            ) : (
              <div className={totals.isPlaceholderData ? "stack outdated" : "stack"}>
                <Figures view={view} total={total} onChange={setView} />
              </div>
            )
          }
        </Loaded>
        <OverheadPanel />
        <EnginePanel />
      </div>
    </>
  );
}

interface ViewProps {
  readonly view: View;
  readonly onChange: (view: View) => void;
}

function Controls({ view, onChange }: ViewProps) {
  return (
    <div className="panel figure-controls">
      <Choice
        label="Of"
        value={view.kind}
        choices={KINDS}
        onChange={(kind) => onChange({ ...view, kind })}
      />
      <SplitControls {...view} onChange={(split) => onChange(withSplit(view, split))} />
      <Choice
        label="Lines of the charts"
        value={view.lines}
        choices={LINES}
        onChange={(lines) => onChange({ ...view, lines })}
      />
    </div>
  );
}

function Figures({ view, total, onChange }: ViewProps & { total: FigureRow }) {
  return (
    <>
      <section className="panel" aria-label="Figures of the window">
        <Facts facts={factsOf(total, view)} />
      </section>
      <LatencyTable total={total} />
      <Suspense fallback={<Skeleton height={520} />}>
        <Charts key={view.lines === "all" ? "" : view.by} view={view} />
      </Suspense>
      <SplitTable view={view} onChange={onChange} />
      <ErrorClasses view={view} />
    </>
  );
}

function factsOf(total: FigureRow, { window }: View): (readonly [string, string])[] {
  const { from } = spanOf(window, Date.now());
  const seconds = (Date.now() - from) / 1000;
  const { runs, errors, blocked, canceled, guarded, streamed } = total;
  return [
    ["Runs", formatCount(runs)],
    ["Per minute", formatRate((runs / seconds) * 60)],
    ["Failed", `${formatCount(errors)} (${formatShare(errors, runs)})`],
    ["Guard hits", `${formatCount(guarded)} (${formatShare(guarded, runs)})`],
    ["Blocked", plural(blocked, "run")],
    ["Left by the client", plural(canceled, "run")],
    ["Streamed", formatShare(streamed, runs)],
    ["Tokens in", formatCount(total.inputTokens)],
    ["Tokens out", formatCount(total.outputTokens)],
    ["Cached input", formatShare(total.cachedTokens, total.inputTokens)],
    ["Output a second", formatRate(total.outputTokens / seconds)],
  ];
}
