import { useEffect, useState } from "react";
import { Link, Redirect, useSearchParams } from "wouter";
import { at } from "../../api/json.ts";
import { useRun } from "../../api/trace-queries.ts";
import { formatCost, formatCount, formatFullTime, formatMs, plural } from "../../format.ts";
import { CopyButton } from "../../parts/copy-button.tsx";
import { Empty, Loaded, SkeletonRows } from "../../parts/feedback.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Facts, PageHead } from "../../parts/page.tsx";
import { useWhyNot } from "../../parts/role.tsx";
import { RunStatusBadge } from "../../parts/run-badge.tsx";
import { useTrace, type LoadedTrace } from "./load-trace.ts";
import { RunPanel } from "./run-panel.tsx";
import { extentOf, withAncestors, type TreeRun } from "./run-tree.ts";
import { isStage, runOfStage, useStages } from "./stages.ts";
import { TreeView } from "./tree-view.tsx";

/** A trace: its runs as a tree on one time axis, and the chosen one's texts and figures beside it. */
export function TracePage({ id }: { id: string }) {
  const trace = useTrace(id);
  const isEmpty = trace.trace?.runs.length === 0;
  const root = trace.trace && rootOf(trace.trace.runs);
  return (
    <>
      <BackLink />
      <PageHead
        title={
          root ? (
            <span className="row">
              {root.name} <RunStatusBadge status={root.status} />
            </span>
          ) : (
            "Trace"
          )
        }
        name="Trace"
        lead={<code className="trace-id">{id}</code>}
      >
        {root && <HeadButtons id={id} />}
      </PageHead>
      {isEmpty ? (
        <ByRunId id={id} />
      ) : (
        <Loaded
          result={{ data: trace.trace, error: trace.error, refetch: trace.refetch }}
          skeleton={<SkeletonRows count={8} />}
        >
          {(loaded) => <Detail trace={loaded} />}
        </Loaded>
      )}
    </>
  );
}

/** Leads to the list with the filter that it had; the list leaves that in the history's state. */
function BackLink() {
  const list = at(history.state, "list");
  return (
    <Link href={typeof list === "string" ? `/traces?${list}` : "/traces"} className="back-link">
      <Icon name="left" size={15} /> Traces
    </Link>
  );
}

function HeadButtons({ id }: { id: string }) {
  const whyNot = useWhyNot("admin");
  const filter = encodeURIComponent(`eq(trace_id, "${uuidOf(id)}")`);
  return (
    <div className="row">
      <CopyButton text={id} label="Copy trace id" plain={false} />
      {whyNot === undefined ? (
        <a className="button" href={`/admin/v1/runs/export?filter=${filter}`} download>
          <Icon name="code" size={15} /> Export JSON
        </a>
      ) : (
        <button type="button" className="button" disabled title={whyNot}>
          <Icon name="code" size={15} /> Export JSON
        </button>
      )}
    </div>
  );
}

function uuidOf(id: string): string {
  const hex = id.replaceAll("-", "").toLowerCase();
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join("-");
}

/** Links may name a run: it leads to its trace. */
function ByRunId({ id }: { id: string }) {
  const run = useRun(id);
  if (run.data)
    return <Redirect to={`/traces/${run.data.run.traceId}?run=${run.data.run.id}`} replace />;
  if (!run.error) return <SkeletonRows count={8} />;
  return (
    <Empty title="This trace is not in the store">
      <p>
        It is older than the time that traces are kept (<code>traces.keep</code> in weir.yaml), or
        it was never sent here. If it ended this very moment, reload the page.
      </p>
      <Link href="/traces">See the traces that are here</Link>
    </Empty>
  );
}

function rootOf(runs: readonly TreeRun[]): TreeRun | undefined {
  return runs.find(({ parentId }) => parentId === null) ?? runs[0];
}

