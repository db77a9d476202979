import type { ReactNode } from "react";
import { Link } from "wouter";
import type { CallDetail } from "../../../../src/http/admin-schemas.ts";
import { ApiError } from "../../api/api-error.ts";
import { at } from "../../api/json.ts";
import { useCall } from "../../api/queries.ts";
import { formatCost, formatCount, formatFullTime, formatMs, formatRate } from "../../format.ts";
import { StatusBadge } from "../../parts/badge.tsx";
import { CopyButton } from "../../parts/copy-button.tsx";
import { Empty, Loaded, SkeletonRows } from "../../parts/feedback.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Facts, PageHead } from "../../parts/page.tsx";
import { RawJson } from "../../parts/raw-json.tsx";
import { AttemptsPanel } from "./attempts-panel.tsx";
import { ownTimeOf } from "./attempts.ts";
import { FindingsPanel } from "./findings-panel.tsx";
import { MessagesPanel } from "./messages-panel.tsx";
import { WaterfallPanel } from "./waterfall-panel.tsx";

/** One call from its admission to its last byte. */
export function CallPage({ id }: { id: string }) {
  const call = useCall(id);
  const lost = call.error instanceof ApiError && call.error.status === 404;
  return (
    <>
      <BackLink />
      <PageHead title={<CallTitle call={call.data} />} name="Call" lead={<TraceId id={id} />}>
        {call.data && (
          <div className="row">
            <Link href={`/traces/${id}`} className="button">
              <Icon name="traces" size={15} /> See it in its trace
            </Link>
            <CopyButton text={id} label="Copy trace id" plain={false} />
          </div>
        )}
      </PageHead>
      {lost ? (
        <Empty title="This call is not in the store">
          <p>
            It is older than the time that traces are kept, or it was dropped under load. If it
            ended this very moment, reload the page.
          </p>
        </Empty>
      ) : (
        <Loaded result={call} skeleton={<SkeletonRows count={4} height={110} />}>
          {(data) => <Detail call={data} />}
        </Loaded>
      )}
    </>
  );
}

/** Leads to the list with the filter that it had; the list leaves that in the history's state. */
function BackLink() {
  const list = at(history.state, "list");
  return (
    <Link href={typeof list === "string" ? `/calls?${list}` : "/calls"} className="back-link">
      <Icon name="left" size={15} /> Calls
    </Link>
  );
}

function CallTitle({ call }: { call: CallDetail | undefined }): ReactNode {
  if (!call) return "Call";
  return (
    <span className="row">
      {call.model} <StatusBadge status={call.status} />
    </span>
  );
}

function TraceId({ id }: { id: string }) {
  return <code className="trace-id">{id}</code>;
}

function Detail({ call }: { call: CallDetail }) {
  return (
    <div className="stack">
      {(call.errorMessage !== null || call.errorCode !== null) && <CallError call={call} />}
      <section className="panel" aria-label="Facts">
        <Facts facts={factsOf(call)} />
      </section>
      {call.findings.length > 0 && <FindingsPanel findings={call.findings} />}
      <AttemptsPanel spans={call.spans} />
      <WaterfallPanel call={call} />
      <MessagesPanel call={call} />
      <RawJson value={call} />
    </div>
  );
}

function CallError({ call }: { call: CallDetail }) {
  const tone = call.status === "blocked" ? "ochre" : "clay";
  return (
    <div className={`notice ${tone}`}>
      <Icon name={call.status === "blocked" ? "shield" : "warning"} />
      <div>
        <strong>{call.errorMessage ?? call.errorCode}</strong>
        <p className="small quiet mono">
          {call.errorCode ?? call.status} · HTTP {call.httpStatus}
        </p>
      </div>
    </div>
  );
}

const CACHE: Record<NonNullable<CallDetail["cache"]>, string> = {
  hit: "answered from it",
  joined: "waited for an identical call",
  similar: "answered from a question nearly the same",
  miss: "nothing there yet",
};

function factsOf(call: CallDetail): (readonly [name: string, value: ReactNode])[] {
  const writing = call.ttftMs === null ? null : (call.durationMs - call.ttftMs) / 1000;
  const speed = writing !== null && writing > 0 ? (call.outputTokens - 1) / writing : null;
  return [
    ["Started", formatFullTime(call.at)],
    ["Total", formatMs(call.durationMs)],
    ["First token", formatMs(call.ttftMs)],
    ["Tokens/s after it", formatRate(speed !== null && speed > 0 ? speed : null)],
    ["Tokens in", `${formatCount(call.inputTokens)} (${formatCount(call.cachedTokens)} cached)`],
    ["Tokens out", formatCount(call.outputTokens)],
    ["Cost", call.costNanos === null ? "no known price" : formatCost(call.costNanos)],
    ["Finish", call.finishReason ?? "–"],
    ["Target", call.target ?? "none was asked"],
    ["Attempts", String(call.attempts)],
    ["Weir's own time", formatMs(ownTimeOf(call.spans))],
    ["Answer cache", call.cache === null ? "not asked" : CACHE[call.cache]],
    ["Endpoint", `${call.route}${call.stream ? ", streamed" : ""}`],
    ["Key", call.key ?? "–"],
    ["Tenant", call.tenantId],
    ["User", call.user ?? "–"],
    ["HTTP status", String(call.httpStatus)],
  ];
}
