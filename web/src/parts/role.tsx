import { createContext, use, type ReactNode } from "react";
import type { KeyRow, Session } from "../../../src/http/access-schemas.ts";
import { Icon } from "./icon.tsx";
import { PageHead } from "./page.tsx";

type Scope = KeyRow["scopes"][number];

/** What a role may; the server decides, this only shows it beforehand. */
const GRANTS: Readonly<Record<string, readonly Scope[]>> = {
  viewer: ["viewer"],
  operator: ["viewer", "operator"],
  admin: ["viewer", "operator", "admin", "inference", "traces"],
  inference: ["inference"],
  traces: ["traces"],
};

const SessionContext = createContext<Session | null>(null);

export function SessionProvider(props: { session: Session; children: ReactNode }) {
  return <SessionContext value={props.session}>{props.children}</SessionContext>;
}

/** Whether who is signed in may do what needs this scope. */
export function useMay(scope: Scope): boolean {
  const session = use(SessionContext);
  return session?.scopes.some((one) => GRANTS[one]?.includes(scope)) ?? false;
}

/** The reason why something cannot be pressed; undefined when it can. */
export function useWhyNot(scope: Scope): string | undefined {
  return useMay(scope) ? undefined : `This needs the ${nameOf(scope)}.`;
}

/** What a page shows in the place of what one may not see or do. */
export function OnlyFor(props: {
  scope: Scope;
  /** The page's heading, where the page itself would bring it. */
  title?: string;
  children: ReactNode;
}) {
  const { scope, title } = props;
  const session = use(SessionContext);
  if (useMay(scope)) return props.children;
  return (
    <>
      {title !== undefined && <PageHead title={title} name={title} />}
      <div className="notice ochre" role="note">
        <Icon name="shield" />
        <div>
          <strong>This page needs the {nameOf(scope)}.</strong>
          <p>
            You are signed in as {session?.key}, with the role {session?.role}. Ask an
            administrator, or sign in with another key.
          </p>
        </div>
      </div>
    </>
  );
}

function nameOf(scope: Scope): string {
  if (scope === "inference") return "right to call models (admin, or a key for it)";
  if (scope === "traces") return "right to trace (admin, or a key for it)";
  return `role ${scope}`;
}
