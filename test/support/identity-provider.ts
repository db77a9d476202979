import { generateKeyPairSync } from "node:crypto";
import { type RequestListener, type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

/** A real OpenID Connect provider (the package oidc-provider) on this machine. */

export const CLIENT_ID = "weir-dashboard";
export const CLIENT_SECRET = "a-client-secret-of-the-test";

/** Who there is, by the login that is typed in, and what is said of them beside it. */
export type People = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export interface IdentityProvider {
  readonly issuer: string;
  /** Registers the client, once its addresses are known. Until then nobody answers. */
  serve(weirUrl: string, people: People): Promise<void>;
  /** From here on nobody answers. */
  stop(): Promise<void>;
}

/** What is used of the package, which comes without types. */
type ProviderClass = new (
  issuer: string,
  configuration: Readonly<Record<string, unknown>>,
) => { callback(): RequestListener };

export async function startIdentityProvider(): Promise<IdentityProvider> {
  let handle: RequestListener = (_request, response) => response.writeHead(503).end();
  const server = createServer((request, response) => handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // a TCP server's
  // Another name than the server's under test: to a browser it is another site.
  const issuer = `http://localhost:${port}`;
  onTestFinished(() => end(server));
  return {
    issuer,
    async serve(weirUrl, people) {
      handle = await quietly(async () => {
        const Provider = await load();
        return new Provider(issuer, configurationOf(weirUrl, people)).callback();
      });
    },
    stop: () => end(server),
  };
}

function end(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

async function load(): Promise<ProviderClass> {
  // @ts-expect-error: the package comes without types
  const module = (await import("oidc-provider")) as { default: ProviderClass };
  return module.default;
}

/** It has much to say on how it is set up here. */
async function quietly<T>(work: () => Promise<T>): Promise<T> {
  const warn: unknown = Reflect.get(console, "warn");
  Reflect.set(console, "warn", () => undefined);
  try {
    return await work();
  } finally {
    Reflect.set(console, "warn", warn);
  }
}

function configurationOf(weirUrl: string, people: People): Readonly<Record<string, unknown>> {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return {
    clients: [
      {
        client_id: CLIENT_ID,
        client_secret: CLIENT_SECRET,
        redirect_uris: [`${weirUrl}/auth/callback`],
        post_logout_redirect_uris: [`${weirUrl}/`],
      },
    ],
    jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), kid: "test", use: "sig" }] },
    features: {
      rpInitiatedLogout: {
        logoutSource: (context: { body: string }, form: string) => void (context.body = form),
      },
    },
    ttl: { Interaction: 600, Session: 600, Grant: 600, AccessToken: 600, IdToken: 600 },
    cookies: { keys: ["only for the test"] },
    claims: { openid: ["sub"], profile: ["name", "groups", "realm_access"], email: ["email"] },
    findAccount: (_context: unknown, id: string) =>
      people[id] && { accountId: id, claims: () => ({ sub: id, ...people[id] }) },
  };
}
