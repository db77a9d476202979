import { useState } from "react";
import type { CreatedKey, KeyRow } from "../../../../src/http/access-schemas.ts";
import { useKeys, useLimits, useSpend, useTenants } from "../../api/access-queries.ts";
import { plural } from "../../format.ts";
import { Empty, Loaded, SkeletonRows } from "../../parts/feedback.tsx";
import { Segments } from "../../parts/page.tsx";
import { RevokeDialog, RotateDialog, SecretDialog } from "./key-dialogs.tsx";
import { KeyDialog } from "./key-form.tsx";
import { KeyTable } from "./key-table.tsx";
import { type KeyState, filterKeys } from "./filter-keys.ts";

export type KeyAction = "edit" | "rotate" | "revoke";
type Open = { readonly dialog: KeyAction; readonly row: KeyRow } | null;

/** More rows than anybody reads make the page slow: the search finds the others. */
const MOST_ROWS = 200;

export function KeysTab({ isNew, onNewClosed }: { isNew: boolean; onNewClosed: () => void }) {
  const keys = useKeys();
  const tenants = useTenants().data?.tenants ?? [];
  const limits = useLimits().data?.limits ?? [];
  const spend = useSpend().data?.keys ?? [];
  const [search, setSearch] = useState("");
  const [state, setState] = useState<KeyState>("in use");
  const [open, setOpen] = useState<Open>(null);
  const [created, setCreated] = useState<CreatedKey | null>(null);
  const close = () => setOpen(null);
  const show = (secret: CreatedKey) => {
    close();
    onNewClosed();
    setCreated(secret);
  };
  return (
    <>
      <KeyFilter search={search} onSearch={setSearch} state={state} onState={setState} />
      <Loaded result={keys} skeleton={<SkeletonRows count={4} height={52} />}>
        {(data) => {
          const found = filterKeys(data.keys, search, state);
          if (found.length === 0) return <NoKeys search={search} />;
          const act = (dialog: KeyAction, row: KeyRow) => setOpen({ dialog, row });
          return (
            <>
              <p className="small quiet key-count">
                {plural(found.length, "key")}
                {found.length > MOST_ROWS && `; the first ${MOST_ROWS} are shown`}
              </p>
              <div className="panel key-list">
                <KeyTable
                  rows={found.slice(0, MOST_ROWS)}
                  limits={limits}
                  spend={spend}
                  onAct={act}
                />
              </div>
            </>
          );
        }}
      </Loaded>
      {isNew && <KeyDialog tenants={tenants} onClose={onNewClosed} onCreated={show} />}
      {open?.dialog === "edit" && <KeyDialog tenants={tenants} row={open.row} onClose={close} />}
      {open?.dialog === "rotate" && (
        <RotateDialog row={open.row} onClose={close} onRotated={show} />
      )}
      {open?.dialog === "revoke" && <RevokeDialog row={open.row} onClose={close} />}
      {created && <SecretDialog created={created} onClose={() => setCreated(null)} />}
    </>
  );
}

function KeyFilter(props: {
  search: string;
  onSearch: (search: string) => void;
  state: KeyState;
  onState: (state: KeyState) => void;
}) {
  return (
    <div className="row key-filter">
      <input
        type="search"
        className="input"
        aria-label="Search keys"
        placeholder="Search by tenant, note, what it is called"
        value={props.search}
        onChange={(event) => props.onSearch(event.target.value)}
      />
      <Segments
        name="key-state"
        label="Which keys"
        value={props.state}
        choices={[
          ["in use", "In use"],
          ["revoked", "Revoked"],
          ["all", "All"],
        ]}
        onChange={props.onState}
      />
    </div>
  );
}

function NoKeys({ search }: { search: string }) {
  return (
    <Empty title="No key fits">
      <p>
        {search === ""
          ? "There is none in this state."
          : `Nothing has “${search}” in its name, tenant, note or first letters.`}
      </p>
    </Empty>
  );
}
