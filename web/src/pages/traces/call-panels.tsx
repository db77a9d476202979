import type { CallRow, Span } from "../../../../src/http/admin-schemas.ts";
import type { RunDetail } from "../../../../src/http/trace-schemas.ts";
import { AttemptsPanel } from "../calls/attempts-panel.tsx";
import { FindingsPanel } from "../calls/findings-panel.tsx";
import { WaterfallPanel } from "../calls/waterfall-panel.tsx";

/** What only this server's own calls have: stages, guard checks, attempts and findings. */
export function CallPanels({ detail: { run, spans, findings } }: { detail: RunDetail }) {
  if (spans.length === 0 && findings.length === 0) return null;
  const stages = spans as Span[]; // a call's spans are of the same make
  const seen = findings as CallRow["findings"]; // as the guard recorded them
  return (
    <>
      {seen.length > 0 && <FindingsPanel findings={seen} />}
      <AttemptsPanel spans={stages} />
      <WaterfallPanel
        call={{ spans: stages, durationMs: run.durationMs ?? 0, ttftMs: run.ttftMs }}
      />
    </>
  );
}
