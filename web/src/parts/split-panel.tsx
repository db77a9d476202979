import { labelOf } from "./dimensions.ts";
import { Loaded, SkeletonRows, type Result } from "./feedback.tsx";
import { FigureTable } from "./figure-table.tsx";
import type { Split } from "./split.ts";

export interface SplitLine {
  readonly value: string;
  readonly name: string;
  readonly cells: readonly string[];
}

/** Figures by the values of a dimension; a value's name shows it alone. */
export function SplitPanel<Data>(props: {
  split: Split;
  note: string | null;
  result: Result<Data>;
  columns: readonly string[];
  linesOf: (data: Data) => readonly SplitLine[];
  onChange: (split: Split) => void;
}) {
  const { split, note, result, columns, linesOf, onChange } = props;
  const { by } = split;
  return (
    <section className="panel" aria-labelledby="split">
      <div className="panel-head">
        <h2 id="split">By {labelOf(by).toLowerCase()}</h2>
        {note !== null && <span className="small quiet">{note}</span>}
      </div>
      <Loaded result={result} skeleton={<SkeletonRows count={3} />}>
        {(data) => (
          <FigureTable
            labelledBy="split"
            of={labelOf(by)}
            columns={columns}
            lines={linesOf(data).map(({ value, name, cells }) => ({
              key: value,
              title: (
                <button
                  type="button"
                  className="link"
                  title={name}
                  onClick={() => onChange({ by, only: { dimension: by, value } })}
                >
                  {name}
                </button>
              ),
              titleClass: "split-name",
              cells,
            }))}
          />
        )}
      </Loaded>
    </section>
  );
}
