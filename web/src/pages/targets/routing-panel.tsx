import { useState } from "react";
import type { TargetName } from "../../../../src/http/admin-schemas.ts";
import { useTargetAction } from "../../api/target-queries.ts";
import { formatCount, formatFullTime, formatMs, formatRate } from "../../format.ts";
import { Badge, type Tone } from "../../parts/badge.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { ErrorNotice } from "../../parts/feedback.tsx";
import { Icon, type IconName } from "../../parts/icon.tsx";
import { useWhyNot } from "../../parts/role.tsx";
import { runningOf, type Target } from "./target.ts";

const BREAKER: Record<Target["routing"]["breaker"], [tone: Tone, icon: IconName, text: string]> = {
  closed: ["moss", "check", "taking calls"],
  "half-open": ["ochre", "retry", "on probation"],
  open: ["clay", "cross", "spared after failures"],
};

/** Whether calls go there now: the breaker, or an operator's word against it. */
export function RoutingBadge({ routing }: { routing: Target["routing"] }) {
  if (routing.isDrained) {
    return (
      <Badge tone="ochre" icon="pause">
        drained
      </Badge>
    );
  }
  const [tone, icon, text] = BREAKER[routing.breaker];
  return (
    <Badge tone={tone} icon={icon}>
      {text}
    </Badge>
  );
}

/** What goes on at a target now, as this server sees it. */
export function RoutingPanel({ target }: { target: Target }) {
  const { routing } = target;
  const figures: [string, string][] = [
    ["Running now", runningOf(routing)],
    ["First content", routing.firstContentMs === null ? "–" : formatMs(routing.firstContentMs)],
    ["Tokens/s a stream", formatRate(routing.tokensPerSecond)],
    ["Attempts", formatCount(routing.attempts)],
    ["Failed", formatCount(routing.failures)],
    ["Prompt tokens waiting", formatCount(routing.waitingPromptTokens)],
  ];
  return (
    <div className="told routing">
      <dl className="load">
        {figures.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd className="figures">{value}</dd>
          </div>
        ))}
      </dl>
      {routing.lastError !== null && routing.lastErrorAt !== null && (
        <p className="small quiet last-error">
          Last failure {formatFullTime(routing.lastErrorAt)}: {routing.lastError}
        </p>
      )}
    </div>
  );
}

/** Takes a target out of the traffic, or in again. */
export function DrainButton({ name, isDrained }: { name: TargetName; isDrained: boolean }) {
  const act = useTargetAction(name);
  const whyNot = useWhyNot("operator");
  const [isAsking, setIsAsking] = useState(false);
  const drain = () => {
    setIsAsking(false);
    act.mutate({ action: "drain" });
  };
  return (
    <>
      <button
        type="button"
        className="button"
        disabled={whyNot !== undefined || act.isPending}
        title={whyNot}
        onClick={() => (isDrained ? act.mutate({ action: "enable" }) : setIsAsking(true))}
      >
        <Icon name={isDrained ? "check" : "pause"} size={15} /> {isDrained ? "Enable" : "Drain"}
      </button>
      {act.error && <ErrorNotice error={act.error} />}
      {isAsking && (
        <Dialog title={`Drain ${name.target}?`} onClose={() => setIsAsking(false)}>
          <p>
            It gets no new calls of any model until it is enabled again (or, without Redis, until
            the server restarts). Calls that run there finish.
          </p>
          <div className="actions">
            <button type="button" className="button" onClick={() => setIsAsking(false)}>
              Cancel
            </button>
            <button type="button" className="button danger" onClick={drain}>
              Drain
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}
