import { useState, type SubmitEvent } from "react";
import type { TenantRow } from "../../../../src/http/access-schemas.ts";
import { useCreateTenant, useDropTenant, useEditTenant } from "../../api/access-queries.ts";
import { plural } from "../../format.ts";
import { Dialog } from "../../parts/dialog.tsx";
import { ErrorNotice } from "../../parts/feedback.tsx";
import { Choice } from "./key-dialogs.tsx";
import { ModelsField } from "./key-fields.tsx";
import { LimitFields } from "./limit-fields.tsx";
import { toLimits, toTexts } from "./limit-names.ts";
import { modelsProblem, toModels } from "./typed-models.ts";

const ID = /^[a-z0-9][a-z0-9._-]{0,62}$/;

export function TenantDialog({ row, onClose }: { row?: TenantRow; onClose: () => void }) {
  const [id, setId] = useState(row?.id ?? "");
  const [name, setName] = useState(row?.name ?? "");
  const [models, setModels] = useState(row?.models?.join(", ") ?? "");
  const [texts, setTexts] = useState(() => toTexts(row?.limits ?? {}));
  const create = useCreateTenant();
  const edit = useEditTenant(row?.id ?? "");
  const running = row ? edit : create;
  const limits = toLimits(texts);
  const isSound = ID.test(id) && limits !== undefined && modelsProblem(models) === null;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (!isSound) return;
    const list = toModels(models);
    const wish = { name: name.trim() || id, limits, models: list && [...list] };
    if (row) edit.mutate(wish, { onSuccess: onClose });
    else create.mutate({ ...wish, id }, { onSuccess: onClose });
  };
  return (
    <Dialog title={row ? `Edit “${row.id}”` : "New tenant"} onClose={onClose}>
      <form className="stack" onSubmit={submit}>
        {!row && <IdField id={id} onChange={setId} />}
        <div className="field">
          <label htmlFor="tenant-name">Name</label>
          <input
            id="tenant-name"
            className="input"
            maxLength={100}
            placeholder={id === "" ? "Web shop" : id}
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        </div>
        <ModelsField text={models} onChange={setModels} />
        <LimitFields
          texts={texts}
          onChange={setTexts}
          hint="For all keys of the tenant together. What is left empty is as weir.yaml has it."
        />
        {running.error && <ErrorNotice error={running.error} />}
        <div className="actions">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button primary" disabled={running.isPending || !isSound}>
            {row ? "Save" : "Create tenant"}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function IdField({ id, onChange }: { id: string; onChange: (id: string) => void }) {
  const isWrong = id !== "" && !ID.test(id);
  return (
    <div className="field">
      <label htmlFor="tenant-id">Id</label>
      <input
        id="tenant-id"
        className="input mono"
        autoFocus
        required
        placeholder="web-shop"
        aria-invalid={isWrong}
        value={id}
        onChange={(event) => onChange(event.target.value)}
      />
      <span className={isWrong ? "problem" : "hint"}>
        Small letters, digits and ._- ; it stays as it is.
      </span>
    </div>
  );
}

export function DisableDialog({ row, onClose }: { row: TenantRow; onClose: () => void }) {
  const edit = useEditTenant(row.id);
  return (
    <Dialog title={`${row.disabled ? "Enable" : "Disable"} “${row.id}”?`} onClose={onClose}>
      <p>
        {row.disabled
          ? `Its ${plural(row.keys, "key")} will work again.`
          : `Its ${plural(row.keys, "key")} will be refused with a 403 until the tenant is enabled again.`}
      </p>
      {edit.error && <ErrorNotice error={edit.error} />}
      <Choice no="Cancel" onClose={onClose}>
        <button
          type="button"
          className={row.disabled ? "button primary" : "button danger"}
          disabled={edit.isPending}
          onClick={() => edit.mutate({ disabled: !row.disabled }, { onSuccess: onClose })}
        >
          {row.disabled ? "Enable tenant" : "Disable tenant"}
        </button>
      </Choice>
    </Dialog>
  );
}

export function DropDialog({ row, onClose }: { row: TenantRow; onClose: () => void }) {
  const drop = useDropTenant(row.id);
  return (
    <Dialog title={`Delete “${row.id}”?`} onClose={onClose}>
      <p>It has no key in use. Its calls stay in the traces.</p>
      {drop.error && <ErrorNotice error={drop.error} />}
      <Choice no="Keep it" onClose={onClose}>
        <button
          type="button"
          className="button danger"
          disabled={drop.isPending}
          onClick={() => drop.mutate(undefined, { onSuccess: onClose })}
        >
          Delete tenant
        </button>
      </Choice>
    </Dialog>
  );
}
