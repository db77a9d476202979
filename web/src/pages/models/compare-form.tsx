import { useState, type SubmitEvent } from "react";
import { useBegin, type LibraryFile, type LibraryList } from "../../api/library-queries.ts";
import { formatBytes } from "../../format.ts";
import { ErrorNotice } from "../../parts/feedback.tsx";
import { useWhyNot } from "../../parts/role.tsx";
import { areOneModel, likelyOriginal } from "./family.ts";
import { OriginalChoice } from "./original-choice.tsx";
import { TextField } from "./text-field.tsx";

export interface MeasureProps {
  /** Those that can be read. */
  readonly files: readonly LibraryFile[];
  readonly sample: LibraryList["sample"];
}

/** Several files of one model, measured against one of them. */
export function CompareForm({ files, sample }: MeasureProps) {
  const [picked, setPicked] = useState<string | null>(null);
  const [unwanted, setUnwanted] = useState<readonly string[]>([]);
  const [text, setText] = useState<string | null>(null);
  const begin = useBegin("compare");
  const whyNot = useWhyNot("operator");
  const original = files.find(({ ref }) => ref === picked) ?? likelyOriginal(files);
  if (!original) return null;
  const others = files.filter((file) => file !== original && areOneModel(file, original));
  const wanted = others.filter(({ ref }) => !unwanted.includes(ref));
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const chosen = wanted.map(({ ref }) => ref);
    begin.mutate([{ original: original.ref, files: chosen, ...(text !== null && { text }) }]);
  };
  const toggle = (ref: string) =>
    setUnwanted(
      unwanted.includes(ref) ? unwanted.filter((one) => one !== ref) : [...unwanted, ref],
    );
  return (
    <form className="panel stack" onSubmit={submit} aria-labelledby="model-compare">
      <div>
        <h2 id="model-compare">Compare</h2>
        <p className="small quiet">Size, memory, speed and loss of several files, side by side.</p>
      </div>
      <OriginalChoice label="Original" original={original} files={files} onChange={setPicked} />
      <Others others={others} unwanted={unwanted} onToggle={toggle} />
      <TextField sample={sample} text={text} onChange={setText} />
      {begin.error && <ErrorNotice error={begin.error} />}
      <div className="row">
        <button
          type="submit"
          className="button primary"
          disabled={begin.isPending || whyNot !== undefined || text === ""}
          title={whyNot}
        >
          {wanted.length === 0 ? "Measure it" : "Compare"}
        </button>
      </div>
    </form>
  );
}

function Others(props: {
  readonly others: readonly LibraryFile[];
  readonly unwanted: readonly string[];
  readonly onToggle: (ref: string) => void;
}) {
  const { others, unwanted, onToggle } = props;
  return (
    <fieldset className="scopes">
      <legend className="field-label">With</legend>
      {others.length === 0 && (
        <p className="small quiet">
          No other file of this model is here: it is measured alone. Open it in the library to make
          smaller ones.
        </p>
      )}
      {others.map(({ ref, name, facts, bytes }) => (
        <label key={ref} className="check">
          <input type="checkbox" checked={!unwanted.includes(ref)} onChange={() => onToggle(ref)} />
          <span>
            {name}{" "}
            <span className="small quiet">
              {facts?.type}, {formatBytes(bytes)}
            </span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
