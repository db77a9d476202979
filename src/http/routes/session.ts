import type { FastifyInstance } from "fastify";
import { WeirError } from "../../core/errors.ts";
import { Login, Session } from "../admin-schemas.ts";
import type { Authorise } from "../authorise.ts";
import { SESSION_COOKIE, sessionSecret } from "../identify.ts";

export interface SessionNeeds {
  readonly authorise: Authorise;
  readonly version: string;
  /** Opens a session for this key; undefined when it is unknown or no admin's. */
  readonly open: (key: string) => { secret: string; expiresAt: number } | undefined;
  readonly close: (secret: string) => void;
}

/** Signing in to the dashboard: the key becomes an HttpOnly cookie that scripts cannot read. */
export function sessionRoutes(app: FastifyInstance, needs: SessionNeeds): void {
  const tag = "Session";
  app.post<{ Body: { key: string } }>(
    "/admin/v1/session",
    { schema: { summary: "Sign in with an admin key", tag, body: Login } },
    async (request, reply) => {
      const session = needs.open(request.body.key.trim());
      if (!session) {
        throw new WeirError(
          "unauthorized",
          "This is not an admin key of this server. It was printed at the first start; a lost one is replaced with: weir keys rotate --admin",
        );
      }
      const isSecure = request.headers["x-forwarded-proto"] === "https";
      return reply
        .code(204)
        .header("set-cookie", cookie(session.secret, session.expiresAt, isSecure))
        .send();
    },
  );
  app.get(
    "/admin/v1/session",
    { schema: { summary: "Who is signed in", tag, response: { 200: Session } } },
    async (request) => {
      const { keyName, scopes } = needs.authorise(request.raw, "admin");
      return { key: keyName, scopes: [...scopes], version: needs.version };
    },
  );
  app.delete(
    "/admin/v1/session",
    { schema: { summary: "Sign out", tag } },
    async (request, reply) => {
      const secret = sessionSecret(request.headers.cookie);
      if (secret !== undefined) {
        needs.authorise(request.raw, "admin");
        needs.close(secret);
      }
      return reply
        .code(204)
        .header("set-cookie", cookie("", 0, false))
        .send();
    },
  );
}

function cookie(value: string, expiresAt: number, isSecure: boolean): string {
  const expires = new Date(expiresAt).toUTCString();
  return `${SESSION_COOKIE}=${value}; Path=/; HttpOnly; SameSite=Strict; Expires=${expires}${isSecure ? "; Secure" : ""}`;
}
