import type { UserRow } from "../../../../src/http/access-schemas.ts";
import { useSignInOptions, useUsers } from "../../api/access-queries.ts";
import { formatAgo, formatFullTime } from "../../format.ts";
import { Badge } from "../../parts/badge.tsx";
import { CodeBox, Empty, Loaded, SkeletonRows } from "../../parts/feedback.tsx";

const EXAMPLE = `access:
  oidc:
    issuer: https://id.example.com
    clientId: weir
    clientSecretEnv: OIDC_CLIENT_SECRET
    roles: { admin: [platform], operator: [on-call], viewer: [developers] }`;

/** Who signed in by way of the identity provider; what they are is decided there. */
export function UsersTab() {
  const users = useUsers();
  const options = useSignInOptions();
  return (
    <Loaded result={users} skeleton={<SkeletonRows count={2} height={52} />}>
      {(data) =>
        data.users.length === 0 ? (
          <NoUsers isOffered={options.data?.oidc != null} />
        ) : (
          <>
            <p className="small quiet key-count">
              Roles come from the identity provider at each sign-in, by access.oidc.roles in
              weir.yaml.
            </p>
            <div className="panel key-list">
              <UserTable rows={data.users} />
            </div>
          </>
        )
      }
    </Loaded>
  );
}

function NoUsers({ isOffered }: { isOffered: boolean }) {
  if (isOffered) {
    return (
      <Empty title="Nobody has signed in yet">
        <p>People appear here at their first sign-in.</p>
      </Empty>
    );
  }
  return (
    <Empty title="People sign in with keys here">
      <p>
        With an identity provider they sign in as themselves, and its groups decide who may what.
        Name one in weir.yaml:
      </p>
      <CodeBox code={EXAMPLE} label="An example for weir.yaml" />
    </Empty>
  );
}

function UserTable({ rows }: { rows: readonly UserRow[] }) {
  const now = Date.now();
  return (
    <table className="table">
      <thead>
        <tr>
          {["User", "Role", "First sign-in", "Last sign-in"].map((name) => (
            <th key={name} scope="col">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.id}>
            <th scope="row">
              {row.email ?? row.name ?? row.subject}
              <div className="key-line">{row.email !== null && row.name}</div>
            </th>
            <td>
              <Badge tone={row.role === "admin" ? "river" : "slate"}>{row.role}</Badge>
            </td>
            <td data-label="first">
              <time title={formatFullTime(row.createdAt)}>{formatAgo(row.createdAt, now)}</time>
            </td>
            <td data-label="last">
              <time title={formatFullTime(row.lastSignInAt)}>
                {formatAgo(row.lastSignInAt, now)}
              </time>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
