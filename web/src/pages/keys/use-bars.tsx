import type { LimitsRow } from "../../../../src/http/access-schemas.ts";
import type { LimitRow } from "../../../../src/http/limit-schemas.ts";
import { formatCost, formatCount } from "../../format.ts";
import { LIMIT_TEXTS, type LimitName } from "./limit-names.ts";

interface Use {
  readonly name: string;
  readonly used: number;
  readonly most: number | null;
  readonly isCost: boolean;
}

/** How much of its limits somebody has used: counted ones with a bar, those of which nothing is used yet too. */
export function UseBars({ rows, limits }: { rows: readonly LimitRow[]; limits: LimitsRow }) {
  const uses = usesOf(rows, limits);
  return (
    <ul className="use-bars">
      {uses.map((use) => (
        <UseBar key={use.name} use={use} />
      ))}
    </ul>
  );
}

/** The counted first, then those that are said and not counted yet. */
export function usesOf(rows: readonly LimitRow[], limits: LimitsRow): readonly Use[] {
  const counted = rows.map(({ limit, used, reserved, most, unit }) => ({
    name: limit,
    used: used + reserved,
    most,
    isCost: unit === "cost",
  }));
  const said = Object.entries(limits)
    .filter(([name]) => !counted.some((one) => one.name === name))
    .map(([name, most = null]) => ({ name, used: 0, most, isCost: name.startsWith("cost") }));
  return [...counted, ...said];
}

function UseBar({ use: { name, used, most, isCost } }: { use: Use }) {
  const format = isCost ? formatCost : formatCount;
  const share = most === null || most === 0 ? 0 : Math.min(1, used / most);
  const tone = share >= 1 ? "clay" : share >= 0.8 ? "ochre" : "river";
  const text = LIMIT_TEXTS[name as LimitName] ?? name; // of a newer server it may be another
  return (
    <li>
      <div className="use-text">
        <span>{text}</span>
        <span className="figures">
          {format(used)}
          {most !== null && ` of ${format(most)}`}
        </span>
      </div>
      {most !== null && (
        <div
          className={`use-bar ${tone}`}
          role="meter"
          aria-label={`${text}, used`}
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={Math.round(share * 100)}
        >
          <div style={{ width: `${share * 100}%` }} />
        </div>
      )}
    </li>
  );
}
