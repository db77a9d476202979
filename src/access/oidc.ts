/**
 * Sign-in by way of an OpenID Connect provider: authorization code with PKCE, state and nonce. What
 * has to be known again when the browser comes back travels in a cookie of that browser, so any
 * replica may take it. No token is kept.
 */
import type * as OpenIdClient from "openid-client";
import type { OidcConfig } from "../config/access.ts";
import { WeirError, messageOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Person } from "./access.ts";
import { asGiven, grantedRole } from "./granted-role.ts";

export interface OidcNeeds {
  readonly config: OidcConfig;
  readonly secret: (name: string) => string | undefined;
  readonly log: Log;
}

/** A sign-in that has begun. */
export interface SignIn {
  /** Where the browser goes. */
  readonly url: URL;
  /** What it brings back, for `finish`. */
  readonly kept: string;
}

/** Who came back, and what they are here: undefined when the provider's word makes them nothing. */
export interface Arrival {
  readonly person: Omit<Person, "role">;
  readonly role: Person["role"] | undefined;
}

interface Kept {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

type Client = Awaited<ReturnType<typeof connect>>;

const TIMEOUT_S = 10;

export type Oidc = ReturnType<typeof createOidc>;

/**
 * The provider, as asked at the first sign-in: until then nothing is loaded and nobody is called.
 * Throws invalid_config when the client's secret is not there.
 */
export function createOidc(needs: OidcNeeds) {
  checkSecret(needs);
  const connected = createConnection(needs);
  return {
    label: needs.config.label,
    redirectUrl: needs.config.redirectUrl,
    sessionMs: needs.config.session,

    /** Rejects with provider_failed when the provider cannot be asked. */
    async begin(redirectUrl: string): Promise<SignIn> {
      const { openid, configuration } = await connected();
      const kept: Kept = {
        state: openid.randomState(),
        nonce: openid.randomNonce(),
        verifier: openid.randomPKCECodeVerifier(),
      };
      const url = openid.buildAuthorizationUrl(configuration, {
        redirect_uri: redirectUrl,
        scope: needs.config.scopes.join(" "),
        state: kept.state,
        nonce: kept.nonce,
        code_challenge: await openid.calculatePKCECodeChallenge(kept.verifier),
        code_challenge_method: "S256",
      });
      return { url, kept: Buffer.from(JSON.stringify(kept)).toString("base64url") };
    },

    /**
     * Takes the browser's return. Rejects with unauthorized when the answer is not to what was begun
     * (a wrong state, a code used before, a person who declined).
     */
    async finish(currentUrl: URL, cookie: string): Promise<Arrival> {
      const kept = readKept(cookie);
      const { openid, configuration } = await connected();
      const claims = await exchange(openid, configuration, { currentUrl, kept, needs });
      const { email, name } = claims;
      const role = grantedRole(claims, needs.config);
      if (!role) needs.log.warn("sign_in_refused", { by: "oidc", who: email ?? claims["sub"] });
      return {
        role,
        person: {
          issuer: needs.config.issuer,
          subject: String(claims["sub"]),
          email: typeof email === "string" ? email : null,
          name: typeof name === "string" ? name : null,
        },
      };
    },

    /** Where the browser goes to sign out at the provider too; undefined where it offers no such page. */
    async goodbye(backTo: string): Promise<string | undefined> {
      const { openid, configuration } = await connected();
      if (configuration.serverMetadata().end_session_endpoint === undefined) return undefined;
      const url = openid.buildEndSessionUrl(configuration, { post_logout_redirect_uri: backTo });
      return url.href;
    },
  };
}

function checkSecret({ config: { clientSecretEnv }, secret }: OidcNeeds): void {
  if (clientSecretEnv === undefined || secret(clientSecretEnv) !== undefined) return;
  throw new WeirError(
    "invalid_config",
    `access.oidc.clientSecretEnv names the variable ${clientSecretEnv}, which is not set. Set it to the client's secret, or leave the line out for a public client.`,
  );
}

/** Asks the provider about itself once; one that could not be asked is asked again at the next sign-in. */
function createConnection(needs: OidcNeeds): () => Promise<Client> {
  const { issuer } = needs.config;
  let client: Promise<Client> | undefined;
  return async () => {
    client ??= connect(needs);
    try {
      return await client;
    } catch (cause) {
      client = undefined;
      const reason = reasonOf(cause);
      needs.log.error("oidc_unreachable", { issuer, reason });
      throw new WeirError(
        "provider_failed",
        `The sign-in service ${issuer} does not answer as it should (${reason}). Try again in a moment, or sign in with a key.`,
        { cause },
      );
    }
  };
}

async function connect({ config, secret }: OidcNeeds) {
  const openid = await import("openid-client");
  const issuer = new URL(config.issuer);
  const isPlain = issuer.protocol === "http:";
  const clientSecret = config.clientSecretEnv && secret(config.clientSecretEnv);
  const authentication = clientSecret ? undefined : openid.None();
  const configuration = await openid.discovery(
    issuer,
    config.clientId,
    clientSecret || undefined,
    authentication,
    { timeout: TIMEOUT_S, ...(isPlain && { execute: [openid.allowInsecureRequests] }) },
  );
  configuration.timeout = TIMEOUT_S;
  return { openid, configuration };
}

interface Return {
  readonly currentUrl: URL;
  readonly kept: Kept;
  readonly needs: OidcNeeds;
}

async function exchange(
  openid: typeof OpenIdClient,
  configuration: OpenIdClient.Configuration,
  { currentUrl, kept, needs }: Return,
): Promise<Record<string, unknown>> {
  try {
    const tokens = await openid.authorizationCodeGrant(configuration, currentUrl, {
      pkceCodeVerifier: kept.verifier,
      expectedState: kept.state,
      expectedNonce: kept.nonce,
      idTokenExpected: true,
    });
    const claims: Record<string, unknown> = { ...tokens.claims() };
    const isTold = asGiven(claims, needs.config.rolesClaim) !== undefined;
    const hasMore = configuration.serverMetadata().userinfo_endpoint !== undefined;
    if (isTold && claims["email"] !== undefined) return claims;
    if (!hasMore) return claims;
    // Many providers put groups and names there, and only the subject into the token.
    const subject = String(claims["sub"]);
    const info = await openid.fetchUserInfo(configuration, tokens.access_token, subject);
    return { ...info, ...claims };
  } catch (cause) {
    needs.log.warn("oidc_refused", { issuer: needs.config.issuer, reason: reasonOf(cause) });
    throw new WeirError(
      "unauthorized",
      `This sign-in could not be completed (${reasonOf(cause)}). Start again from the login page.`,
      { cause },
    );
  }
}

function readKept(cookie: string): Kept {
  try {
    const kept: unknown = JSON.parse(Buffer.from(cookie, "base64url").toString());
    if (isKept(kept)) return kept;
  } catch {
    // Told below.
  }
  throw new WeirError(
    "unauthorized",
    "This sign-in was not begun in this browser, or it took too long. Start again from the login page.",
  );
}

function isKept(kept: unknown): kept is Kept {
  const { state, nonce, verifier } = (kept ?? {}) as Record<string, unknown>; // whatever it is
  return [state, nonce, verifier].every((part) => typeof part === "string" && part.length > 10);
}

/** The reason in a few words, and never what was sent: codes and tokens are secrets. */
function reasonOf(cause: unknown): string {
  const { error, error_description: description, code } = (cause ?? {}) as Record<string, unknown>;
  if (typeof error === "string") {
    return typeof description === "string" ? `${error}: ${description.slice(0, 200)}` : error;
  }
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : "";
  const plain = [messageOf(cause), inner].filter(Boolean).join(": ");
  return (typeof code === "string" && plain === "" ? code : plain).slice(0, 200);
}
