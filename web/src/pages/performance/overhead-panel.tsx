import type { Overhead } from "../../../../src/http/trace-schemas.ts";
import { useOverhead } from "../../api/trace-queries.ts";
import { formatCount, formatMs, formatTime } from "../../format.ts";
import { FigureTable } from "../../parts/figure-table.tsx";
import { scaleOf, type Scale } from "./overhead-scale.ts";

type Stage = Overhead["stages"][number];

const NAMES: Readonly<Record<Stage["stage"], readonly [name: string, what: string]>> = {
  auth: ["Auth", "find the key"],
  admit: ["Admit", "limits and budget"],
  guard: ["Guard", "inspect the input"],
  cache: ["Cache", "look for the answer"],
  route: ["Route", "find a target with room"],
  settle: ["Settle", "count, price, record"],
  together: ["Together", "of each call"],
};

/** What of a stage is drawn: marks of three shapes, so that no colour is needed to tell them apart. */
const SHARES = ["p50", "p95", "p99"] as const;
const STEPS = ["mean", ...SHARES, "max"] as const;

/** What the gateway itself adds to a call, stage by stage: the time of upstreams is not in it. */
export function OverheadPanel() {
  const { data } = useOverhead();
  const stages = data?.stages.filter(({ ms }) => ms.count > 0) ?? [];
  if (!data || stages.length === 0) return null;
  return (
    <section className="panel stack" aria-labelledby="overhead">
      <div className="panel-head">
        <h2 id="overhead">Gateway overhead by stage</h2>
        <span className="small quiet">
          all calls of this server since {formatTime(data.from, Date.now())}, without upstreams
        </span>
      </div>
      <StageChart stages={stages} />
      <FigureTable
        labelledBy="overhead"
        of="Stage"
        columns={[...STEPS, "Measured"]}
        lines={stages.map(({ stage, ms }) => ({
          key: stage,
          title: (
            <>
              {NAMES[stage][0]} <span className="quiet small">{NAMES[stage][1]}</span>
            </>
          ),
          cells: [...STEPS.map((step) => formatMs(ms[step])), formatCount(ms.count)],
        }))}
      />
    </section>
  );
}

/** The table below says the same in figures: who cannot see the marks misses nothing. */
function StageChart({ stages }: { stages: readonly Stage[] }) {
  const scale = scaleOf(stages);
  return (
    <div className="stage-chart" aria-hidden="true">
      <ul className="legend">
        {SHARES.map((share) => (
          <li key={share}>
            <span className={`stage-mark ${share}`} />
            {share}
          </li>
        ))}
      </ul>
      <div className="stage-line">
        <span />
        <div className="stage-axis">
          {scale.ticks.map((tick) => (
            <span key={tick} style={{ left: `${scale.placeOf(tick)}%` }}>
              {formatMs(tick)}
            </span>
          ))}
        </div>
      </div>
      {stages.map((one) => (
        <div key={one.stage} className="stage-line">
          <span>{NAMES[one.stage][0]}</span>
          <StageTrack stage={one} scale={scale} />
        </div>
      ))}
    </div>
  );
}

function StageTrack({ stage: { ms }, scale }: { stage: Stage; scale: Scale }) {
  const [from, to] = [scale.placeOf(ms.p50 ?? 0), scale.placeOf(ms.p99 ?? 0)];
  return (
    <div className="stage-track">
      {scale.ticks.map((tick) => (
        <span key={tick} className="stage-grid" style={{ left: `${scale.placeOf(tick)}%` }} />
      ))}
      <span className="stage-range" style={{ left: `${from}%`, width: `${to - from}%` }} />
      {SHARES.toReversed().map((share) => (
        <span
          key={share}
          className={`stage-mark ${share}`}
          style={{ left: `${scale.placeOf(ms[share] ?? 0)}%` }}
        />
      ))}
    </div>
  );
}
