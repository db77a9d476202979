import { covers } from "../core/access.ts";
import type { Caller, Scope } from "../core/call.ts";
import { WeirError } from "../core/errors.ts";

/**
 * What is asked about secrets; both give undefined for what is unknown or revoked. `key` throws
 * unauthorized for one that expired, forbidden for one whose tenant is disabled.
 */
export interface Credentials {
  key(secret: string): Caller | undefined;
  session(secret: string): Caller | undefined;
}

/** What is read of a request to know who sent it. */
export interface Asked {
  readonly method?: string | undefined;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export const SESSION_COOKIE = "weir_session";
const CSRF_HEADER = "x-weir-csrf";

/**
 * Who sent a request: by `Authorization: Bearer`, by `x-api-key`, or by the dashboard's cookie. A
 * cookie alone may only read: anything else needs a header that other sites' pages cannot send.
 * Throws unauthorized or forbidden.
 */
export function identify(request: Asked, credentials: Credentials, scope: Scope): Caller {
  const caller = callerOf(request, credentials);
  if (covers(caller.scopes, scope)) return caller;
  throw new WeirError(
    "forbidden",
    `"${caller.keyName}" may not do this: it needs the scope "${scope}". Use a key that has it (weir keys create NAME --scope ${scope}), or ask an administrator for that role.`,
  );
}

function callerOf({ headers, method }: Asked, credentials: Credentials): Caller {
  const secret = bearer(headers["authorization"]) ?? headers["x-api-key"];
  if (typeof secret === "string") {
    const caller = credentials.key(secret);
    if (caller) return caller;
    throw new WeirError(
      "unauthorized",
      "This API key is not known here, or was revoked. The admin key was printed at the first start; a lost one is replaced with: weir keys rotate --admin",
    );
  }
  const session = sessionSecret(headers["cookie"]);
  const caller = session === undefined ? undefined : credentials.session(session);
  if (!caller) {
    throw new WeirError(
      "unauthorized",
      'No API key was sent. Send it as "Authorization: Bearer wk-…".',
    );
  }
  if (method !== "GET" && method !== "HEAD" && headers[CSRF_HEADER] === undefined) {
    throw new WeirError(
      "forbidden",
      `A request with the dashboard's cookie needs the header ${CSRF_HEADER}: 1.`,
    );
  }
  return caller;
}

function bearer(header: string | string[] | undefined): string | undefined {
  return typeof header === "string" && /^bearer /i.test(header)
    ? header.slice(7).trim()
    : undefined;
}

export function sessionSecret(cookies: string | string[] | undefined): string | undefined {
  if (typeof cookies !== "string") return undefined;
  for (const cookie of cookies.split(";")) {
    const [name, value] = cookie.trim().split("=");
    if (name === SESSION_COOKIE) return value;
  }
  return undefined;
}
