import { useState } from "react";
import { Link } from "wouter";
import type { CallList } from "../../../../src/http/admin-schemas.ts";
import { useCalls } from "../../api/queries.ts";
import { plural } from "../../format.ts";
import { Empty, Loaded, SkeletonRows } from "../../parts/feedback.tsx";
import { Icon } from "../../parts/icon.tsx";
import { PageHead } from "../../parts/page.tsx";
import { useViewInAddress } from "../../parts/view-in-address.ts";
import { activeParts, fromSearch, NO_FILTER, toSearch, type CallFilter } from "./call-filter.ts";
import { CallFilterBar } from "./call-filter-bar.tsx";
import { CallTable } from "./call-table.tsx";

/** Every call, newest first. The filter stands in the address, so that a view can be shared. */
export function CallsPage() {
  const [filter, setFilter] = useViewInAddress("/calls", fromSearch, toSearch);
  const [live, setLive] = useState(false);
  const calls = useCalls(filter, live);
  const rows = calls.data?.pages.flatMap((page: CallList) => page.calls);
  const result = { data: rows, error: calls.error, refetch: calls.refetch };
  return (
    <>
      <PageHead title="Calls" name="Calls" lead="Each request and its answer, newest first">
        <button
          type="button"
          className={live ? "button primary" : "button"}
          aria-pressed={live}
          onClick={() => setLive(!live)}
        >
          <Icon name={live ? "pause" : "play"} size={15} /> Live refresh
        </button>
      </PageHead>
      <div className="stack">
        <CallFilterBar filter={filter} onChange={setFilter} />
        <Loaded result={result} skeleton={<SkeletonRows count={8} />}>
          {(found) =>
            found.length === 0 ? (
              <NoCalls filter={filter} onClear={() => setFilter(NO_FILTER)} />
            ) : (
              <>
                <CallTable calls={found} />
                <More shown={found.length} calls={calls} />
              </>
            )
          }
        </Loaded>
      </div>
    </>
  );
}

function More({ shown, calls }: { shown: number; calls: ReturnType<typeof useCalls> }) {
  return (
    <div className="row more">
      <span className="quiet small" role="status">
        {plural(shown, "call")} shown{calls.hasNextPage ? "" : ", these are all"}
      </span>
      {calls.hasNextPage && (
        <button
          type="button"
          className="button"
          disabled={calls.isFetchingNextPage}
          onClick={() => void calls.fetchNextPage()}
        >
          {calls.isFetchingNextPage ? "Loading…" : "Show older calls"}
        </button>
      )}
    </div>
  );
}

function NoCalls({ filter, onClear }: { filter: CallFilter; onClear: () => void }) {
  if (activeParts(filter) > 0) {
    return (
      <Empty title="No call matches the filter">
        <p>Widen the window or take a part of the filter away.</p>
        <button type="button" className="button" onClick={onClear}>
          Clear the filter
        </button>
      </Empty>
    );
  }
  return (
    <Empty title="No calls in this window">
      <p>
        Choose a longer window, or send a call from the <Link href="/playground">playground</Link>.
      </p>
    </Empty>
  );
}
