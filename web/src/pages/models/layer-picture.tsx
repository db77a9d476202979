import type { FileContents } from "../../api/library-queries.ts";
import { formatBytes } from "../../format.ts";
import { layersOf } from "./layers.ts";

/** There are as many colours in models.css. */
const COLORS = 6;

/** Which layer takes how much, and in which types; the table of types beside it says the sums. */
export function LayerPicture({ contents: { tensors, types } }: { contents: FileContents }) {
  const rows = layersOf(tensors);
  const most = Math.max(...rows.map(({ bytes }) => bytes));
  const colorOf = (type: string) => {
    const at = types.findIndex((one) => one.type === type);
    return `type-color-${Math.min(at, COLORS - 1)}`;
  };
  return (
    <figure className="layers">
      <ul className="layer-legend" aria-hidden="true">
        {types.map(({ type }) => (
          <li key={type}>
            <span className={`swatch ${colorOf(type)}`} /> {type}
          </li>
        ))}
      </ul>
      <div
        className="layer-rows"
        tabIndex={0}
        role="group"
        aria-label="Size of each layer, by type"
      >
        {rows.map(({ name, bytes, types: parts }) => (
          <div key={name} className="layer-row">
            <span className="small">{name}</span>
            <span
              className="layer-bar"
              role="img"
              aria-label={`${name}: ${parts.map((part) => `${part.type} ${formatBytes(part.bytes)}`).join(", ")}`}
              title={parts.map((part) => `${part.type} ${formatBytes(part.bytes)}`).join(", ")}
            >
              {parts.map((part) => (
                <span
                  key={part.type}
                  className={colorOf(part.type)}
                  style={{ width: `${(part.bytes / most) * 100}%` }}
                />
              ))}
            </span>
            <span className="small quiet figures">{formatBytes(bytes)}</span>
          </div>
        ))}
      </div>
    </figure>
  );
}
