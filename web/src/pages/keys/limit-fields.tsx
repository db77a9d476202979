import { useId } from "react";
import { LIMIT_NAMES, LIMIT_TEXTS, type LimitTexts, isCost, problemOf } from "./limit-names.ts";

/** A field for each limit; an empty one does not limit. */
export function LimitFields(props: {
  texts: LimitTexts;
  onChange: (texts: LimitTexts) => void;
  hint: string;
}) {
  const { texts, onChange, hint } = props;
  const id = useId();
  const count = LIMIT_NAMES.filter((name) => (texts[name] ?? "") !== "").length;
  return (
    <details className="limit-fields">
      <summary>
        Limits <span className="quiet small">{count === 0 ? "none" : `${count} set`}</span>
      </summary>
      <p className="small quiet">{hint}</p>
      <div className="limit-grid">
        {LIMIT_NAMES.map((name) => {
          const problem = problemOf(name, texts[name] ?? "");
          return (
            <div key={name} className="field">
              <label htmlFor={`${id}-${name}`}>
                {LIMIT_TEXTS[name]}
                {isCost(name) && ", $"}
              </label>
              <input
                id={`${id}-${name}`}
                className="input"
                inputMode={isCost(name) ? "decimal" : "numeric"}
                aria-invalid={problem !== null}
                value={texts[name] ?? ""}
                onChange={(event) => onChange({ ...texts, [name]: event.target.value })}
              />
              {problem !== null && <span className="problem">{problem}</span>}
            </div>
          );
        })}
      </div>
    </details>
  );
}
