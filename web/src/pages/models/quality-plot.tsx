import { useRef, useState } from "react";
import type { LibraryMeasurement } from "../../api/library-queries.ts";
import { formatBytes, formatMs, formatRate } from "../../format.ts";
import { Segments } from "../../parts/page.tsx";
import { useWidth } from "../../parts/use-width.ts";
import { marksOf, scaleOf, spreadLabels } from "./quality-scale.ts";

type Row = LibraryMeasurement["rows"][number];

const MIB = 2 ** 20;

interface Axis {
  readonly name: string;
  readonly of: (row: Row) => number;
  readonly format: (value: number) => string;
  readonly unit: number;
}

const AXES = {
  bytes: { name: "size of the file", of: ({ bytes }) => bytes, format: formatBytes, unit: MIB },
  memory: { name: "most memory", of: ({ peakBytes }) => peakBytes, format: formatBytes, unit: MIB },
  first: {
    name: "time to the first token",
    of: ({ firstTokenMs }) => firstTokenMs,
    format: formatMs,
    unit: 1,
  },
  speed: {
    name: "tokens a second",
    of: ({ tokensPerSecond }) => tokensPerSecond,
    format: formatRate,
    unit: 1,
  },
} as const satisfies Record<string, Axis>;

const CHOICES = [
  ["bytes", "Size"],
  ["memory", "Memory"],
  ["first", "First token"],
  ["speed", "Tokens/s"],
] as const satisfies readonly (readonly [keyof typeof AXES, string])[];

const HEIGHT = 360;
const LEFT = 62;
const RIGHT = 24;
const TOP = 44;
const BOTTOM = 46;
const LETTER = 7.2;

interface PlotProps {
  readonly measurement: LibraryMeasurement;
  /** The name of the row that was chosen. */
  readonly chosen: string | undefined;
}

/** What each file costs, across, against what it loses, upwards. The table below has the same figures. */
export function QualityPlot({ measurement: { id, rows, original }, chosen }: PlotProps) {
  const [axis, setAxis] = useState<keyof typeof AXES>("bytes");
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  const best = axis === "speed" ? "down and to the right" : "down and to the left";
  return (
    <figure className="quality-plot" ref={box}>
      <div className="row quality-axes">
        <Segments
          name={`axis-${id}`}
          label="What the picture shows across"
          value={axis}
          choices={CHOICES}
          onChange={setAxis}
        />
        <figcaption className="small quiet">Better is further {best}.</figcaption>
      </div>
      <Picture {...{ rows, original, chosen, width }} axis={AXES[axis]} />
    </figure>
  );
}

interface PictureProps {
  readonly rows: readonly Row[];
  readonly original: string;
  readonly chosen: string | undefined;
  readonly width: number;
  readonly axis: Axis;
}

function Picture({ rows, original, chosen, width, axis }: PictureProps) {
  const { name, of, format, unit } = axis;
  const most = Math.max(...rows.map(of)) * 1.12;
  const { lines, heightOf } = scaleOf(rows.map(({ divergence }) => divergence));
  const x = (value: number) => LEFT + (value / most) * (width - LEFT - RIGHT);
  const y = (loss: number) => HEIGHT - BOTTOM - heightOf(loss) * (HEIGHT - TOP - BOTTOM);
  const points = rows.map((row) => {
    const [cx, cy] = [x(of(row)), y(row.divergence)];
    const label = row.name === original ? `${row.type}, original` : row.type;
    const length = label.length * LETTER;
    const isLeft = cx + 10 + length > width;
    return { row, cx, cy, label, length, x: isLeft ? cx - 10 - length : cx + 10 };
  });
  const heights = spreadLabels(
    points.map(({ x: at, cy, length }) => ({ x: at, y: cy, width: length })),
  );
  return (
    <svg
      width={width}
      height={HEIGHT}
      role="img"
      aria-label={`Divergence from the original against ${name}, for ${rows.length} files; the table below has the figures`}
    >
      <text x={4} y={12}>
        divergence, nats a token
      </text>
      {lines.map((loss) => (
        <g key={loss}>
          <line x1={LEFT} x2={width - RIGHT} y1={y(loss)} y2={y(loss)} />
          <text x={LEFT - 8} y={y(loss)} className="end">
            {Number(loss.toPrecision(1))}
          </text>
        </g>
      ))}
      {marksOf(most, unit).map((mark) => (
        <text key={mark} x={x(mark)} y={HEIGHT - BOTTOM + 18} className="middle">
          {format(mark)}
        </text>
      ))}
      <text x={(LEFT + width - RIGHT) / 2} y={HEIGHT - 8} className="middle">
        {name}
      </text>
      {points.map(({ row, cx, cy, label, x: at }, index) => (
        <g key={row.name} className={pointClass(row, original, chosen)}>
          <title>{`${row.name}: ${format(of(row))}, ${row.divergence.toFixed(5)} nats a token`}</title>
          <circle cx={cx} cy={cy} r={6} />
          <text x={at} y={heights[index]}>
            {label}
          </text>
        </g>
      ))}
    </svg>
  );
}

function pointClass(row: Row, original: string, chosen: string | undefined): string {
  if (row.name === original) return "point original";
  return row.name === chosen ? "point chosen" : "point";
}
