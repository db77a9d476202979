import { lazy, Suspense } from "react";
import { Link, useSearchParams } from "wouter";
import type { Overview } from "../../../../src/http/admin-schemas.ts";
import { useModels, useOverview, type WindowName } from "../../api/queries.ts";
import { plural } from "../../format.ts";
import { CodeBox, Empty, Loaded, Skeleton } from "../../parts/feedback.tsx";
import { PageHead, Segments } from "../../parts/page.tsx";
import { LiveBand } from "./live-band.tsx";
import { ModelTable } from "./model-table.tsx";
import { Tiles } from "./tiles.tsx";

/** The charts bring a drawing library with them; the rest of the dashboard does without. */
const Charts = lazy(async () => ({ default: (await import("./charts.tsx")).Charts }));

const WINDOWS = [
  ["15m", "15 min"],
  ["1h", "1 h"],
  ["6h", "6 h"],
  ["24h", "24 h"],
  ["7d", "7 d"],
  ["30d", "30 d"],
] as const;

/** The first page: what flows now, and what flowed in the chosen window. */
export function OverviewPage() {
  const [params, setParams] = useSearchParams();
  const window = WINDOWS.find(([name]) => name === params.get("window"))?.[0] ?? "1h";
  const overview = useOverview(window);
  const choose = (name: WindowName) => {
    setParams(name === "1h" ? {} : { window: name }, { replace: true });
  };
  return (
    <>
      <PageHead title="Overview" name="Overview" lead={leadOf(overview.data)}>
        <Segments name="window" label="Window" value={window} choices={WINDOWS} onChange={choose} />
      </PageHead>
      <div className="stack">
        <LiveBand />
        <Loaded result={overview} skeleton={<OverviewSkeleton />}>
          {(data) => (
            <div
              className={data.window === window ? "stack" : "stack outdated"}
              aria-busy={data.window !== window}
            >
              <Figures overview={data} />
            </div>
          )}
        </Loaded>
      </div>
    </>
  );
}

function Figures({ overview }: { overview: Overview }) {
  if (overview.totals.calls === 0) return <NoCalls window={overview.window} />;
  return (
    <>
      <Tiles overview={overview} />
      <Suspense fallback={<ChartsSkeleton />}>
        <Charts overview={overview} />
      </Suspense>
      <ModelTable models={overview.models} />
    </>
  );
}

function leadOf(overview: Overview | undefined): string {
  if (!overview) return "What flows through this server";
  const { calls, canceled } = overview.totals;
  const left = canceled > 0 ? `, ${formatLeft(canceled)}` : "";
  return `${plural(calls, "call")} in this window${left}`;
}

function formatLeft(canceled: number): string {
  return `${canceled} of them left early by the client`;
}

function NoCalls({ window }: { window: WindowName }) {
  const { data } = useModels();
  const first = data?.models.find((model) => model.default) ?? data?.models[0];
  const curl = `curl ${location.origin}/v1/chat/completions \\
  -H "Authorization: Bearer $WEIR_API_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{"model":"${first?.name ?? "chat"}","messages":[{"role":"user","content":"What does a weir do?"}]}'`;
  return (
    <Empty title={window === "30d" ? "No calls yet" : "No calls in this window"}>
      <p>
        Send one from the <Link href="/playground">playground</Link>, or from a terminal with the
        key that the first start printed or one that you make on the <Link href="/keys">Keys</Link>{" "}
        page. It shows here within seconds.
      </p>
      <CodeBox code={curl} label="A first call with curl" />
    </Empty>
  );
}

function OverviewSkeleton() {
  return (
    <div className="stack">
      <Skeleton height={112} />
      <ChartsSkeleton />
    </div>
  );
}

function ChartsSkeleton() {
  return (
    <div className="charts">
      {["a", "b", "c", "d"].map((name) => (
        <Skeleton key={name} height={250} />
      ))}
    </div>
  );
}
