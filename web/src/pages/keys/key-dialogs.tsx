import { useState, type SubmitEvent } from "react";
import type { KeyRow } from "../../../../src/http/admin-schemas.ts";
import { useCreateKey, useRevokeKey, type KeySecret, type Scope } from "../../api/queries.ts";
import { Dialog } from "../../parts/dialog.tsx";
import { CodeBox, ErrorNotice } from "../../parts/feedback.tsx";

const SCOPES: readonly (readonly [scope: Scope, meaning: string])[] = [
  ["inference", "call models: chat, completions, embeddings"],
  ["admin", "read traces, manage keys, sign in here"],
];

interface NewKeyProps {
  readonly onClose: () => void;
  readonly onCreated: (created: KeySecret) => void;
}

export function NewKeyDialog({ onClose, onCreated }: NewKeyProps) {
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<readonly Scope[]>(["inference"]);
  const create = useCreateKey();
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    create.mutate({ name: name.trim(), scopes }, { onSuccess: onCreated });
  };
  const toggle = (scope: Scope) => {
    setScopes(scopes.includes(scope) ? scopes.filter((one) => one !== scope) : [...scopes, scope]);
  };
  return (
    <Dialog title="New key" onClose={onClose}>
      <form className="stack" onSubmit={submit}>
        <div className="field">
          <label htmlFor="key-name">Name</label>
          <input
            id="key-name"
            className="input"
            autoFocus
            required
            maxLength={100}
            placeholder="web-shop"
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
          <span className="hint">Who uses it; traces and limits go by this name.</span>
        </div>
        <ScopeFields scopes={scopes} onToggle={toggle} />
        {create.error && <ErrorNotice error={create.error} />}
        <div className="actions">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button
            type="submit"
            className="button primary"
            disabled={create.isPending || name.trim() === "" || scopes.length === 0}
          >
            Create key
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function ScopeFields({
  scopes,
  onToggle,
}: {
  scopes: readonly Scope[];
  onToggle: (scope: Scope) => void;
}) {
  return (
    <fieldset className="scopes">
      <legend className="field-label">It may</legend>
      {SCOPES.map(([scope, meaning]) => (
        <label key={scope} className="check">
          <input
            type="checkbox"
            checked={scopes.includes(scope)}
            onChange={() => onToggle(scope)}
          />
          <span>
            {scope} <span className="quiet small">({meaning})</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

export function SecretDialog({ created, onClose }: { created: KeySecret; onClose: () => void }) {
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

export function RevokeDialog({ row, onClose }: { row: KeyRow; onClose: () => void }) {
  const revoke = useRevokeKey();
  return (
    <Dialog title={`Revoke “${row.name}”?`} onClose={onClose}>
      <p>
        Calls with this key fail from now on. That cannot be undone; a new key can be made at any
        time.
        {row.scopes.includes("admin") &&
          " It is an admin key: make sure that you hold another one."}
      </p>
      {revoke.error && <ErrorNotice error={revoke.error} />}
      <div className="actions">
        <button type="button" className="button" autoFocus onClick={onClose}>
          Keep it
        </button>
        <button
          type="button"
          className="button danger"
          disabled={revoke.isPending}
          onClick={() => revoke.mutate(row.id, { onSuccess: onClose })}
        >
          Revoke key
        </button>
      </div>
    </Dialog>
  );
}
