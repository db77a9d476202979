import { PLAIN_KEY, type Access, type NewKey } from "../../access/access.ts";
import { ENV_KEY_ID, type KeyWish, keyInUse } from "../../access/decide-keys.ts";
import { readSettings } from "../../config/settings.ts";
import { type KeyRecord, SCOPES } from "../../core/access.ts";
import { PRIORITIES, type Scope } from "../../core/call.ts";
import { silentLog } from "../../core/log.ts";
import { parseDuration } from "../../core/time.ts";
import { describeKey } from "../../http/describe-access.ts";
import {
  LIMIT_NAMES,
  LIMIT_OPTIONS,
  dayText,
  expiryOf,
  limitsOf,
  modelsOf,
  said,
} from "../access-options.ts";
import {
  type Command,
  JSON_OPTION,
  PLACE_OPTIONS,
  type Terminal,
  UsageError,
  type Values,
  overridesOf,
  text,
} from "../command.ts";
import { table } from "../table.ts";

/** `weir keys`: works on the keys' store, with or without a running server, which sees it soon after. */
export const keys: Command = {
  name: "keys",
  summary: "List, create, edit, rotate and revoke API keys",
  usage: "list | create NAME | edit ID | rotate ID | rotate --admin | revoke ID",
  options: {
    ...PLACE_OPTIONS,
    ...JSON_OPTION,
    scope: {
      type: "string",
      multiple: true,
      value: "SCOPE",
      help: "inference (default), traces, viewer, operator or admin; may be repeated",
    },
    tenant: { type: "string", value: "ID", help: "the tenant that the key belongs to (default)" },
    expires: { type: "string", value: "WHEN", help: "90d, 12h, 2030-01-31 or never (default)" },
    ...LIMIT_OPTIONS,
    priority: { type: "string", value: "PRIORITY", help: "the highest: high, normal or low" },
    note: { type: "string", value: "TEXT", help: "what to remember of the key" },
    grace: {
      type: "string",
      value: "TIME",
      help: "for rotate: how long the old secret lasts (24h)",
    },
    admin: { type: "boolean", help: "for rotate: revoke every admin key and make a new one" },
  },
  detail: `
A key's secret is printed once, when it is made; only its hash is kept.
A running server takes the change over within a second, and so do its replicas with PostgreSQL.

  weir keys create web-shop --models 'chat,gpt-*' --limit requestsPerMinute=60 --expires 90d
  weir keys create grafana --scope viewer
  weir keys create langchain-app --scope traces
  weir keys edit key_0123456789abcdef --limit costPerDay='5 USD' --limit requestsPerMinute=none
  weir keys rotate key_0123456789abcdef --grace 2h

Limits: ${LIMIT_NAMES.join(", ")}.`,
  async run(values, [action = "list", argument, ...more], terminal) {
    const act = Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined;
    if (!act) throw new UsageError(`unknown action "${action}"`);
    if (more.length > 0) throw new UsageError(`unexpected "${more[0]}"`);
    const settings = readSettings(overridesOf(values), terminal.env, terminal.cwd);
    const { withAccess } = await import("../../weir/access.ts");
    await withAccess(settings, silentLog, (access) => act(access, { values, argument, terminal }));
    return 0;
  },
};

interface Asked {
  readonly values: Values;
  readonly argument: string | undefined;
  readonly terminal: Terminal;
}

const DAY_MS = 86_400_000;

