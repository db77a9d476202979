import { useId } from "react";
import type { LibraryList } from "../../api/library-queries.ts";
import { formatCount } from "../../format.ts";
import { Segments } from "../../parts/page.tsx";

/** The text that models are to predict; null: the sample. */
export function TextField(props: {
  readonly sample: LibraryList["sample"];
  readonly text: string | null;
  readonly onChange: (text: string | null) => void;
}) {
  const { sample, text, onChange } = props;
  const id = useId();
  return (
    <div className="field">
      <span className="field-label">Text to predict</span>
      <Segments
        name={id}
        label="Text to predict"
        value={text === null ? "sample" : "own"}
        choices={[
          ["sample", "A sample"],
          ["own", "Your own"],
        ]}
        onChange={(which) => onChange(which === "sample" ? null : "")}
      />
      {text === null ? (
        <span className="hint">
          {formatCount(sample.characters)} characters of technical English. What counts in the end
          is a text of your own kind.
        </span>
      ) : (
        <>
          <textarea
            className="input"
            rows={5}
            maxLength={600_000}
            aria-label="Your own text"
            placeholder="Some thousand words, as the model will meet them"
            value={text}
            onChange={(event) => onChange(event.target.value)}
          />
          <span className="hint">It is not kept: only its length stands with the figures.</span>
        </>
      )}
    </div>
  );
}
