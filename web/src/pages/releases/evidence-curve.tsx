import { useRef } from "react";
import type { ReleaseDetail } from "../../api/ship-queries.ts";
import { formatCount } from "../../format.ts";
import { useWidth } from "../../parts/use-width.ts";

const HEIGHT = 240;
const LEFT = 48;
const RIGHT = 16;
const TOP = 20;
const BOTTOM = 40;
/** Less than that speaks for the candidate; how much does not matter. */
const LEAST = 0.1;

/** The e-value as it grew, by what was seen of the candidate, with the bound at which it is rolled back. */
export function EvidenceCurve({ detail }: { detail: ReleaseDetail }) {
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  const { bound, against, exposed, pairs } = detail;
  const { points, most, top, x, y } = scalesOf(detail, width);
  const path = points.map(
    (point) => `${x(point.exposed).toFixed(1)},${y(point.against).toFixed(1)}`,
  );
  const isWorse = against >= bound;
  return (
    <div className="evidence-curve" ref={box}>
      <svg
        width={width}
        height={HEIGHT}
        role="img"
        aria-label={`Evidence ${Number(against.toPrecision(3))} against a bound of ${bound}, after ${exposed + pairs} answers of the candidate`}
      >
        {[0.1, 1, 10, 100]
          .filter((value) => value <= top)
          .map((value) => (
            <g key={value}>
              <line x1={LEFT} x2={width - RIGHT} y1={y(value)} y2={y(value)} className="grid" />
              <text x={LEFT - 8} y={y(value)} className="end">
                {value}
              </text>
            </g>
          ))}
        {[0, 0.5, 1].map((part) => (
          <text
            key={part}
            x={x(most * part)}
            y={HEIGHT - BOTTOM + 16}
            className={part === 1 ? "end" : "middle"}
          >
            {formatCount(Math.round(most * part))}
          </text>
        ))}
        <text x={(LEFT + width - RIGHT) / 2} y={HEIGHT - 8} className="middle">
          answers of the candidate, copies among them
        </text>
        <line x1={LEFT} x2={width - RIGHT} y1={y(bound)} y2={y(bound)} className="bound" />
        <text x={LEFT + 6} y={y(bound) - 10} className="bound-name">
          rolled back at {bound}
        </text>
        <polyline points={path.join(" ")} className={isWorse ? "curve worse" : "curve"} />
        <circle
          cx={x(exposed + pairs)}
          cy={y(against)}
          r={4.5}
          className={isWorse ? "end-point worse" : "end-point"}
        />
      </svg>
    </div>
  );
}

/** Both axes: answers of the candidate across, the e-value upwards by powers. */
function scalesOf({ curve, bound, against, exposed, pairs }: ReleaseDetail, width: number) {
  const points = [...curve, { exposed: exposed + pairs, against }];
  const most = Math.max(10, ...points.map((point) => point.exposed));
  const top = Math.max(bound * 3, ...points.map((point) => Math.min(point.against, bound * 100)));
  const x = (value: number) => LEFT + (value / most) * (width - LEFT - RIGHT);
  const y = (value: number) => {
    const inside = Math.min(top, Math.max(LEAST, value));
    const part = Math.log(inside / LEAST) / Math.log(top / LEAST);
    return HEIGHT - BOTTOM - part * (HEIGHT - TOP - BOTTOM);
  };
  return { points, most, top, x, y };
}
