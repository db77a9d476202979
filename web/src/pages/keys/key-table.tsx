import type { KeyRow } from "../../../../src/http/access-schemas.ts";
import type { LimitRow, SpendRow } from "../../../../src/http/limit-schemas.ts";
import { formatAgo, formatFullTime } from "../../format.ts";
import { Badge, type Tone } from "../../parts/badge.tsx";
import type { IconName } from "../../parts/icon.tsx";
import { ModelList } from "./model-list.tsx";
import { Spent } from "./spent.tsx";
import { UseBars } from "./use-bars.tsx";
import type { KeyAction } from "./keys-tab.tsx";
import { formatIn } from "./expiry.ts";

interface KeyTableProps {
  readonly rows: readonly KeyRow[];
  readonly limits: readonly LimitRow[];
  readonly spend: readonly SpendRow[];
  readonly onAct: (action: KeyAction, row: KeyRow) => void;
}

const HEADS = ["Key", "Tenant", "May", "Spent", "Limits used", "Last used", "State"];

export function KeyTable({ rows, limits, spend, onAct }: KeyTableProps) {
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
        {rows.map((row) => (
          <KeyLine key={row.id} row={row} limits={limits} spend={spend} now={now} onAct={onAct} />
        ))}
      </tbody>
    </table>
  );
}

function KeyLine(props: Omit<KeyTableProps, "rows"> & { row: KeyRow; now: number }) {
  const { row, limits, spend, now, onAct } = props;
  const own = limits.filter(({ subject }) => subject.kind === "key" && subject.id === row.id);
  return (
    <tr className={row.revoked ? "revoked" : ""}>
      <th scope="row">
        {row.name}
        <div className="key-line">
          <code>{row.prefix}…</code>
          {row.note !== null && <span>{row.note}</span>}
        </div>
      </th>
      <td data-label="tenant">{row.tenant}</td>
      <td data-label="may">
        {row.scopes.join(", ")}
        {row.models && <ModelList models={row.models} />}
      </td>
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
      <td data-label="last used">{formatAgo(row.lastUsedAt, now)}</td>
      <td>
        <KeyState row={row} now={now} />
      </td>
      <td className="key-actions">
        <KeyActions row={row} onAct={onAct} />
      </td>
    </tr>
  );
}

const STATES: Record<KeyRow["state"], [tone: Tone, icon: IconName, text: string]> = {
  active: ["moss", "check", "in use"],
  expired: ["clay", "warning", "expired"],
  disabled: ["ochre", "pause", "tenant disabled"],
  revoked: ["slate", "cross", "revoked"],
};

function KeyState({ row, now }: { row: KeyRow; now: number }) {
  const [tone, icon, text] = STATES[row.state];
  return (
    <>
      <Badge tone={tone} icon={icon}>
        {text}
      </Badge>
      {row.expiresAt !== null && !row.revoked && (
        <div className="key-line" title={formatFullTime(row.expiresAt)}>
          {row.state === "expired"
            ? formatAgo(row.expiresAt, now)
            : `expires ${formatIn(row.expiresAt, now)}`}
        </div>
      )}
      {row.previousUntil !== null && (
        <div className="key-line" title={formatFullTime(row.previousUntil)}>
          old secret ends {formatIn(row.previousUntil, now)}
        </div>
      )}
    </>
  );
}

function KeyActions({ row, onAct }: { row: KeyRow; onAct: KeyTableProps["onAct"] }) {
  if (row.revoked) return null;
  if (row.fixed) return <span className="small quiet">set by WEIR_ADMIN_KEY</span>;
  return (
    <>
      {(["edit", "rotate", "revoke"] as const).map((action) => (
        <button
          key={action}
          type="button"
          className={action === "revoke" ? "button danger small" : "button small"}
          aria-label={`${TEXTS[action]} ${row.name}`}
          onClick={() => onAct(action, row)}
        >
          {TEXTS[action]}
        </button>
      ))}
    </>
  );
}

const TEXTS = { edit: "Edit", rotate: "Rotate", revoke: "Revoke" } as const;
