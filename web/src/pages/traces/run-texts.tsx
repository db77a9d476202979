import { useMemo, useState } from "react";
import type { RunRow } from "../../../../src/http/trace-schemas.ts";
import { CopyButton } from "../../parts/copy-button.tsx";
import { readTexts, type Shown } from "./read-texts.ts";

/** More messages than these are folded: a long chat would push everything else away. */
const MOST_SHOWN = 30;

/** A run's input or output, in its own dialect or as JSON. */
export function RunTexts(props: {
  title: string;
  value: unknown;
  run: Pick<RunRow, "capture" | "status">;
  truncated: boolean;
}) {
  const { title, value, run, truncated } = props;
  const shown = useMemo(() => readTexts(value), [value]);
  const [all, setAll] = useState(false);
  const folded = all ? 0 : Math.max(0, shown.length - MOST_SHOWN);
  return (
    <section className="panel" aria-label={title}>
      <div className="panel-head">
        <h2>{title}</h2>
        <span className="small quiet">
          {run.capture === "redacted" && "texts are kept after redaction"}
          {truncated && " cut: it was too long"}
        </span>
      </div>
      {shown.length === 0 && <p className="quiet">{absence(run)}</p>}
      {folded > 0 && (
        <button type="button" className="button plain" onClick={() => setAll(true)}>
          Show the {folded} before these
        </button>
      )}
      <div className="messages">
        {shown.slice(folded).map((one, index) => (
          <Piece key={`${index} ${one.kind}`} piece={one} />
        ))}
      </div>
    </section>
  );
}

function absence({ capture, status }: Pick<RunRow, "capture" | "status">): string {
  if (capture === "metadata") return "Texts are not kept: the capture level is metadata.";
  return status === "pending" ? "Nothing yet." : "Empty, or not kept.";
}

function Piece({ piece }: { piece: Shown }) {
  const name = nameOf(piece);
  const isCode = piece.kind === "field" && piece.isCode;
  const role = piece.kind === "message" ? piece.role : piece.kind;
  return (
    <article className={`kept-message ${role}`}>
      <header>
        <h3>{name}</h3>
        {piece.text !== "" && <CopyButton text={piece.text} label="Copy" />}
      </header>
      {piece.text === "" ? (
        <p className="quiet">empty</p>
      ) : isCode ? (
        <pre className="kept-code" tabIndex={0} aria-label={name}>
          {piece.text}
        </pre>
      ) : (
        <p>{piece.text}</p>
      )}
    </article>
  );
}

function nameOf(piece: Shown): string {
  if (piece.kind === "message") return piece.role;
  if (piece.kind === "field") return piece.name;
  return piece.source === "" ? "document" : `document ${piece.source}`;
}
