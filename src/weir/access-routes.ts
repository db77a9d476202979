import { ENV_KEY_ID } from "../access/decide-keys.ts";
import { createOidc } from "../access/oidc.ts";
import type { KeyRecord, TenantRecord } from "../core/access.ts";
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
  });
  tenantRoutes(fastify, {
    authorise,
    row: (tenant: TenantRecord) => describeTenant(tenant, access.known),
    list: async () => (await access.look()).tenants,
    make: (id, wish) => access.makeTenant(id, wish),
    edit: (id, wish) => access.editTenant(id, wish),
    drop: (id) => access.dropTenant(id),
    users: async () => (await access.look()).users,
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
  const { access, settings } = house;
  const { oidc: config } = settings.config.access;
  const log = house.log.part("access");
  const provider = config && createOidc({ config, secret: settings.secret, log });
  signInRoutes(fastify, {
    authorise,
    redirectUrl: config?.redirectUrl,
    provider: provider && {
      ...provider,
      async finish(currentUrl, kept) {
        const arrival = await provider.finish(currentUrl, kept);
        const { email, subject } = arrival.person;
        if (!arrival.role) log.warn("sign_in_refused", { by: "oidc", who: email ?? subject });
        return arrival;
      },
    },
    async open(person) {
      const session = await access.openUserSession(person, provider?.sessionMs ?? 0);
      const who = person.email ?? person.subject;
      log.info("signed_in", { by: "oidc", who, role: person.role });
      return session;
    },
    close: (secret) => access.closeSession(secret),
    isPersons: (secret) => access.userOf(secret) !== undefined,
    now: Date.now,
  });
}
