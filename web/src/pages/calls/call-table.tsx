import { Link, useLocation, useSearch } from "wouter";
import type { CallRow } from "../../../../src/http/admin-schemas.ts";
import { formatCost, formatCount, formatFullTime, formatMs, formatTime } from "../../format.ts";
import { Badge, StatusBadge } from "../../parts/badge.tsx";

/** The list. Each row leads to its trace; on a phone a row becomes a card. */
export function CallTable({ calls }: { calls: readonly CallRow[] }) {
  const now = Date.now();
  return (
    <div className="panel call-list">
      <table className="table">
        <thead>
          <tr>
            <th scope="col">Time</th>
            <th scope="col">Status</th>
            <th scope="col">Message</th>
            <th scope="col">Model</th>
            <th scope="col">Key, user</th>
            <th scope="col" className="number">
              Tokens
            </th>
            <th scope="col" className="number">
              First token
            </th>
            <th scope="col" className="number">
              Total
            </th>
            <th scope="col" className="number">
              Cost
            </th>
          </tr>
        </thead>
        <tbody>
          {calls.map((call) => (
            <Row key={call.id} call={call} now={now} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ call, now }: { call: CallRow; now: number }) {
  const [, navigate] = useLocation();
  const href = `/calls/${call.id}`;
  const state = { list: useSearch() };
  const open = () => {
    // A text that is being selected is not a click.
    if (getSelection()?.isCollapsed !== false) navigate(href, { state });
  };
  return (
    <tr onClick={open}>
      <th scope="row" className="call-time figures">
        <Link
          href={href}
          state={state}
          title={formatFullTime(call.at)}
          onClick={(event) => event.stopPropagation()}
        >
          {formatTime(call.at, now)}
        </Link>
      </th>
      <td className="call-status">
        <StatusBadge status={call.status} />
      </td>
      <td className="call-preview">
        <p>{call.preview ?? <span className="quiet">not kept</span>}</p>
        <Signs call={call} />
      </td>
      <td className="call-model">{call.model}</td>
      <td className="call-key quiet small">
        <span>{call.key ?? "no key"}</span>
        {call.user !== null && <span>{call.user}</span>}
      </td>
      <td className="number" data-label="tokens">
        {formatCount(call.inputTokens)} → {formatCount(call.outputTokens)}
      </td>
      <td className="number" data-label="first token">
        {formatMs(call.ttftMs)}
      </td>
      <td className="number" data-label="total">
        {formatMs(call.durationMs)}
      </td>
      <td className="number" data-label="cost">
        {formatCost(call.costNanos)}
      </td>
    </tr>
  );
}

/** What else a reader of the list should notice. */
function Signs({ call }: { call: CallRow }) {
  if (call.findings.length === 0 && call.attempts < 2 && call.errorCode === null) return null;
  return (
    <div className="row call-signs">
      {call.findings.map((finding) => (
        <Badge key={finding.detector + finding.origin} tone="ochre" icon="shield">
          {finding.detector}
        </Badge>
      ))}
      {call.attempts > 1 && (
        <Badge tone="slate" icon="retry">
          {call.attempts} attempts
        </Badge>
      )}
      {call.status === "error" && call.errorCode !== null && (
        <Badge tone="clay">{call.errorCode}</Badge>
      )}
    </div>
  );
}
