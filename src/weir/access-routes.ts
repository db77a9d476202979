import { ENV_KEY_ID } from "../access/decide-keys.ts";
import { type Oidc, createOidc } from "../access/oidc.ts";
import type { OidcConfig } from "../config/access.ts";
import type { KeyRecord, TenantRecord } from "../core/access.ts";
import type { Caller } from "../core/call.ts";
import type { Log } from "../core/log.ts";
import type { App } from "../http/app.ts";
import type { Authorise } from "../http/authorise.ts";
import { describeKey, describeTenant } from "../http/describe-access.ts";
import { keyRoutes } from "../http/routes/keys.ts";
import { sessionRoutes } from "../http/routes/session.ts";
import { signInRoutes } from "../http/routes/sign-in.ts";
import { tenantRoutes } from "../http/routes/tenants.ts";
import type { House } from "./house.ts";
import { VERSION } from "./release.ts";

/** Keys, tenants, users, and signing in. Who does what to them stands in the log. */
export function registerAccessRoutes({ fastify }: App, house: House, authorise: Authorise): void {
  const { access } = house;
  const log = house.log.part("access");
  const note = (event: string, { keyId, keyName }: Caller, id: string) =>
    log.info(event, { id, by: keyId, who: keyName });
  keyRoutes(fastify, {
    authorise,
    row: (key: KeyRecord) =>
      describeKey(key, { tenants: access.known.tenants, fixedId: ENV_KEY_ID, now: Date.now() }),
    list: async () => {
      const { keys } = await access.look();
      return keys.toSorted((a, b) => a.createdAt - b.createdAt);
    },
    make: (wish) => access.makeKey(wish),
    edit: (id, wish) => access.editKey(id, wish),
    rotate: (id, graceMs) => access.rotateKey(id, graceMs),
    revoke: (id) => access.revokeKey(id),
    note,
  });
  tenantRoutes(fastify, {
    authorise,
    row: (tenant: TenantRecord) => describeTenant(tenant, access.known),
    list: async () => (await access.look()).tenants,
    make: (id, wish) => access.makeTenant(id, wish),
    edit: (id, wish) => access.editTenant(id, wish),
    drop: (id) => access.dropTenant(id),
    users: async () => (await access.look()).users,
    note,
  });
  sessionRoutes(fastify, {
    authorise,
    version: VERSION,
    recall: (secret) => access.recall(secret),
    userOf: (secret) => access.userOf(secret),
    close: (secret) => access.closeSession(secret),
    async open(key) {
      const session = await access.openKeySession(key);
      if (session) log.info("signed_in", { by: "key", who: access.session(session.secret)?.keyId });
      else log.warn("sign_in_refused", { by: "key" });
      return session;
    },
  });
  registerSignIn(fastify, house, authorise);
}

function registerSignIn(fastify: App["fastify"], house: House, authorise: Authorise): void {
  const { access } = house;
  const log = house.log.part("access");
  const provider = followProvider(house, log);
  provider(); // what is wrong with it is told now, not to the first who signs in
  signInRoutes(fastify, {
    authorise,
    provider,
    async open(person) {
      const session = await access.openUserSession(person, provider()?.sessionMs ?? 0);
      const who = person.email ?? person.subject;
      log.info("signed_in", { by: "oidc", who, role: person.role });
      return session;
    },
    close: (secret) => access.closeSession(secret),
    isOpen: (secret) => access.session(secret) !== undefined,
    isPersons: (secret) => access.userOf(secret) !== undefined,
    now: Date.now,
  });
}

/** The provider as the configuration of this moment has it; made anew when that changed. */
function followProvider(house: House, log: Log): () => Oidc | undefined {
  let known: { readonly config: OidcConfig; readonly provider: Oidc } | undefined;
  return () => {
    const { oidc: config } = house.live.config.access;
    if (!config) return undefined;
    if (known?.config !== config) {
      const oidc = createOidc({ config, secret: house.settings.secret, log });
      known = { config, provider: oidc };
    }
    return known.provider;
  };
}
