import { useState, type ReactNode } from "react";
import type { CreatedKey, KeyRow } from "../../../../src/http/access-schemas.ts";
import { useRevokeKey, useRotateKey } from "../../api/access-queries.ts";
import { Dialog } from "../../parts/dialog.tsx";
import { CodeBox, ErrorNotice } from "../../parts/feedback.tsx";
import { Segments } from "../../parts/page.tsx";

export function SecretDialog({ created, onClose }: { created: CreatedKey; onClose: () => void }) {
  return (
    <Dialog title={`Key “${created.name}” is ready`} onClose={onClose}>
      <p>Copy it now. Weir keeps only a hash and cannot show it again.</p>
      <CodeBox code={created.key} label="The new key" />
      <div className="actions">
        <button type="button" className="button primary" onClick={onClose}>
          I have copied it
        </button>
      </div>
    </Dialog>
  );
}

const GRACES = [
  ["0", "Not at all"],
  ["3600", "1 h"],
  ["86400", "24 h"],
  ["604800", "7 d"],
] as const;
type Grace = (typeof GRACES)[number][0];

export function RotateDialog(props: {
  row: KeyRow;
  onClose: () => void;
  onRotated: (created: CreatedKey) => void;
}) {
  const { row, onClose, onRotated } = props;
  const rotate = useRotateKey(row.id);
  const [grace, setGrace] = useState<Grace>("86400");
  return (
    <Dialog title={`Rotate “${row.name}”?`} onClose={onClose}>
      <p>
        The key gets a new secret; its name, limits and models stay. For a while the old secret
        works too, so that programs can change over.
      </p>
      <div className="field">
        <span className="field-label">The old secret goes on working</span>
        <Segments
          name="grace"
          label="How long the old secret works"
          value={grace}
          choices={GRACES}
          onChange={setGrace}
        />
      </div>
      {rotate.error && <ErrorNotice error={rotate.error} />}
      <Choice no="Cancel" onClose={onClose}>
        <button
          type="button"
          className="button primary"
          disabled={rotate.isPending}
          onClick={() => rotate.mutate(Number(grace), { onSuccess: onRotated })}
        >
          Rotate key
        </button>
      </Choice>
    </Dialog>
  );
}

export function RevokeDialog({ row, onClose }: { row: KeyRow; onClose: () => void }) {
  const revoke = useRevokeKey(row.id);
  return (
    <Dialog title={`Revoke “${row.name}”?`} onClose={onClose}>
      <p>
        Calls with this key fail from now on. That cannot be undone; a new key can be made at any
        time.
      </p>
      {revoke.error && <ErrorNotice error={revoke.error} />}
      <Choice no="Keep it" onClose={onClose}>
        <button
          type="button"
          className="button danger"
          disabled={revoke.isPending}
          onClick={() => revoke.mutate(undefined, { onSuccess: onClose })}
        >
          Revoke key
        </button>
      </Choice>
    </Dialog>
  );
}

/** The two answers to a dialog's question; the harmless one has the focus. */
export function Choice(props: { no: string; onClose: () => void; children: ReactNode }) {
  return (
    <div className="actions">
      <button type="button" className="button" autoFocus onClick={props.onClose}>
        {props.no}
      </button>
      {props.children}
    </div>
  );
}