const ACTIONS: Readonly<Record<string, (access: Access, asked: Asked) => Promise<void>>> = {
  async list(access, { values, terminal }) {
    const tenant = text(values, "tenant");
    const found = access.known.keys
      .filter((key) => tenant === undefined || key.tenantId === tenant)
      .toSorted((a, b) => a.createdAt - b.createdAt);
    const rows = found.map((key) => rowOf(access, key));
    if (values["json"]) {
      terminal.print(JSON.stringify(rows, null, 2));
      return;
    }
    terminal.print(
      table(
        ["ID", "NAME", "KEY", "TENANT", "SCOPES", "CREATED", "LAST USED", "EXPIRES", "STATE"],
        rows.map((key) => [
          key.id,
          key.name,
          `${key.prefix}…`,
          key.tenant,
          key.scopes.join(" "),
          dayText(key.createdAt),
          dayText(key.lastUsedAt),
          dayText(key.expiresAt),
          key.state === "active" ? "in use" : key.state,
        ]),
      ),
    );
  },
  async create(access, asked) {
    if (!asked.argument) throw new UsageError("create needs a name for the key");
    const wish = { ...PLAIN_KEY, ...wishOf(asked.values, {}), name: asked.argument };
    printSecret(access, await access.makeKey(wish), asked);
  },
  async edit(access, { values, argument, terminal }) {
    const id = needed(argument, "edit");
    const wish = wishOf(values, keyInUse(access.known, id).limits);
    const name = text(values, "name");
    if (Object.keys(wish).length === 0 && name === undefined) {
      throw new UsageError("edit needs something to change, as --expires 90d or --limit …");
    }
    const key = await access.editKey(id, { ...wish, ...(name !== undefined && { name }) });
    if (values["json"]) terminal.print(JSON.stringify(rowOf(access, key), null, 2));
    else terminal.print(`Changed ${key.id} (${key.name}).`);
  },
  async rotate(access, asked) {
    const { values, argument } = asked;
    if (values["admin"]) {
      if (argument !== undefined) throw new UsageError("rotate takes an id or --admin, not both");
      printSecret(access, await access.replaceAdmins(), asked);
      return;
    }
    const id = needed(argument, "rotate");
    const grace = text(values, "grace");
    const graceMs = grace === undefined ? DAY_MS : grace === "0" ? 0 : parseDuration(grace);
    if (graceMs === undefined) throw new UsageError(`--grace takes 24h, 30m or 0; not "${grace}"`);
    printSecret(access, await access.rotateKey(id, graceMs), asked);
  },
  async revoke(access, { values, argument, terminal }) {
    const key = await access.revokeKey(needed(argument, "revoke"));
    if (values["json"]) terminal.print(JSON.stringify(rowOf(access, key), null, 2));
    else terminal.print(`Revoked ${key.id}.`);
  },
};

function needed(argument: string | undefined, action: string): string {
  if (argument) return argument;
  throw new UsageError(`${action} needs a key's id; see: weir keys list`);
}

function wishOf(values: Values, limits: KeyRecord["limits"]): Partial<Omit<KeyWish, "name">> {
  return said({
    scopes: scopesOf(values),
    tenantId: text(values, "tenant"),
    expiresAt: expiryOf(values, Date.now()),
    models: modelsOf(values),
    limits: limitsOf(values, limits),
    priority: priorityOf(values),
    note: text(values, "note"),
  }) as Partial<Omit<KeyWish, "name">>; // what was not said is left out
}

function scopesOf(values: Values): Scope[] | undefined {
  const names = values["scope"];
  if (!Array.isArray(names)) return undefined;
  const scopes = names.flatMap((name) => String(name).split(/[\s,]+/)).map(toScope);
  return [
    ...new Set(scopes.flatMap((one) => (one === "admin" ? [one, "inference" as const] : [one]))),
  ];
}

function toScope(name: string): Scope {
  const scope = SCOPES.find((one) => one === name);
  if (scope) return scope;
  throw new UsageError(`--scope is inference, traces, viewer, operator or admin, not "${name}"`);
}

function priorityOf(values: Values): KeyWish["priority"] | undefined {
  const name = text(values, "priority");
  if (name === undefined) return undefined;
  const priority = PRIORITIES.find((one) => one === name);
  if (priority) return priority;
  throw new UsageError(`--priority is high, normal or low, not "${name}"`);
}

function rowOf(access: Access, key: KeyRecord) {
  const { tenants } = access.known;
  return describeKey(key, { tenants, fixedId: ENV_KEY_ID, now: Date.now() });
}

function printSecret(
  access: Access,
  { key, secret }: NewKey,
  { values, terminal }: Pick<Asked, "values" | "terminal">,
): void {
  if (values["json"]) {
    terminal.print(JSON.stringify({ ...rowOf(access, key), key: secret }));
    return;
  }
  terminal.print(secret);
  const old =
    key.previousUntil === null
      ? ""
      : ` The old secret is good until ${dayText(key.previousUntil)}.`;
  terminal.note(`The key ${key.id}. It is shown once: keep it.${old}`);
}
