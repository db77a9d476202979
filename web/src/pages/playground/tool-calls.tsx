import { useId, useState } from "react";
import { Badge } from "../../parts/badge.tsx";
import { Icon } from "../../parts/icon.tsx";
import { isWaiting, type Step } from "./conversation.ts";
import { pretty, type ToolResult } from "./tools.ts";

interface ToolCallsProps {
  readonly step: Step;
  /** Absent where the conversation has gone on. */
  readonly onResults: ((results: readonly ToolResult[]) => void) | null;
}

/** The calls that an answer made, with what they gave or a field for it. */
export function ToolCalls({ step, onResults }: ToolCallsProps) {
  const [typed, setTyped] = useState<Readonly<Record<string, string>>>({});
  const { calls } = step.answer;
  if (calls.length === 0) return null;
  const waits = isWaiting(step) && onResults !== null;
  const results = calls.map(({ id }) => ({ id, text: typed[id] ?? "" }));
  return (
    <form
      className="tool-calls"
      onSubmit={(event) => {
        event.preventDefault();
        onResults?.(results);
      }}
    >
      {calls.map((call) => (
        <section key={call.id} className="tool-call" aria-label={`Call of ${call.name}`}>
          <div className="row">
            <Badge tone="ochre" icon="tool">
              calls
            </Badge>
            <h4 className="mono">{call.name}</h4>
          </div>
          <pre tabIndex={0} aria-label={`Arguments of ${call.name}`}>
            {pretty(call.arguments)}
          </pre>
          {waits && (
            <ResultField
              name={call.name}
              value={typed[call.id] ?? ""}
              onChange={(text) => setTyped({ ...typed, [call.id]: text })}
            />
          )}
          <Returned text={step.results?.find(({ id }) => id === call.id)?.text} />
        </section>
      ))}
      {waits && (
        <button
          type="submit"
          className="button primary"
          disabled={results.some(({ text }) => text.trim() === "")}
        >
          <Icon name="send" size={16} /> Send {calls.length === 1 ? "the result" : "the results"}
        </button>
      )}
    </form>
  );
}

function ResultField(props: { name: string; value: string; onChange: (text: string) => void }) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>Result of {props.name}</label>
      <textarea
        id={id}
        className="input mono"
        rows={2}
        value={props.value}
        placeholder='{"level": 407}'
        onChange={(event) => props.onChange(event.target.value)}
      />
    </div>
  );
}

function Returned({ text }: { text: string | undefined }) {
  if (text === undefined) return null;
  return (
    <div className="returned">
      <p className="small quiet">You returned</p>
      <pre tabIndex={0} aria-label="The result">
        {pretty(text)}
      </pre>
    </div>
  );
}
