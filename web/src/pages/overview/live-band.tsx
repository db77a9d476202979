import { useEffect, useState } from "react";
import { useLive } from "../../api/queries.ts";
import { formatBytes, formatCount, formatMs, formatRate } from "../../format.ts";
import { toPoints } from "../../parts/sparkline.tsx";

const SAMPLES = 60;

/** What flows at this moment: figures of the last seconds over the stream of the last minutes. */
export function LiveBand() {
  const { data: live, dataUpdatedAt, failureCount } = useLive();
  const lost = failureCount > 0;
  const [flow, setFlow] = useState<readonly number[]>([]);
  const rate = live?.outputTokensPerSecond;
  useEffect(() => {
    if (rate !== undefined) setFlow((past) => [...past, rate].slice(-SAMPLES));
  }, [rate, dataUpdatedAt]);

  const figures: readonly (readonly [name: string, value: string])[] = [
    ["active calls", formatCount(live?.activeCalls)],
    ["calls/s", formatRate(live?.callsPerSecond)],
    ["tokens/s out", formatRate(rate)],
    ["up for", formatMs(live?.uptimeMs)],
    ["memory", formatBytes(live?.rssBytes)],
  ];
  return (
    <section className="live" aria-label="Now">
      <Stream flow={flow} />
      <div className="live-now">
        <span className={lost ? "live-dot lost" : "live-dot"} aria-hidden="true" />
        {lost ? "no contact" : "now"}
      </div>
      <dl>
        {figures.map(([name, value]) => (
          <div key={name}>
            <dd className="figures">{value}</dd>
            <dt>{name}</dt>
          </div>
        ))}
      </dl>
      {live !== undefined && live.droppedTraces > 0 && (
        <p className="live-dropped" role="status">
          {formatCount(live.droppedTraces)} traces dropped: the store fell behind
        </p>
      )}
    </section>
  );
}

/** The tokens a second of the last two minutes, as the surface of running water. */
function Stream({ flow }: { flow: readonly number[] }) {
  const padded = [...Array.from({ length: SAMPLES - flow.length }, () => 0), ...flow];
  // The water stays below the figures' middle, or its surface would cross them.
  const points = toPoints(padded, 600, 36).map(([x, y]) => [x, y + 26] as const);
  const surface = points
    .map(([x, y], index) => {
      const [lastX, lastY] = points[index - 1] ?? [x, y];
      const middle = (lastX + x) / 2;
      return index === 0 ? `M${x} ${y}` : `C${middle} ${lastY} ${middle} ${y} ${x} ${y}`;
    })
    .join("");
  return (
    <svg className="stream" viewBox="0 0 600 64" preserveAspectRatio="none" aria-hidden="true">
      <path d={`${surface}L600 64L0 64Z`} />
      <path className="surface" d={surface} vectorEffect="non-scaling-stroke" />
    </svg>
  );
}
