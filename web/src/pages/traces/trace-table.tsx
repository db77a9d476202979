import { Link, useLocation, useSearch } from "wouter";
import type { RunRow } from "../../../../src/http/trace-schemas.ts";
import {
  formatCost,
  formatCount,
  formatFullTime,
  formatMs,
  formatRate,
  formatTime,
  plural,
} from "../../format.ts";
import { Badge } from "../../parts/badge.tsx";
import { RunStatusBadge } from "../../parts/run-badge.tsx";

const NUMBERS = ["Tokens", "Cost", "First token", "Total"];

/** The list. Each row leads to its trace; where it is narrow a row becomes a card. */
export function TraceTable({ runs }: { runs: readonly RunRow[] }) {
  const now = Date.now();
  return (
    <div className="panel call-list trace-rows">
      <table className="table">
        <thead>
          <tr>
            <th scope="col">Time</th>
            <th scope="col">Name</th>
            <th scope="col">Input and output</th>
            <th scope="col">Status</th>
            {NUMBERS.map((name) => (
              <th key={name} scope="col" className="number">
                {name}
              </th>
            ))}
            <th scope="col">Feedback</th>
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <Row key={run.id} run={run} now={now} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ run, now }: { run: RunRow; now: number }) {
  const [, navigate] = useLocation();
  const href = hrefOf(run);
  const state = { list: useSearch() };
  const open = () => {
    // A text that is being selected is not a click.
    if (getSelection()?.isCollapsed !== false) navigate(href, { state });
  };
  return (
    <tr onClick={open}>
      <td className="call-time figures" title={formatFullTime(run.at)}>
        {formatTime(run.at, now)}
      </td>
      <th scope="row" className="trace-name">
        <Link href={href} state={state} onClick={(event) => event.stopPropagation()}>
          {run.name}
        </Link>
        <span className="small quiet">{modelOf(run)}</span>
      </th>
      <td className="call-preview">
        <p>{run.inputPreview ?? <span className="quiet">not kept</span>}</p>
        {run.outputPreview !== null && <p className="quiet">{run.outputPreview}</p>}
        <Signs run={run} />
      </td>
      <td className="call-status">
        <RunStatusBadge status={run.status} />
      </td>
      <Numbers run={run} />
      <td className="trace-feedback">
        <FeedbackCell run={run} />
      </td>
    </tr>
  );
}

/** A root shows what its whole trace used; any other run shows its own. */
function Numbers({ run }: { run: RunRow }) {
  const { inputTokens, outputTokens, costNanos } = run.sum ?? run;
  return (
    <>
      <td className="number" data-label="tokens">
        {inputTokens + outputTokens === 0
          ? "–"
          : `${formatCount(inputTokens)} → ${formatCount(outputTokens)}`}
      </td>
      <td className="number" data-label="cost">
        {formatCost(costNanos)}
      </td>
      <td className="number" data-label="first token">
        {formatMs(run.ttftMs)}
      </td>
      <td className="number" data-label="total">
        {formatMs(run.durationMs)}
      </td>
    </>
  );
}

export function hrefOf({ id, traceId, parentId }: RunRow): string {
  return parentId === null ? `/traces/${traceId}` : `/traces/${traceId}?run=${id}`;
}

function modelOf({ model, type, sum }: RunRow): string {
  const size = sum === null || sum.runs < 2 ? "" : plural(sum.runs, "run");
  return [model ?? type, size].filter(Boolean).join(", ");
}

const MOST_TAGS = 3;

function Signs({ run }: { run: RunRow }) {
  const inside = run.sum?.errors ?? 0;
  const failedInside = run.status === "success" && inside > 0;
  if (run.findings === 0 && run.tags.length === 0 && run.errorMessage === null && !failedInside)
    return null;
  return (
    <div className="row call-signs">
      {run.errorMessage !== null && <span className="trace-error small">{run.errorMessage}</span>}
      {failedInside && <Badge tone="clay">{plural(inside, "error")} inside</Badge>}
      {run.findings > 0 && (
        <Badge tone="ochre" icon="shield">
          {plural(run.findings, "finding")}
        </Badge>
      )}
      {run.tags.slice(0, MOST_TAGS).map((tag) => (
        <Badge key={tag} tone="slate">
          {tag}
        </Badge>
      ))}
      {run.tags.length > MOST_TAGS && (
        <span className="small quiet">and {run.tags.length - MOST_TAGS} more</span>
      )}
    </div>
  );
}

function FeedbackCell({ run: { feedback = [] } }: { run: RunRow }) {
  return (
    <div className="row call-signs">
      {feedback.map(({ key, count, score }) => (
        <Badge key={key} tone={score === null ? "slate" : score > 0.5 ? "moss" : "ochre"}>
          {key}
          {score === null ? "" : ` ${formatRate(score)}`}
          {count > 1 && ` ×${count}`}
        </Badge>
      ))}
    </div>
  );
}
