import { useState } from "react";
import { type ReleaseDetail, useReleaseAction } from "../../api/ship-queries.ts";
import { Dialog } from "../../parts/dialog.tsx";
import { ErrorNotice } from "../../parts/feedback.tsx";
import { useWhyNot } from "../../parts/role.tsx";

type Action = "pause" | "resume" | "promote" | "abort" | "restart";

const NAMES: Record<Action, string> = {
  pause: "Pause",
  resume: "Resume",
  promote: "Promote now",
  abort: "Abort",
  restart: "Begin anew",
};

/** What is asked about first. */
const QUESTIONS: Partial<Record<Action, string>> = {
  promote: "The candidate gets all calls at once, ahead of the evidence.",
  abort: "All calls go to stable from the next one on.",
  restart: "The candidate gets traffic again, with nothing known of it.",
};

/** What an operator may decide in this phase. */
export function ReleaseActions({ detail }: { detail: ReleaseDetail }) {
  const act = useReleaseAction(detail.model);
  const whyNot = useWhyNot("operator");
  const [asked, setAsked] = useState<Action | null>(null);
  const run = (action: Action) => {
    setAsked(null);
    act.mutate(action);
  };
  return (
    <div className="release-actions">
      <div className="row">
        {actionsOf(detail).map((action) => (
          <button
            key={action}
            type="button"
            className="button"
            disabled={whyNot !== undefined || act.isPending}
            title={whyNot}
            onClick={() => (QUESTIONS[action] === undefined ? run(action) : setAsked(action))}
          >
            {NAMES[action]}
          </button>
        ))}
      </div>
      {act.error && <ErrorNotice error={act.error} />}
      {asked && (
        <Dialog title={`${NAMES[asked]}?`} onClose={() => setAsked(null)}>
          <p>{QUESTIONS[asked]}</p>
          <div className="row">
            <button type="button" className="button primary" onClick={() => run(asked)}>
              {NAMES[asked]}
            </button>
            <button type="button" className="button" onClick={() => setAsked(null)}>
              Leave it
            </button>
          </div>
        </Dialog>
      )}
    </div>
  );
}

function actionsOf({ phase, isPaused }: ReleaseDetail): Action[] {
  if (phase === "running") return [isPaused ? "resume" : "pause", "promote", "abort"];
  if (phase === "promoted") return ["abort"];
  return ["restart", "promote"];
}
