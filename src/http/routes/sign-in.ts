import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { FastifyInstance, FastifyReply } from "fastify";
import type { Role } from "../../core/access.ts";
import { WeirError, toWeirError } from "../../core/errors.ts";
import { SignInOptions, SignedOut } from "../access-schemas.ts";
import type { Authorise } from "../authorise.ts";
import { sessionSecret } from "../identify.ts";
import { cookieOf, isSecure, sessionCookie, toCookie } from "../session-cookie.ts";

interface Person {
  readonly issuer: string;
  readonly subject: string;
  readonly email: string | null;
  readonly name: string | null;
}

/** The provider that people sign in with. */
export interface Provider {
  readonly label: string;
  /** The callback's address as registered; absent: as the browser asks. */
  readonly redirectUrl: string | undefined;
  begin(redirectUrl: string): Promise<{ readonly url: URL; readonly kept: string }>;
  finish(
    currentUrl: URL,
    kept: string,
  ): Promise<{ readonly person: Person; readonly role: Role | undefined }>;
  goodbye(backTo: string): Promise<string | undefined>;
}

export interface SignInNeeds {
  readonly authorise: Authorise;
  /** The one of this moment; undefined: there are only keys. */
  readonly provider: () => Provider | undefined;
  readonly open: (
    person: Person & { role: Role },
  ) => Promise<{ secret: string; expiresAt: number }>;
  readonly close: (secret: string) => Promise<void>;
  readonly isOpen: (secret: string) => boolean;
  /** Whether a session is a person's, not a key's. */
  readonly isPersons: (secret: string) => boolean;
  readonly now: () => number;
}

const COOKIE = "weir_sign_in";
const COOKIE_MS = 10 * 60_000;
const CALLBACK = "/auth/callback";

/** Signing in by way of an identity provider: there, back again, and out. Pages, not JSON, for the browser. */
export function signInRoutes(app: FastifyInstance, needs: SignInNeeds): void {
  const tag = "Session";
  app.get(
    "/auth/options",
    { schema: { summary: "How one may sign in", tag, response: { 200: SignInOptions } } },
    async () => {
      const provider = needs.provider();
      return { oidc: provider ? { label: provider.label, url: "/auth/login" } : null };
    },
  );
  app.post(
    "/auth/logout",
    {
      schema: {
        summary: "Sign out, and learn where to sign out at the identity provider",
        tag,
        response: { 200: SignedOut },
      },
    },
    async (request, reply) => {
      const url = await signOut(request.raw, needs);
      return reply.header("set-cookie", sessionCookie(undefined, false)).send({ url });
    },
  );
  app.get("/auth/login", async ({ raw }, reply) => {
    try {
      const provider = offered(needs);
      const { url, kept } = await provider.begin(redirectUrlOf(raw, provider));
      return await reply.header("set-cookie", signInCookie(kept, raw, needs)).redirect(url.href);
    } catch (cause) {
      return failed(reply, toWeirError(cause));
    }
  });
  app.get(CALLBACK, async ({ raw }, reply) => {
    // Whatever comes of it, what was begun is over.
    reply.header("set-cookie", signInCookie(undefined, raw, needs));
    try {
      const provider = offered(needs);
      const current = new URL(redirectUrlOf(raw, provider));
      current.search = new URL(raw.url ?? "", current).search;
      const { person, role } = await provider.finish(current, cookieOf(raw, COOKIE) ?? "");
      if (!role) return noRole(reply, person);
      const session = await needs.open({ ...person, role });
      return await reply
        .header("set-cookie", sessionCookie(session, isSecure(raw)))
        .redirect("/", 303);
    } catch (cause) {
      return failed(reply, toWeirError(cause));
    }
  });
}

function offered({ provider }: SignInNeeds): Provider {
  const found = provider();
  if (found) return found;
  throw new WeirError(
    "not_found",
    "This server has no sign-in service: sign in with a key, or name one under access.oidc in weir.yaml.",
  );
}

async function signOut(request: IncomingMessage, needs: SignInNeeds): Promise<string | null> {
  const secret = sessionSecret(request.headers.cookie);
  // One that ended by itself needs no leave.
  if (secret === undefined || !needs.isOpen(secret)) return null;
  needs.authorise(request, "viewer");
  const isPersons = needs.isPersons(secret);
  await needs.close(secret);
  const provider = needs.provider();
  if (!isPersons || !provider) return null;
  // Here it is done; that the provider cannot be asked changes nothing about it.
  return provider.goodbye(new URL("/", redirectUrlOf(request, provider)).href).then(
    (url) => url ?? null,
    () => null,
  );
}

function redirectUrlOf(request: IncomingMessage, { redirectUrl }: Provider): string {
  if (redirectUrl !== undefined) return redirectUrl;
  const scheme = isSecure(request) ? "https" : "http";
  return `${scheme}://${request.headers.host ?? "localhost"}${CALLBACK}`;
}

/** Lax: the browser must bring it when the provider sends it back. */
function signInCookie(
  kept: string | undefined,
  request: IncomingMessage,
  { now }: SignInNeeds,
): string {
  return toCookie(COOKIE, kept ?? "", {
    path: "/auth",
    sameSite: "Lax",
    expiresAt: kept === undefined ? 0 : now() + COOKIE_MS,
    secure: isSecure(request),
  });
}

const STYLE = `:root{color-scheme:light dark;font:16px/1.55 system-ui,sans-serif}body{display:grid;place-items:center;min-height:100vh;margin:0;background:light-dark(#edf2f1,#0a1418)}main{box-sizing:border-box;width:min(100% - 32px,460px);padding:28px;border-radius:14px;background:light-dark(#fff,#101e24);color:light-dark(#10272e,#e3eeee);overflow-wrap:anywhere}h1{margin:0;font-size:1.3rem}p{margin:14px 0 0}a{color:light-dark(#0a6071,#67cad5)}`;
const STYLE_HASH = createHash("sha256").update(STYLE).digest("base64");

function noRole(reply: FastifyReply, { email, name, subject }: Person): FastifyReply {
  const who = email ?? name ?? subject;
  return page(reply, 403, "You have no role here", [
    `You signed in as ${who}, but nothing that the sign-in service says of you gives you a role on this server.`,
    "Ask whoever runs it to add you to one of its groups, or to name one of yours under access.oidc.roles in weir.yaml. Then sign in again.",
  ]);
}

function failed(reply: FastifyReply, error: WeirError): FastifyReply {
  return page(reply, error.status, "You are not signed in", [error.message]);
}

/** A small page of its own: the dashboard is for those who are signed in. */
function page(
  reply: FastifyReply,
  status: number,
  title: string,
  paragraphs: readonly string[],
): FastifyReply {
  const text = paragraphs.map((one) => `<p>${escaped(one)}</p>`).join("\n");
  return reply
    .code(status)
    .type("text/html; charset=utf-8")
    .header("cache-control", "no-store")
    .header(
      "content-security-policy",
      `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    ).send(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Weir</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${title}</h1>
${text}
<p><a href="/">To the login page</a></p>
</main>
</body>
</html>
`);
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
