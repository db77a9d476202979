import type { ReactNode } from "react";
import { Link } from "wouter";
import { adviceFor, type ApiError } from "../../api/api-error.ts";
import { useCallRow } from "../../api/queries.ts";
import { formatCost, formatCount, formatMs, formatRate } from "../../format.ts";
import { Badge } from "../../parts/badge.tsx";
import { CopyButton } from "../../parts/copy-button.tsx";
import { CodeBox } from "../../parts/feedback.tsx";
import { Icon } from "../../parts/icon.tsx";
import { checkJson, tokensPerSecond, type Answer, type JsonCheck } from "./answer.ts";
import { AnswerText } from "./answer-text.tsx";
import { CodeButton } from "./code-dialog.tsx";
import type { Reply, Step } from "./conversation.ts";
import { ToolCalls } from "./tool-calls.tsx";
import type { ToolResult } from "./tools.ts";

interface ReplyViewProps {
  readonly reply: Reply;
  /** Absent where the conversation has gone on. */
  readonly onResults: ((results: readonly ToolResult[]) => void) | null;
  /** Absent where one button for all is enough. */
  readonly onStop: (() => void) | null;
  /** More actions at its end. */
  readonly children: ReactNode;
}

/** What one model made of a prompt, with the measures of each step. */
export function ReplyView({ reply, onResults, onStop, children }: ReplyViewProps) {
  const last = reply.steps.at(-1);
  return (
    <section className="message assistant" aria-label={`Answer of ${reply.model}`}>
      <div className="reply-head">
        <h3>{reply.model}</h3>
        {onStop !== null && last?.answer.state === "streaming" && (
          <button
            type="button"
            className="button plain"
            aria-label={`Stop ${reply.model}`}
            onClick={onStop}
          >
            <Icon name="stop" size={14} /> Stop
          </button>
        )}
      </div>
      {reply.steps.map((step, index) => (
        <StepView key={index} step={step} onResults={step === last ? onResults : null}>
          {step === last && children}
        </StepView>
      ))}
    </section>
  );
}

function StepView(props: {
  step: Step;
  onResults: ReplyViewProps["onResults"];
  children: ReactNode;
}) {
  const { question, answer } = props.step;
  const streaming = answer.state === "streaming";
  const json = streaming ? null : checkJson(question, answer);
  return (
    <div className="step">
      <Reasoning answer={answer} />
      {json?.pretty != null ? (
        <CodeBox code={json.pretty} label="The answer as JSON" />
      ) : (
        <AnswerText
          text={answer.text}
          growing={
            streaming &&
            answer.calls.length === 0 &&
            (answer.text !== "" || answer.reasoning === "")
          }
        />
      )}
      {json && <JsonVerdict check={json} isSchema={typeof question.format !== "string"} />}
      <ToolCalls step={props.step} onResults={props.onResults} />
      {answer.error && <AnswerError error={answer.error} partial={answer.text !== ""} />}
      {answer.state === "stopped" && <p className="small quiet">Stopped by you.</p>}
      {answer.finishReason === "content_filter" && <Filtered />}
      {!streaming && <Measures answer={answer} />}
      <div className="turn-actions">
        {props.children}
        {!streaming && answer.text !== "" && <CopyButton text={answer.text} label="Copy answer" />}
        {!streaming && <CodeButton question={question} />}
      </div>
    </div>
  );
}

function Reasoning({ answer: { reasoning, text, state } }: { answer: Answer }) {
  if (reasoning === "") return null;
  const thinking = state === "streaming" && text === "";
  return (
    <details className="reasoning">
      <summary className={thinking ? "growing" : ""}>
        {thinking ? "Thinking" : "What it thought"}
      </summary>
      <p>{reasoning}</p>
    </details>
  );
}

function JsonVerdict({ check, isSchema }: { check: JsonCheck; isSchema: boolean }) {
  if (check.problems.length === 0) {
    return (
      <p>
        <Badge tone="moss" icon="check">
          {isSchema ? "valid JSON, as the schema wants it" : "valid JSON"}
        </Badge>
      </p>
    );
  }
  return (
    <div className="notice clay">
      <Icon name="cross" />
      <div>
        <strong>
          {check.pretty === null ? "Not valid JSON" : "Valid JSON, but not as the schema wants it"}
        </strong>
        <ul className="small">
          {check.problems.map((problem) => (
            <li key={problem}>{problem}</li>
          ))}
        </ul>
      </div>
    </div>
  );
}

function Measures({ answer }: { answer: Answer }) {
  const { ttftMs, totalMs, usage, finishReason, traceId } = answer;
  const { data: row } = useCallRow(traceId);
  const facts: (readonly [name: string, value: string])[] = [
    ["first token", formatMs(ttftMs)],
    ["tokens/s", formatRate(tokensPerSecond(answer))],
    ["total", formatMs(totalMs)],
    ["tokens in", formatCount(usage?.inputTokens)],
    ["tokens out", formatCount(usage?.outputTokens)],
    ["cached", formatCount(usage?.cachedTokens)],
    ...(row?.costNanos == null ? [] : [["cost", formatCost(row.costNanos)] as const]),
    ["finish", finishReason ?? "–"],
  ];
  return (
    <div className="measures">
      {ttftMs !== null && (
        <dl>
          {facts.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd className="figures">{value}</dd>
            </div>
          ))}
        </dl>
      )}
      {traceId !== null && <Link href={`/calls/${traceId}`}>See the trace</Link>}
    </div>
  );
}

function AnswerError({ error, partial }: { error: ApiError; partial: boolean }) {
  const blocked = error.code === "blocked_by_guard";
  return (
    <div className={blocked ? "notice ochre" : "notice clay"} role="alert">
      <Icon name={blocked ? "shield" : "warning"} />
      <div>
        <strong>{titleOf(blocked, partial)}</strong>
        <p>{error.message}</p>
        {blocked ? (
          <p className="small">The trace names each finding. Change the message with Edit.</p>
        ) : (
          adviceFor(error) !== "" && <p className="small">{adviceFor(error)}</p>
        )}
        <p className="small quiet mono">
          {error.code}
          {error.status > 200 && ` · HTTP ${error.status}`}
          {error.requestId !== null && ` · request ${error.requestId}`}
        </p>
      </div>
    </div>
  );
}

function titleOf(blocked: boolean, partial: boolean): string {
  if (blocked) return partial ? "The guard cut this answer" : "The guard blocked this message";
  return partial ? "The answer broke off" : "No answer";
}

function Filtered() {
  return (
    <div className="notice ochre">
      <Icon name="shield" />
      <div>
        <strong>The guard cut the answer here</strong>
        <p className="small">What came next must not leave the server; the trace says why.</p>
      </div>
    </div>
  );
}
