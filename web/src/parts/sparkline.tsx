/** A tile's course over the window, without axes: the tile's figure and the charts say the rest. */
export function Sparkline({
  values,
  color,
}: {
  values: readonly (number | null)[];
  color: string;
}) {
  const points = toPoints(values, WIDTH, HEIGHT);
  const [first, last] = [points[0], points.at(-1)];
  if (points.length < 2 || !first || !last) return <div className="spark" />;
  const line = points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L");
  return (
    <svg
      className="spark"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      aria-hidden="true"
      style={{ color: `var(${color})` }}
    >
      <path
        d={`M${line}L${last[0]} ${HEIGHT}L${first[0]} ${HEIGHT}Z`}
        fill="currentColor"
        opacity="0.14"
      />
      <path
        d={`M${line}`}
        fill="none"
        stroke="currentColor"
        strokeWidth="1.5"
        vectorEffect="non-scaling-stroke"
      />
    </svg>
  );
}

const WIDTH = 120;
const HEIGHT = 26;

/** Values as points of a drawing: missing ones are left out, the highest touches the top. */
export function toPoints(
  values: readonly (number | null)[],
  width: number,
  height: number,
): [x: number, y: number][] {
  const top = Math.max(...values.map((value) => value ?? 0), 0);
  const step = width / Math.max(1, values.length - 1);
  return values.flatMap((value, index): [number, number][] =>
    value === null
      ? []
      : [[index * step, top === 0 ? height : height - (value / top) * (height - 2)]],
  );
}
