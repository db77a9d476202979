import { useId } from "react";
import type { GuardApproval } from "../../../../src/http/guard-schemas.ts";
import { useDecision, useReviews } from "../../api/guard-queries.ts";
import { formatAgo, formatFullTime, formatTime } from "../../format.ts";
import { Badge } from "../../parts/badge.tsx";
import { ErrorNotice, Loaded, SkeletonRows } from "../../parts/feedback.tsx";

const DECIDED_SHOWN = 10;

/** Prompts and calls of tools that wait for a person. */
export function Reviews() {
  const reviews = useReviews();
  return (
    <section className="panel stack" aria-labelledby="guard-reviews">
      <div className="panel-head">
        <h2 id="guard-reviews">Waiting for a person</h2>
      </div>
      <Loaded result={reviews} skeleton={<SkeletonRows count={1} />}>
        {(all) => <ReviewLists all={all} />}
      </Loaded>
    </section>
  );
}

function ReviewLists({ all }: { all: readonly GuardApproval[] }) {
  const waiting = all.filter(({ state }) => state === "pending");
  const decided = all.filter(({ state }) => state !== "pending").slice(0, DECIDED_SHOWN);
  return (
    <>
      {waiting.length === 0 ? (
        <p className="small quiet">
          Nothing waits. What does: calls of the tools that <code>guard.tools.stateChanging</code>{" "}
          names, after text that others wrote, and prompts whose action is <code>hold</code>.
        </p>
      ) : (
        <ul className="stack guard-reviews">
          {waiting.map((review) => (
            <Waiting key={review.id} review={review} />
          ))}
        </ul>
      )}
      {decided.length > 0 && <Decided reviews={decided} />}
    </>
  );
}

function Waiting({ review }: { review: GuardApproval }) {
  const { id, tool, tenant, createdAt, expiresAt } = review;
  const decision = useDecision();
  const name = useId();
  const isPrompt = tool === "prompt";
  const decide = (decided: "approve" | "deny") => decision.mutate({ id, decision: decided });
  return (
    <li className="stack" aria-labelledby={name}>
      <div className="row guard-review-head">
        <div>
          <h3 id={name}>{isPrompt ? "A prompt" : <code>{tool}</code>}</h3>
          <p className="small quiet">
            tenant {tenant} · asked {formatAgo(createdAt, Date.now())} · until{" "}
            <time title={formatFullTime(expiresAt)}>{formatTime(expiresAt, Date.now())}</time>
          </p>
        </div>
        <div className="row">
          <button
            type="button"
            className="button danger"
            disabled={decision.isPending}
            onClick={() => decide("deny")}
          >
            Deny
          </button>
          <button
            type="button"
            className="button primary"
            disabled={decision.isPending}
            onClick={() => decide("approve")}
          >
            Approve
          </button>
        </div>
      </div>
      <pre className="guard-text" tabIndex={0} aria-label={isPrompt ? "The prompt" : "Arguments"}>
        {shown(review.arguments)}
      </pre>
      {decision.error && <ErrorNotice error={decision.error} />}
    </li>
  );
}

function Decided({ reviews }: { reviews: readonly GuardApproval[] }) {
  return (
    <details>
      <summary>Decided lately</summary>
      <ul className="stack guard-decided">
        {reviews.map(({ id, tool, state, decidedBy, createdAt }) => (
          <li key={id} className="row">
            <Badge tone={state === "approved" ? "moss" : "clay"}>{state}</Badge>
            <code>{tool}</code>
            <span className="small quiet">
              {decidedBy !== null && `by ${decidedBy}, `}asked {formatAgo(createdAt, Date.now())}
            </span>
          </li>
        ))}
      </ul>
    </details>
  );
}

function shown(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}
