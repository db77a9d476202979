import { useState } from "react";
import { CopyButton } from "./copy-button.tsx";

/** Everything that the API says of something, as it says it. Written out only when it is opened. */
export function RawJson({ value }: { value: unknown }) {
  const [open, setOpen] = useState(false);
  const json = open ? JSON.stringify(value, null, 2) : "";
  return (
    <details className="panel raw" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Raw JSON</summary>
      {open && (
        <div className="code-box">
          <pre tabIndex={0} aria-label="Raw JSON">
            {json}
          </pre>
          <CopyButton text={json} label="Copy" />
        </div>
      )}
    </details>
  );
}
