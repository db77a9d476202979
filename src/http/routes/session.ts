import type { IncomingMessage } from "node:http";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { UserRecord } from "../../core/access.ts";
import { roleOf } from "../../core/access.ts";
import { WeirError } from "../../core/errors.ts";
import { Login, Session } from "../access-schemas.ts";
import type { Authorise } from "../authorise.ts";
import { sessionSecret } from "../identify.ts";
import { isSecure, sessionCookie } from "../session-cookie.ts";

export interface SessionNeeds {
  readonly authorise: Authorise;
  readonly version: string;
  /** Opens a session for this key; undefined when it is unknown or has no role on the dashboard. */
  readonly open: (key: string) => Promise<{ secret: string; expiresAt: number } | undefined>;
  readonly close: (secret: string) => Promise<void>;
  /** For a session that is not known here: another replica may just have made it. */
  readonly recall: (secret: string) => Promise<void>;
  /** The person behind a session, where it is one's. */
  readonly userOf: (secret: string) => UserRecord | undefined;
}

const SESSION = "/admin/v1/session";

/** Signing in to the dashboard: the key becomes an HttpOnly cookie that scripts cannot read. */
export function sessionRoutes(app: FastifyInstance, needs: SessionNeeds): void {
  const tag = "Session";
  app.addHook("onRequest", async ({ raw, routeOptions, method }: FastifyRequest) => {
    const isAdmin = routeOptions.url?.startsWith("/admin/") === true;
    const secret = sessionSecret(raw.headers.cookie);
    if (isAdmin && secret !== undefined) await needs.recall(secret);
    // Before a body is read: strangers' bodies are not, but for a key to sign in with.
    const isSignIn = routeOptions.url === SESSION && (method === "POST" || method === "DELETE");
    if (isAdmin && !isSignIn) needs.authorise(raw, "viewer");
  });
  app.post<{ Body: { key: string } }>(
    SESSION,
    {
      schema: { summary: "Sign in with a key that has a role on the dashboard", tag, body: Login },
    },
    async (request, reply) => {
      const session = await needs.open(request.body.key.trim());
      if (!session) {
        throw new WeirError(
          "unauthorized",
          "This is no key of this server for the dashboard: it needs the scope viewer, operator or admin. The admin key was printed at the first start; a lost one is replaced with: weir keys rotate --admin",
        );
      }
      return reply
        .code(204)
        .header("set-cookie", sessionCookie(session, isSecure(request.raw)))
        .send();
    },
  );
  app.get(
    SESSION,
    { schema: { summary: "Who is signed in", tag, response: { 200: Session } } },
    async (request) => {
      const { keyName, scopes } = needs.authorise(request.raw, "viewer");
      const user = userOf(request.raw, needs);
      const role = roleOf(scopes) ?? "viewer";
      return { key: keyName, scopes: [...scopes], role, user, version: needs.version };
    },
  );
  app.delete(SESSION, { schema: { summary: "Sign out", tag } }, async (request, reply) => {
    const secret = sessionSecret(request.headers.cookie);
    if (secret !== undefined) {
      needs.authorise(request.raw, "viewer");
      await needs.close(secret);
    }
    return reply.code(204).header("set-cookie", sessionCookie(undefined, false)).send();
  });
}

function userOf({ headers }: IncomingMessage, needs: SessionNeeds) {
  const isByKey = headers.authorization !== undefined || headers["x-api-key"] !== undefined;
  const secret = isByKey ? undefined : sessionSecret(headers.cookie);
  const user = secret === undefined ? undefined : needs.userOf(secret);
  return user ? { email: user.email, name: user.name } : null;
}
