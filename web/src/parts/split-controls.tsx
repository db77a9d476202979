import { Choice } from "./choice.tsx";
import { DIMENSION_NAMES, useValueNames } from "./dimensions.ts";
import { Icon } from "./icon.tsx";
import type { Split } from "./split.ts";

/** The choice of a dimension, and the one value that is looked at, to be taken away again. */
export function SplitControls({
  by,
  only,
  onChange,
}: Split & { onChange: (split: Split) => void }) {
  const nameOf = useValueNames(only?.dimension ?? "model");
  return (
    <>
      <Choice
        label="Split by"
        value={by}
        choices={DIMENSION_NAMES}
        onChange={(chosen) => onChange({ by: chosen, only })}
      />
      {only && (
        <button
          type="button"
          className="button"
          aria-label={`Take away: only ${only.dimension} ${nameOf(only.value)}`}
          onClick={() => onChange({ by, only: null })}
        >
          {only.dimension}: {nameOf(only.value)} <Icon name="cross" size={14} />
        </button>
      )}
    </>
  );
}
