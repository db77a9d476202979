import { useState, type SubmitEvent } from "react";
import type { CreatedKey, KeyRow, TenantRow } from "../../../../src/http/access-schemas.ts";
import { useCreateKey, useEditKey, type KeyWish } from "../../api/access-queries.ts";
import { Dialog } from "../../parts/dialog.tsx";
import { ErrorNotice } from "../../parts/feedback.tsx";
import {
  ExpiryField,
  ModelsField,
  PriorityField,
  ScopeFields,
  TenantField,
} from "./key-fields.tsx";
import { fromDay, toDay } from "./expiry.ts";
import { LimitFields } from "./limit-fields.tsx";
import { type LimitTexts, toLimits, toTexts } from "./limit-names.ts";
import { modelsProblem, toModels } from "./typed-models.ts";

/** What is typed in. */
export interface KeyDraft {
  readonly name: string;
  readonly scopes: KeyRow["scopes"];
  readonly tenant: string;
  readonly day: string;
  readonly models: string;
  readonly limits: LimitTexts;
  readonly priority: KeyRow["priority"];
  readonly note: string;
}

function draftOf(row: KeyRow | undefined): KeyDraft {
  return {
    name: row?.name ?? "",
    scopes: row?.scopes ?? ["inference"],
    tenant: row?.tenant ?? "default",
    day: toDay(row?.expiresAt ?? null),
    models: row?.models?.join(", ") ?? "",
    limits: toTexts(row?.limits ?? {}),
    priority: row?.priority ?? null,
    note: row?.note ?? "",
  };
}

/** Undefined while something in it cannot be. */
function wishOf(draft: KeyDraft, row: KeyRow | undefined): KeyWish | undefined {
  const limits = toLimits(draft.limits);
  const isSound = draft.name.trim() !== "" && draft.scopes.length > 0;
  if (!isSound || !limits || modelsProblem(draft.models) !== null) return undefined;
  // A list that allows nothing has no text: it stays unless another is written.
  const isEmptyList = row?.models?.length === 0 && draft.models === "";
  const models = isEmptyList ? [] : toModels(draft.models);
  return {
    name: draft.name.trim(),
    scopes: [...draft.scopes],
    tenant: draft.tenant,
    expiresAt: fromDay(draft.day, row?.expiresAt ?? null),
    models: models && [...models],
    limits,
    priority: draft.priority,
    note: draft.note.trim() || null,
  };
}

interface KeyDialogProps {
  /** Absent: a new key. */
  readonly row?: KeyRow;
  readonly tenants: readonly TenantRow[];
  readonly onClose: () => void;
  readonly onCreated?: (created: CreatedKey) => void;
}

export function KeyDialog({ row, tenants, onClose, onCreated }: KeyDialogProps) {
  const [draft, setDraft] = useState(() => draftOf(row));
  const create = useCreateKey();
  const edit = useEditKey(row?.id ?? "");
  const running = row ? edit : create;
  const wish = wishOf(draft, row);
  const set = (change: Partial<KeyDraft>) => setDraft((last) => ({ ...last, ...change }));
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (!wish) return;
    if (row) edit.mutate(wish, { onSuccess: onClose });
    else create.mutate(wish, { onSuccess: (created) => onCreated?.(created) });
  };
  return (
    <Dialog title={row ? `Edit “${row.name}”` : "New key"} onClose={onClose}>
      <form className="stack" onSubmit={submit}>
        <KeyFields draft={draft} tenants={tenants} set={set} />
        {running.error && <ErrorNotice error={running.error} />}
        <div className="actions">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button primary" disabled={running.isPending || !wish}>
            {row ? "Save" : "Create key"}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function KeyFields(props: {
  draft: KeyDraft;
  tenants: readonly TenantRow[];
  set: (change: Partial<KeyDraft>) => void;
}) {
  const { draft, tenants, set } = props;
  return (
    <>
      <div className="field">
        <label htmlFor="key-name">Name</label>
        <input
          id="key-name"
          className="input"
          autoFocus
          required
          maxLength={100}
          placeholder="web-shop"
          value={draft.name}
          onChange={(event) => set({ name: event.target.value })}
        />
        <span className="hint">Who uses it; traces and limits go by it.</span>
      </div>
      <ScopeFields scopes={draft.scopes} onChange={(scopes) => set({ scopes })} />
      <div className="field-pair">
        <TenantField
          value={draft.tenant}
          tenants={tenants}
          onChange={(tenant) => set({ tenant })}
        />
        <PriorityField value={draft.priority} onChange={(priority) => set({ priority })} />
      </div>
      <ExpiryField day={draft.day} onChange={(day) => set({ day })} />
      <ModelsField text={draft.models} onChange={(models) => set({ models })} />
      <LimitFields
        texts={draft.limits}
        onChange={(limits) => set({ limits })}
        hint="What is left empty is as weir.yaml has it. The tenant's limits hold beside these."
      />
      <div className="field">
        <label htmlFor="key-note">Note</label>
        <input
          id="key-note"
          className="input"
          maxLength={500}
          value={draft.note}
          onChange={(event) => set({ note: event.target.value })}
        />
      </div>
    </>
  );
}
