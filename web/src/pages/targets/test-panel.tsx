import type { TargetTest } from "../../../../src/http/admin-schemas.ts";
import { formatCount, formatMs } from "../../format.ts";
import { Icon } from "../../parts/icon.tsx";

/** How a test call went. */
export function TestPanel({ result }: { result: TargetTest }) {
  const { ok, error, text, usage } = result;
  const facts: (readonly [name: string, value: string])[] = [
    ["first content", formatMs(result.firstContentMs)],
    ["total", formatMs(result.totalMs)],
    ["tokens in", formatCount(usage?.inputTokens)],
    ["tokens out", formatCount(usage?.outputTokens)],
  ];
  return (
    <div className={ok ? "notice moss" : "notice clay"} role="status">
      <Icon name={ok ? "check" : "cross"} />
      <div>
        <strong>{ok ? "The target answers" : "The test call failed"}</strong>
        {error !== null && <p>{error}</p>}
        {text !== "" && <p className="test-text">“{text.trim()}”</p>}
        {ok && text === "" && <p className="small quiet">It made tokens, but no text to show.</p>}
        <dl className="test-facts">
          {facts.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd className="figures">{value}</dd>
            </div>
          ))}
        </dl>
      </div>
    </div>
  );
}
