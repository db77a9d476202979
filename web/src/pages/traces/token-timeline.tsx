import type { RunRow } from "../../../../src/http/trace-schemas.ts";
import { formatCount, formatMs } from "../../format.ts";
import { Facts } from "../../parts/page.tsx";
import { tokenFacts, tokenTimes } from "./token-times.ts";

const WIDTH = 600;
/** More marks than the picture has room for would be one bar. */
const MOST_MARKS = 600;

/** When each token of the answer came, where the sender said so; else how long it took to the first. */
export function TokenTimeline({ run, events }: { run: RunRow; events: unknown }) {
  const total = run.durationMs ?? 0;
  const times = tokenTimes(run.at, events);
  const marks = times.length > 0 ? times : run.ttftMs === null ? [] : [run.ttftMs];
  const facts = tokenFacts(times);
  if (marks.length === 0 || total <= 0) return null;
  const step = Math.max(1, Math.ceil(marks.length / MOST_MARKS));
  const place = (ms: number) => Math.min(WIDTH - 1, (ms / total) * WIDTH);
  return (
    <section className="panel" aria-label="Token timeline">
      <div className="panel-head">
        <h2>Token timeline</h2>
        <span className="small quiet">first token after {formatMs(marks[0])}</span>
      </div>
      <svg
        className="token-line"
        viewBox={`0 0 ${WIDTH} 30`}
        preserveAspectRatio="none"
        aria-hidden="true"
      >
        <path
          className="waiting"
          d={`M0 15H${place(marks[0] ?? 0)}`}
          vectorEffect="non-scaling-stroke"
        />
        {times.length === 0 && (
          <path
            className="writing"
            d={`M${place(marks[0] ?? 0)} 15H${WIDTH}`}
            vectorEffect="non-scaling-stroke"
          />
        )}
        <path
          d={marks
            .filter((_, index) => index % step === 0)
            .map((ms) => `M${place(ms).toFixed(1)} 4V26`)
            .join("")}
          vectorEffect="non-scaling-stroke"
        />
      </svg>
      {facts && (
        <Facts
          facts={[
            ["Pieces", formatCount(facts.count)],
            ["Last one after", formatMs(facts.lastMs)],
            ["Between two, median", formatMs(facts.middleMs)],
            ["Longest pause", formatMs(facts.longestMs)],
          ]}
        />
      )}
    </section>
  );
}
