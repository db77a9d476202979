import { join } from "node:path";
import { type Access, openAccess } from "../access/access.ts";
import type { AccessStore } from "../access/needs.ts";
import type { Settings } from "../config/settings.ts";
import { WeirError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { type ControlStore, openControlStore } from "../store/sqlite/control.ts";

/** Where keys, tenants and users are kept: in the data folder, or in PostgreSQL where one is named. */

const REFRESH_MS = 1000;
const ANSWER_MS = 5000;

/** Opens the keys' store. `control` opens the data folder's, where that is it; it stays its owner's. */
export async function accessOf(
  settings: Settings,
  log: Log,
  control: () => Pick<ControlStore, "access">,
): Promise<Access> {
  const store = await storeOf(settings, log, control);
  try {
    return await openAccess({ store, now: Date.now, log });
  } catch (cause) {
    await store.close();
    throw cause;
  }
}

async function storeOf(
  settings: Settings,
  log: Log,
  control: () => Pick<ControlStore, "access">,
): Promise<AccessStore> {
  const options = postgresOptions(settings);
  if (!options) return { ...control().access, close: async () => undefined };
  const { openPostgresAccess } = await import("../store/postgres/access.ts");
  return openPostgresAccess(options, log);
}

/** How to reach the PostgreSQL that weir.yaml names; undefined where it names none. */
export function postgresOptions({ config: { postgres }, secret }: Settings) {
  if (!postgres) return undefined;
  const url = secret(postgres.urlEnv);
  if (url === undefined) {
    throw new WeirError(
      "invalid_config",
      `postgres.urlEnv names the variable ${postgres.urlEnv}, which is not set. Set it to postgres://USER:PASSWORD@HOST/DATABASE.`,
    );
  }
  return { url, connections: postgres.connections, timeoutMs: ANSWER_MS };
}

/** The same for a command, which closes what it opened. */
export async function withAccess<T>(
  settings: Settings,
  log: Log,
  work: (access: Access) => Promise<T>,
): Promise<T> {
  await using stack = new AsyncDisposableStack();
  const access = await accessOf(settings, log, () => {
    const control = openControlStore(join(settings.dataFolder, "control.db"), Date.now);
    stack.defer(() => control.close());
    return control;
  });
  stack.defer(() => access.close());
  return await work(access);
}

/**
 * Every now and then: notes when keys were last used, and sees what other processes did to them. Gives
 * the function that ends it.
 */
export function followAccess(access: Access, { config }: Settings): () => Promise<void> {
  let looking = Promise.resolve();
  let isLooking = false;
  const look = () => {
    if (isLooking) return;
    isLooking = true;
    looking = access.refresh().finally(() => (isLooking = false));
  };
  const timer = setInterval(look, config.postgres?.refresh ?? REFRESH_MS);
  return async () => {
    clearInterval(timer);
    await looking;
    await access.close();
  };
}
