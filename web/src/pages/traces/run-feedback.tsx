import { useState, type SubmitEvent } from "react";
import type { FeedbackRow } from "../../../../src/http/trace-schemas.ts";
import { useGiveFeedback } from "../../api/trace-queries.ts";
import { formatAgo, formatRate } from "../../format.ts";
import { Badge } from "../../parts/badge.tsx";
import { ErrorNotice } from "../../parts/feedback.tsx";
import { Icon } from "../../parts/icon.tsx";
import { useWhyNot } from "../../parts/role.tsx";

const KEY = "user_score";

/** What was said of a run, and a way to say it: right or wrong, with a word why. */
export function RunFeedback({
  runId,
  feedback,
}: {
  runId: string;
  feedback: readonly FeedbackRow[];
}) {
  const now = Date.now();
  return (
    <section className="panel stack" aria-label="Feedback">
      <h2>Feedback</h2>
      {feedback.length > 0 && (
        <ul className="stack feedback-list">
          {feedback.map((one) => (
            <li key={one.id}>
              <div className="row">
                <Badge tone={one.score === null ? "slate" : one.score > 0.5 ? "moss" : "ochre"}>
                  {one.key}
                  {one.score !== null && ` ${formatRate(one.score)}`}
                  {one.score === null && one.value != null && ` ${plain(one.value)}`}
                </Badge>
                <span className="small quiet">{formatAgo(one.createdAt, now)}</span>
              </div>
              {one.comment !== null && <p>{one.comment}</p>}
            </li>
          ))}
        </ul>
      )}
      <Give runId={runId} />
    </section>
  );
}

function plain(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function Give({ runId }: { runId: string }) {
  const [comment, setComment] = useState("");
  const give = useGiveFeedback(runId);
  const whyNot = useWhyNot("operator");
  const send = (score: number) => {
    const said = comment.trim() === "" ? null : comment.trim();
    give.mutate({ key: KEY, score, comment: said }, { onSuccess: () => setComment("") });
  };
  const stay = (event: SubmitEvent) => event.preventDefault();
  const common = { disabled: whyNot !== undefined || give.isPending, title: whyNot };
  return (
    <form className="stack" onSubmit={stay}>
      {give.error && <ErrorNotice error={give.error} />}
      <div className="field">
        <label htmlFor="feedback-comment">Comment (optional)</label>
        <textarea
          id="feedback-comment"
          className="input"
          rows={2}
          maxLength={10_000}
          value={comment}
          onChange={(event) => setComment(event.target.value)}
        />
      </div>
      <div className="row">
        <button type="button" className="button" {...common} onClick={() => send(1)}>
          <Icon name="up" size={16} /> Good
        </button>
        <button type="button" className="button" {...common} onClick={() => send(0)}>
          <Icon name="down" size={16} /> Bad
        </button>
        <span className="small quiet" role="status">
          {give.isSuccess && "Kept."}
        </span>
      </div>
    </form>
  );
}
