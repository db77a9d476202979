import type { ReactNode } from "react";
import type { RunDetail, RunRow } from "../../../../src/http/trace-schemas.ts";
import { asText } from "../../api/json.ts";
import { useProjects, useRun } from "../../api/trace-queries.ts";
import { formatFullTime, formatMs, formatRate } from "../../format.ts";
import { Badge } from "../../parts/badge.tsx";
import { CopyButton } from "../../parts/copy-button.tsx";
import { Loaded, SkeletonRows } from "../../parts/feedback.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Facts } from "../../parts/page.tsx";
import { RawJson } from "../../parts/raw-json.tsx";
import { RunStatusBadge } from "../../parts/run-badge.tsx";
import { Attachments } from "./attachments.tsx";
import { CallPanels } from "./call-panels.tsx";
import { RunFeedback } from "./run-feedback.tsx";
import { ReplayButton } from "./replay.tsx";
import { RunTexts } from "./run-texts.tsx";
import { TokenTimeline } from "./token-timeline.tsx";
import { UseTable } from "./use-table.tsx";

/** One run: its texts, figures, and what was said of it. */
export function RunPanel({ id }: { id: string }) {
  const run = useRun(id);
  return (
    <Loaded result={run} skeleton={<SkeletonRows count={4} height={110} />}>
      {(detail) => <Detail detail={detail} />}
    </Loaded>
  );
}

function Detail({ detail }: { detail: RunDetail }) {
  const { run, payload } = detail;
  return (
    <div className="stack">
      <section className="panel stack" aria-labelledby="run-name">
        <div className="panel-head run-title">
          <h2 id="run-name">{run.name}</h2>
          <RunStatusBadge status={run.status} />
        </div>
        <div className="row">
          <CopyButton text={run.id} label="Copy run id" />
          <ReplayButton detail={detail} />
        </div>
        {run.status !== "success" && run.errorMessage !== null && <RunError detail={detail} />}
        <RunFacts run={run} />
        {run.tags.length > 0 && <Tags tags={run.tags} />}
      </section>
      <RunTexts
        title="Input"
        value={payload["inputs"]}
        run={run}
        truncated={isCut(payload, "inputs")}
      />
      <RunTexts
        title="Output"
        value={payload["outputs"]}
        run={run}
        truncated={isCut(payload, "outputs")}
      />
      <UseTable run={run} />
      <CallPanels detail={detail} />
      <TokenTimeline run={run} events={payload["events"]} />
      <RunFeedback runId={run.id} feedback={detail.feedback} />
      <Metadata run={run} />
      <Attachments runId={run.id} payload={payload} />
      <RawJson value={detail} />
    </div>
  );
}

function isCut(payload: RunDetail["payload"], field: string): boolean {
  const cut = payload["truncated"];
  return Array.isArray(cut) && cut.includes(field);
}

function RunError({ detail: { run, payload } }: { detail: RunDetail }) {
  const blocked = run.status === "blocked";
  const text = asText(payload["error"]) ?? run.errorMessage;
  return (
    <div className={`notice ${blocked ? "ochre" : "clay"}`}>
      <Icon name={blocked ? "shield" : "warning"} />
      <div>
        <pre className="run-error">{text}</pre>
        {run.errorCode !== null && <p className="small quiet mono">{run.errorCode}</p>}
      </div>
    </div>
  );
}

const SOURCES = {
  call: "a call of this server",
  langsmith: "LangSmith",
  otlp: "OpenTelemetry",
} as const;

function RunFacts({ run }: { run: RunRow }) {
  const { data: projects = [] } = useProjects();
  const project = projects.find(({ id }) => id === run.projectId)?.name ?? run.projectId;
  const facts: [name: string, value: ReactNode][] = [
    ["Kind", run.type],
    ["Started", formatFullTime(run.at)],
    ["Lasted", run.durationMs === null ? "still running" : formatMs(run.durationMs)],
  ];
  const add = (name: string, value: string | null) => {
    if (value !== null) facts.push([name, value]);
  };
  add("First token", run.ttftMs === null ? null : formatMs(run.ttftMs));
  add("Tokens/s after it", speedOf(run));
  add("Model", run.model);
  add("Provider", run.provider);
  add("Target", run.target);
  add("Endpoint", run.route === null ? null : `${run.route}${run.isStream ? ", streamed" : ""}`);
  add("Finish", run.finishReason);
  add("Project", project);
  add("User", run.userId);
  add("Thread", run.threadId);
  add("Prompt", run.promptVersion);
  add("Key", run.keyName);
  add("Tenant", run.tenantId);
  facts.push(["Sent by", SOURCES[run.source]]);
  return <Facts facts={facts} />;
}

function speedOf({ durationMs, ttftMs, outputTokens }: RunRow): string | null {
  if (durationMs === null || ttftMs === null || outputTokens < 2 || durationMs <= ttftMs)
    return null;
  return formatRate((outputTokens - 1) / ((durationMs - ttftMs) / 1000));
}

function Tags({ tags }: { tags: readonly string[] }) {
  return (
    <ul className="row" aria-label="Tags">
      {tags.map((tag) => (
        <li key={tag}>
          <Badge tone="slate">{tag}</Badge>
        </li>
      ))}
    </ul>
  );
}

function Metadata({ run: { metadata } }: { run: RunRow }) {
  const entries = Object.entries(metadata).toSorted(([a], [b]) => a.localeCompare(b));
  if (entries.length === 0) return null;
  return (
    <details className="panel raw">
      <summary>Metadata ({entries.length})</summary>
      <dl className="pairs">
        {entries.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd className="mono">{String(value)}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