function Detail({ trace: { runs, isComplete } }: { trace: LoadedTrace }) {
  const [params, setParams] = useSearchParams();
  const [only, setOnly] = useState<Only>({ text: "", errors: false });
  const asked = params.get("run");
  const selected = asked ?? rootOf(runs)?.id ?? null;
  const stages = useStages(selected);
  const shown = filtered(stages.length === 0 ? runs : [...runs, ...stages], only);
  const select = (id: string) => setParams({ run: runOfStage(id) }, { replace: true });
  return (
    <div className="stack">
      <section className="panel" aria-label="Facts">
        <Facts facts={factsOf(runs)} />
      </section>
      <div className="trace-view">
        <section className="panel" aria-label="Tree and waterfall">
          <Finder
            runs={runs}
            shown={shown.length - shown.filter(isStage).length}
            isComplete={isComplete}
            only={only}
            onChange={setOnly}
          />
          {shown.length === 0 ? (
            <p className="quiet">No run fits.</p>
          ) : (
            <TreeView runs={shown} selected={selected} onSelect={select} />
          )}
        </section>
        {selected !== null && <SelectedRun id={selected} isAsked={asked !== null} />}
      </div>
    </div>
  );
}

/** Where the panels stand below each other, a chosen run's comes into view. */
function SelectedRun({ id, isAsked }: { id: string; isAsked: boolean }) {
  useEffect(() => {
    if (!isAsked || !matchMedia("(max-width: 760px)").matches) return;
    document.querySelector("#run")?.scrollIntoView({ block: "start" });
  }, [id, isAsked]);
  return (
    <section id="run" className="run-side" aria-label="Run">
      <RunPanel key={id} id={id} />
    </section>
  );
}

interface Only {
  readonly text: string;
  readonly errors: boolean;
}

function filtered(runs: readonly TreeRun[], { text, errors }: Only): readonly TreeRun[] {
  const words = text.trim().toLowerCase();
  if (words === "" && !errors) return runs;
  return withAncestors(
    runs,
    ({ name, model, type, status }) =>
      (!errors || status === "error" || status === "blocked") &&
      `${name} ${model ?? ""} ${type}`.toLowerCase().includes(words),
  );
}

function Finder(props: {
  runs: readonly TreeRun[];
  shown: number;
  isComplete: boolean;
  only: Only;
  onChange: (only: Only) => void;
}) {
  const { runs, shown, isComplete, only, onChange } = props;
  const failed = runs.filter(({ status }) => status === "error" || status === "blocked").length;
  return (
    <div className="row run-finder">
      <input
        className="input"
        type="search"
        aria-label="Find runs by name, model or kind"
        placeholder="Find runs"
        value={only.text}
        onChange={(event) => onChange({ ...only, text: event.target.value })}
      />
      {failed > 0 && (
        <label className="check">
          <input
            type="checkbox"
            checked={only.errors}
            onChange={(event) => onChange({ ...only, errors: event.target.checked })}
          />
          {plural(failed, "failure")} only
        </label>
      )}
      <span className="quiet small" role="status">
        {shown === runs.length
          ? plural(shown, "run")
          : `${formatCount(shown)} of ${plural(runs.length, "run")}`}
        {!isComplete && ", more are coming"}
      </span>
    </div>
  );
}

/** Sums of the whole trace; a run that a call of Weir's counts for is left out of them. */
function factsOf(runs: readonly TreeRun[]): (readonly [name: string, value: string])[] {
  const counted = runs.filter(({ isCovered }) => !isCovered);
  const sum = (read: (run: TreeRun) => number) => counted.reduce((all, run) => all + read(run), 0);
  const isPriced = counted.some(({ costNanos }) => costNanos !== null);
  const root = rootOf(runs);
  const { from, to } = extentOf(runs, Date.now());
  const failed = runs.filter(({ status }) => status === "error").length;
  return [
    ["Started", root ? formatFullTime(from) : "–"],
    ["Total", formatMs(root?.durationMs ?? to - from)],
    ["First token", formatMs(root?.ttftMs)],
    ["Runs", formatCount(runs.length)],
    ["Errors", formatCount(failed)],
    ["Tokens in", formatCount(sum(({ inputTokens }) => inputTokens))],
    ["Tokens out", formatCount(sum(({ outputTokens }) => outputTokens))],
    ["Cost", isPriced ? formatCost(sum(({ costNanos }) => costNanos ?? 0)) : "no known price"],
  ];
}
