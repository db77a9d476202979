import type { ReactNode } from "react";

export interface FigureLine {
  readonly key: string;
  readonly title: ReactNode;
  readonly titleClass?: string;
  /** A text for each column after the first. */
  readonly cells: readonly string[];
}

/** Figures by lines and columns, as text; wider than its place, it scrolls in its own box. */
export function FigureTable(props: {
  /** The id of the heading that names the table. */
  labelledBy: string;
  /** What the lines are. */
  of: string;
  columns: readonly string[];
  lines: readonly FigureLine[];
}) {
  const { labelledBy, of, columns, lines } = props;
  return (
    <div className="table-box" tabIndex={0} role="region" aria-labelledby={labelledBy}>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{of}</th>
            {columns.map((name) => (
              <th key={name} scope="col" className="number">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {lines.map(({ key, title, titleClass, cells }) => (
            <tr key={key}>
              <th scope="row" className={titleClass}>
                {title}
              </th>
              {cells.map((cell, index) => (
                <td key={columns[index]} className="number">
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
