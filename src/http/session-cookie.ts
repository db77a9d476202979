import type { IncomingMessage } from "node:http";
import { SESSION_COOKIE } from "./identify.ts";

/** The dashboard's cookie as it is set; without a session it is taken away. */
export function sessionCookie(
  session: { readonly secret: string; readonly expiresAt: number } | undefined,
  secure: boolean,
): string {
  // Strict also after a sign-in elsewhere: the page that the browser comes back to is a file that
  // needs no cookie, and what that page then asks for is asked by this site.
  return toCookie(SESSION_COOKIE, session?.secret ?? "", {
    path: "/",
    sameSite: "Strict",
    expiresAt: session?.expiresAt ?? 0,
    secure,
  });
}

export interface CookieFacts {
  readonly path: string;
  readonly sameSite: "Strict" | "Lax";
  readonly expiresAt: number;
  readonly secure: boolean;
}

/** A cookie that scripts cannot read. */
export function toCookie(
  name: string,
  value: string,
  { path, sameSite, expiresAt, secure }: CookieFacts,
): string {
  const expires = new Date(expiresAt).toUTCString();
  return `${name}=${value}; Path=${path}; HttpOnly; SameSite=${sameSite}; Expires=${expires}${secure ? "; Secure" : ""}`;
}

/** Whether the browser came by TLS, here or at the proxy before. */
export function isSecure({ headers, socket }: IncomingMessage): boolean {
  return headers["x-forwarded-proto"] === "https" || "encrypted" in socket;
}

/** What a request's cookie of this name holds. */
export function cookieOf({ headers }: IncomingMessage, name: string): string | undefined {
  for (const cookie of headers.cookie?.split(";") ?? []) {
    const [key, value] = cookie.trim().split("=");
    if (key === name) return value;
  }
  return undefined;
}
