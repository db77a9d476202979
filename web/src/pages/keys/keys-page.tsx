import { useState } from "react";
import type { KeyRow } from "../../../../src/http/admin-schemas.ts";
import { useKeys, type KeySecret } from "../../api/queries.ts";
import { formatAgo, formatFullTime } from "../../format.ts";
import { Badge } from "../../parts/badge.tsx";
import { Loaded, SkeletonRows } from "../../parts/feedback.tsx";
import { Icon } from "../../parts/icon.tsx";
import { PageHead } from "../../parts/page.tsx";
import { NewKeyDialog, RevokeDialog, SecretDialog } from "./key-dialogs.tsx";

type Open =
  | { readonly dialog: "new" }
  | { readonly dialog: "secret"; readonly created: KeySecret }
  | { readonly dialog: "revoke"; readonly row: KeyRow };

/** Who may call this server. Secrets are shown once, when they are made. */
export function KeysPage() {
  const keys = useKeys();
  const [open, setOpen] = useState<Open | null>(null);
  const close = () => setOpen(null);
  return (
    <>
      <PageHead title="Keys" name="Keys" lead="Who may call this server, and what for">
        <button type="button" className="button primary" onClick={() => setOpen({ dialog: "new" })}>
          <Icon name="plus" size={16} /> New key
        </button>
      </PageHead>
      <Loaded result={keys} skeleton={<SkeletonRows count={3} height={48} />}>
        {(data) => (
          <div className="panel key-list">
            <KeyTable rows={data.keys} onRevoke={(row) => setOpen({ dialog: "revoke", row })} />
          </div>
        )}
      </Loaded>
      {open?.dialog === "new" && (
        <NewKeyDialog
          onClose={close}
          onCreated={(created) => setOpen({ dialog: "secret", created })}
        />
      )}
      {open?.dialog === "secret" && <SecretDialog created={open.created} onClose={close} />}
      {open?.dialog === "revoke" && <RevokeDialog row={open.row} onClose={close} />}
    </>
  );
}

function KeyTable({
  rows,
  onRevoke,
}: {
  rows: readonly KeyRow[];
  onRevoke: (row: KeyRow) => void;
}) {
  const now = Date.now();
  return (
    <table className="table">
      <thead>
        <tr>
          {["Name", "Starts with", "May", "Made", "Last used", "State"].map((name) => (
            <th key={name} scope="col">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.id} className={row.revoked ? "revoked" : ""}>
            <th scope="row">{row.name}</th>
            <td data-label="starts with">
              <code>{row.prefix}…</code>
            </td>
            <td data-label="may">{row.scopes.join(", ")}</td>
            <td data-label="made">
              <time
                dateTime={new Date(row.createdAt).toISOString()}
                title={formatFullTime(row.createdAt)}
              >
                {formatAgo(row.createdAt, now)}
              </time>
            </td>
            <td data-label="last used">{formatAgo(row.lastUsedAt, now)}</td>
            <td>
              {row.revoked ? (
                <Badge tone="slate" icon="cross">
                  revoked
                </Badge>
              ) : (
                <button
                  type="button"
                  className="button danger small"
                  aria-label={`Revoke ${row.name}`}
                  onClick={() => onRevoke(row)}
                >
                  Revoke
                </button>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
