import { useState } from "react";
import {
  useFacets,
  useProjects,
  useRuns,
  type Facets as FacetCounts,
} from "../../api/trace-queries.ts";
import { plural } from "../../format.ts";
import { Empty, Loaded, SkeletonRows } from "../../parts/feedback.tsx";
import { Icon } from "../../parts/icon.tsx";
import { PageHead, Segments } from "../../parts/page.tsx";
import { SavedViews } from "../../parts/saved-views.tsx";
import { useViewInAddress } from "../../parts/view-in-address.ts";
import { FacetPanel } from "./facet-panel.tsx";
import { SendFirst } from "./send-first.tsx";
import {
  activeParts,
  fromSearch,
  NO_FILTER,
  toPageQuery,
  toQuery,
  toSearch,
  type TraceFilter,
} from "./trace-filter.ts";
import { TraceFilterBar } from "./trace-filter-bar.tsx";
import { TraceTable } from "./trace-table.tsx";

const SHOWS = [
  ["traces", "Traces"],
  ["runs", "All runs"],
  ["llm", "Model calls"],
] as const;

/** Every trace, newest first. The filter stands in the address, so that a view can be shared. */
export function TracesPage() {
  const [filter, setFilter] = useViewInAddress("/traces", fromSearch, toSearch);
  const [live, setLive] = useState(false);
  const key = toSearch(filter);
  const runs = useRuns(key, (cursor) => toPageQuery(filter, Date.now(), cursor), live);
  const rows = runs.data?.pages.flatMap((page) => page.runs);
  return (
    <>
      <PageHead
        title="Traces"
        name="Traces"
        lead="What programs and this server's own calls did, newest first"
      >
        <div className="row">
          <SavedViews
            page="traces"
            search={key}
            onOpen={(search) => setFilter(fromSearch(search))}
          />
          <LiveButton live={live} onChange={setLive} />
        </div>
      </PageHead>
      <div className="stack">
        <TraceFilterBar filter={filter} onChange={setFilter}>
          <Segments
            name="show"
            label="What is listed"
            value={filter.show}
            choices={SHOWS}
            onChange={(show) => setFilter({ ...filter, show })}
          />
        </TraceFilterBar>
        <div className="trace-list">
          <Facets filter={filter} live={live} onChange={setFilter} />
          <div className="stack">
            <Loaded
              result={{ data: rows, error: runs.error, refetch: runs.refetch }}
              skeleton={<SkeletonRows count={8} />}
            >
              {(found) =>
                found.length === 0 ? (
                  <NoTraces filter={filter} onChange={setFilter} />
                ) : (
                  <div className={runs.isPlaceholderData ? "stack outdated" : "stack"}>
                    <TraceTable runs={found} />
                    <More shown={found.length} runs={runs} />
                  </div>
                )
              }
            </Loaded>
          </div>
        </div>
      </div>
    </>
  );
}

function LiveButton({ live, onChange }: { live: boolean; onChange: (live: boolean) => void }) {
  return (
    <button
      type="button"
      className={live ? "button primary" : "button"}
      aria-pressed={live}
      onClick={() => onChange(!live)}
    >
      <Icon name={live ? "pause" : "play"} size={15} /> Live refresh
    </button>
  );
}

function Facets(props: {
  filter: TraceFilter;
  live: boolean;
  onChange: (filter: TraceFilter) => void;
}) {
  const { filter, live, onChange } = props;
  const query = () => toQuery(filter, Date.now()).toString();
  const { data } = useFacets(toSearch(filter), query, live);
  const facets = useWithModels(data, filter, live);
  const { data: projects = [] } = useProjects();
  return <FacetPanel facets={facets} projects={projects} filter={filter} onChange={onChange} />;
}

/** Roots of traces are mostly chains, which have no model: those of the model calls are shown for them. */
function useWithModels(
  facets: FacetCounts | undefined,
  filter: TraceFilter,
  live: boolean,
): FacetCounts | undefined {
  const { window, project, show } = filter;
  const calls: TraceFilter = { ...NO_FILTER, show: "llm", window, project };
  const query = () => toQuery(show === "traces" ? calls : filter, Date.now()).toString();
  const { data } = useFacets(toSearch(show === "traces" ? calls : filter), query, live);
  return facets && data && { ...facets, model: data["model"] ?? [] };
}

function More({ shown, runs }: { shown: number; runs: ReturnType<typeof useRuns> }) {
  return (
    <div className="row more">
      <span className="quiet small" role="status">
        {plural(shown, "line")} shown{runs.hasNextPage ? "" : ", these are all"}
      </span>
      {runs.hasNextPage && (
        <button
          type="button"
          className="button"
          disabled={runs.isFetchingNextPage}
          onClick={() => void runs.fetchNextPage()}
        >
          {runs.isFetchingNextPage ? "Loading…" : "Show older ones"}
        </button>
      )}
    </div>
  );
}

function NoTraces(props: { filter: TraceFilter; onChange: (filter: TraceFilter) => void }) {
  const { filter, onChange } = props;
  if (activeParts(filter) === 0) return <SendFirst window={filter.window} />;
  return (
    <Empty title="Nothing matches the filter">
      <p>Widen the window or take a part of the filter away.</p>
      <button
        type="button"
        className="button"
        onClick={() => onChange({ ...NO_FILTER, show: filter.show, window: filter.window })}
      >
        Clear the filter
      </button>
    </Empty>
  );
}
