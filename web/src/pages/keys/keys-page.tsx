import { useState } from "react";
import { Link, useParams } from "wouter";
import { PageHead } from "../../parts/page.tsx";
import { OnlyFor } from "../../parts/role.tsx";
import { Icon } from "../../parts/icon.tsx";
import { KeysTab } from "./keys-tab.tsx";
import { TenantsTab } from "./tenants-tab.tsx";
import { UsersTab } from "./users-tab.tsx";

const TABS = [
  ["keys", "Keys"],
  ["tenants", "Tenants"],
  ["users", "Users"],
] as const;
type Tab = (typeof TABS)[number][0];

/** Who may call this server, who pays, and who looks at it. Secrets are shown once, when they are made. */
export function KeysPage() {
  const { tab: asked } = useParams<{ tab?: string }>();
  const tab = TABS.find(([name]) => name === asked)?.[0] ?? "keys";
  const [isNew, setNew] = useState(false);
  const close = () => setNew(false);
  return (
    <>
      <PageHead
        title="Keys & tenants"
        name="Keys & tenants"
        lead="Who may call this server, what for, and how much"
      />
      <OnlyFor scope="admin">
        <div className="row key-tabs">
          <Tabs here={tab} />
          {tab !== "users" && (
            <button type="button" className="button primary" onClick={() => setNew(true)}>
              <Icon name="plus" size={16} /> {tab === "keys" ? "New key" : "New tenant"}
            </button>
          )}
        </div>
        {tab === "keys" && <KeysTab isNew={isNew} onNewClosed={close} />}
        {tab === "tenants" && <TenantsTab isNew={isNew} onNewClosed={close} />}
        {tab === "users" && <UsersTab />}
      </OnlyFor>
    </>
  );
}

function Tabs({ here }: { here: Tab }) {
  return (
    <nav className="tabs" aria-label="Keys, tenants and users">
      {TABS.map(([name, text]) => (
        <Link
          key={name}
          href={name === "keys" ? "/keys" : `/keys/${name}`}
          aria-current={name === here ? "page" : undefined}
        >
          {text}
        </Link>
      ))}
    </nav>
  );
}
