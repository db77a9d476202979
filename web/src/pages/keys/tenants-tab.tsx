import { useState } from "react";
import type { TenantRow } from "../../../../src/http/access-schemas.ts";
import type { LimitRow, SpendRow } from "../../../../src/http/limit-schemas.ts";
import { useLimits, useSpend, useTenants } from "../../api/access-queries.ts";
import { formatAgo, formatFullTime } from "../../format.ts";
import { Badge } from "../../parts/badge.tsx";
import { Loaded, SkeletonRows } from "../../parts/feedback.tsx";
import { ModelList } from "./model-list.tsx";
import { DisableDialog, DropDialog, TenantDialog } from "./tenant-dialogs.tsx";
import { Spent } from "./spent.tsx";
import { UseBars } from "./use-bars.tsx";

type Action = "edit" | "disable" | "delete";
type Open = { readonly dialog: Action; readonly row: TenantRow } | null;
type Act = (dialog: Action, row: TenantRow) => void;

export function TenantsTab({ isNew, onNewClosed }: { isNew: boolean; onNewClosed: () => void }) {
  const tenants = useTenants();
  const limits = useLimits().data?.limits ?? [];
  const spend = useSpend().data?.tenants ?? [];
  const [open, setOpen] = useState<Open>(null);
  const close = () => setOpen(null);
  return (
    <>
      <p className="small quiet key-count">
        A tenant&apos;s limits are for all of its keys together; its models are those that its keys
        may use at the most.
      </p>
      <Loaded result={tenants} skeleton={<SkeletonRows count={2} height={52} />}>
        {(data) => (
          <div className="panel key-list">
            <TenantTable
              rows={data.tenants}
              limits={limits}
              spend={spend}
              onAct={(dialog, row) => setOpen({ dialog, row })}
            />
          </div>
        )}
      </Loaded>
      {isNew && <TenantDialog onClose={onNewClosed} />}
      {open?.dialog === "edit" && <TenantDialog row={open.row} onClose={close} />}
      {open?.dialog === "disable" && <DisableDialog row={open.row} onClose={close} />}
      {open?.dialog === "delete" && <DropDialog row={open.row} onClose={close} />}
    </>
  );
}

const HEADS = ["Tenant", "Keys", "Models", "Spent", "Limits used", "Made", "State"];

function TenantTable(props: {
  rows: readonly TenantRow[];
  limits: readonly LimitRow[];
  spend: readonly SpendRow[];
  onAct: Act;
}) {
  const now = Date.now();
  return (
    <table className="table">
      <thead>
        <tr>
          {HEADS.map((name) => (
            <th key={name} scope="col">
              {name}
            </th>
          ))}
          <th scope="col">
            <span className="for-screen-readers">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {props.rows.map((row) => (
          <TenantLine
            key={row.id}
            row={row}
            limits={props.limits}
            spend={props.spend}
            now={now}
            onAct={props.onAct}
          />
        ))}
      </tbody>
    </table>
  );
}

function TenantLine(props: {
  row: TenantRow;
  limits: readonly LimitRow[];
  spend: readonly SpendRow[];
  now: number;
  onAct: Act;
}) {
  const { row, limits, spend, now, onAct } = props;
  const own = limits.filter(({ subject }) => subject.kind === "tenant" && subject.id === row.id);
  return (
    <tr>
      <th scope="row">
        {row.id}
        {row.name !== row.id && <div className="key-line">{row.name}</div>}
      </th>
      <td data-label="keys">{row.keys}</td>
      <td data-label="models">{row.models ? <ModelList models={row.models} /> : "all"}</td>
      <td data-label="spent">
        <Spent row={spend.find(({ id }) => id === row.id)} />
      </td>
      <td data-label="limits">
        {Object.keys(row.limits).length + own.length === 0 ? (
          <span className="quiet">none of its own</span>
        ) : (
          <UseBars rows={own} limits={row.limits} />
        )}
      </td>
      <td data-label="made">
        <time title={formatFullTime(row.createdAt)}>{formatAgo(row.createdAt, now)}</time>
      </td>
      <td>
        <Badge tone={row.disabled ? "ochre" : "moss"} icon={row.disabled ? "pause" : "check"}>
          {row.disabled ? "disabled" : "in use"}
        </Badge>
      </td>
      <td className="key-actions">
        <TenantActions row={row} onAct={onAct} />
      </td>
    </tr>
  );
}

function TenantActions({ row, onAct }: { row: TenantRow; onAct: Act }) {
  const button = (action: Action, text: string, more: { danger?: boolean; why?: string } = {}) => (
    <button
      type="button"
      className={more.danger ? "button danger small" : "button small"}
      aria-label={`${text} ${row.id}`}
      disabled={more.why !== undefined}
      title={more.why}
      onClick={() => onAct(action, row)}
    >
      {text}
    </button>
  );
  if (row.id === "default") return button("edit", "Edit");
  const inUse = row.keys > 0 ? "It has keys in use: revoke or move them first." : undefined;
  return (
    <>
      {button("edit", "Edit")}
      {button("disable", row.disabled ? "Enable" : "Disable")}
      {button("delete", "Delete", { danger: true, ...(inUse !== undefined && { why: inUse }) })}
    </>
  );
}
