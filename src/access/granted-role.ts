import type { OidcConfig } from "../config/access.ts";
import { ROLES, type Role } from "../core/access.ts";

/** What a provider says of somebody: the claims of the ID token and of the userinfo. */
export type Claims = Readonly<Record<string, unknown>>;

/** The highest role that the claim's values come to; undefined for none. A pure decision. */
export function grantedRole(
  claims: Claims,
  { rolesClaim, roles, defaultRole }: Pick<OidcConfig, "rolesClaim" | "roles" | "defaultRole">,
): Role | undefined {
  const said = asGiven(claims, rolesClaim);
  const values = new Set((Array.isArray(said) ? said : [said]).map(String));
  const granted = ROLES.findLast((role) => roles[role].some((value) => values.has(value)));
  return granted ?? (defaultRole === "none" ? undefined : defaultRole);
}

/** The claim of this name, or at this path: `groups`, `realm_access.roles`, `https://example.com/roles`. */
export function asGiven(claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  return name.split(".").reduce<unknown>(
    (found, part) =>
      typeof found === "object" && found !== null && Object.hasOwn(found, part)
        ? (found as Claims)[part] // just checked
        : undefined,
    claims,
  );
}
