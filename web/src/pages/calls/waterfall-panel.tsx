import { useId, useState, type CSSProperties } from "react";
import type { CallDetail } from "../../../../src/http/admin-schemas.ts";
import { formatMs } from "../../format.ts";
import { Icon } from "../../parts/icon.tsx";
import { attributeText, toBars, toTicks, type Bar } from "./waterfall.ts";

/** Where the call's time went: a bar for each step on one time axis; a click shows its attributes. */
export function WaterfallPanel(props: {
  call: Pick<CallDetail, "spans" | "durationMs" | "ttftMs">;
}) {
  const { call } = props;
  const [opened, setOpened] = useState<string | null>(null);
  const total = Math.max(
    call.durationMs,
    ...call.spans.map((span) => span.startMs + span.durationMs),
  );
  const bars = toBars(call.spans, total);
  const ttft = call.ttftMs === null || total <= 0 ? null : (call.ttftMs / total) * 100;
  return (
    <section className="panel waterfall" aria-labelledby="waterfall">
      <div className="panel-head">
        <h2 id="waterfall">Where the time went</h2>
        {ttft !== null && (
          <span className="small quiet ttft-key">first token after {formatMs(call.ttftMs)}</span>
        )}
      </div>
      {bars.length === 0 ? (
        <p className="quiet">No spans were kept for this call.</p>
      ) : (
        <>
          <Axis totalMs={total} ttft={ttft} />
          <ol aria-label="Spans" {...ttftLine(ttft)}>
            {bars.map((bar) => (
              <SpanRow
                key={bar.span.id}
                bar={bar}
                open={opened === bar.span.id}
                onToggle={() => setOpened(opened === bar.span.id ? null : bar.span.id)}
              />
            ))}
          </ol>
        </>
      )}
    </section>
  );
}

/** Every track shows where the first token came. */
function ttftLine(ttft: number | null): { className?: string; style?: CSSProperties } {
  // React's types do not know custom properties.
  return ttft === null
    ? {}
    : { className: "has-ttft", style: { "--ttft": `${ttft}%` } as CSSProperties };
}

function Axis({ totalMs, ttft }: { totalMs: number; ttft: number | null }) {
  return (
    <div className="axis" aria-hidden="true">
      <div className="axis-track">
        {toTicks(totalMs).map((tick) => (
          <span
            key={tick}
            className="tick"
            style={{ left: `${(tick / Math.max(totalMs, 0.01)) * 100}%` }}
          >
            {formatMs(tick)}
          </span>
        ))}
        {ttft !== null && <span className="ttft" style={{ left: `${ttft}%` }} />}
      </div>
    </div>
  );
}

const STATUS_SIGN = { ok: null, error: "cross", canceled: "stop" } as const;

function SpanRow({ bar, open, onToggle }: { bar: Bar; open: boolean; onToggle: () => void }) {
  const { span, depth, left, width } = bar;
  const details = useId();
  const sign = STATUS_SIGN[span.status];
  return (
    <li>
      <button
        type="button"
        className="span"
        aria-expanded={open}
        aria-controls={details}
        onClick={onToggle}
      >
        <span className="span-name" style={{ paddingLeft: `${depth * 14}px` }}>
          {sign && <Icon name={sign} size={13} />}
          <b>{span.kind}</b>{" "}
          <span className="quiet">{span.name === span.kind ? "" : span.name}</span>
        </span>
        <span className="span-track" aria-hidden="true">
          <span
            className={`bar ${span.kind} ${span.status}`}
            style={{ left: `${left}%`, width: `${width}%` }}
          />
        </span>
        <span className="span-time figures">
          {formatMs(span.durationMs)}
          {span.status !== "ok" && <span className="for-screen-readers">, {span.status}</span>}
        </span>
      </button>
      <div id={details} hidden={!open} className="span-detail">
        {open && <Attributes bar={bar} />}
      </div>
    </li>
  );
}

function Attributes({ bar: { span } }: { bar: Bar }) {
  const facts: [string, string][] = [
    ["starts after", formatMs(span.startMs)],
    ["lasts", formatMs(span.durationMs)],
    ["status", span.status],
    ...Object.entries(span.attributes).map(([name, value]): [string, string] => [
      name,
      attributeText(name, value),
    ]),
  ];
  return (
    <dl>
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
