import type { Access } from "../../access/access.ts";
import { readSettings } from "../../config/settings.ts";
import type { TenantRecord } from "../../core/access.ts";
import { silentLog } from "../../core/log.ts";
import { TENANT_ID } from "../../http/access-schemas.ts";
import { describeTenant } from "../../http/describe-access.ts";
import {
  LIMIT_NAMES,
  LIMIT_OPTIONS,
  dayText,
  limitsOf,
  limitsText,
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

/** `weir tenants`: who pays for keys. Works as `weir keys` does. */
export const tenants: Command = {
  name: "tenants",
  summary: "List, create, edit, disable and delete tenants, who share keys and limits",
  usage: "list | create ID | edit ID | disable ID | enable ID | delete ID",
  options: { ...PLACE_OPTIONS, ...JSON_OPTION, ...LIMIT_OPTIONS },
  detail: `
Every key belongs to a tenant, to "default" where none was named. A tenant's limits are for all of
its keys together; a key may use a model when both lists have it. Keys of a disabled tenant get a 403.

  weir tenants create shop --limit costPerMonth='200 USD' --models 'chat,gpt-*'
  weir keys create shop-web --tenant shop

Limits: ${LIMIT_NAMES.join(", ")}.`,
  async run(values, [action = "list", argument, ...more], terminal) {
    const act = Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined;
    if (!act) throw new UsageError(`unknown action "${action}"`);
    if (more.length > 0) throw new UsageError(`unexpected "${more[0]}"`);
    if (action !== "list" && !argument) throw new UsageError(`${action} needs a tenant's id`);
    const settings = readSettings(overridesOf(values), terminal.env, terminal.cwd);
    const { withAccess } = await import("../../weir/access.ts");
    await withAccess(settings, silentLog, (access) =>
      act(access, { values, id: argument ?? "", terminal }),
    );
    return 0;
  },
};

interface Asked {
  readonly values: Values;
  readonly id: string;
  readonly terminal: Terminal;
}

const ACTIONS: Readonly<Record<string, (access: Access, asked: Asked) => Promise<void>>> = {
  async list(access, { values, terminal }) {
    const rows = access.known.tenants.map((tenant) => describeTenant(tenant, access.known));
    if (values["json"]) {
      terminal.print(JSON.stringify(rows, null, 2));
      return;
    }
    terminal.print(
      table(
        ["ID", "NAME", "KEYS", "CREATED", "MODELS", "LIMITS", "STATE"],
        rows.map((tenant) => [
          tenant.id,
          tenant.name,
          String(tenant.keys),
          dayText(tenant.createdAt),
          tenant.models?.join(",") ?? "all",
          limitsText(tenant.limits),
          tenant.disabled ? "disabled" : "in use",
        ]),
      ),
    );
  },
  async create(access, asked) {
    const { values, id } = asked;
    if (!TENANT_ID.test(id)) {
      throw new UsageError(
        `a tenant's id has up to 63 small letters, digits and ._-, and begins with a letter or digit; not "${id}"`,
      );
    }
    const wish = {
      name: text(values, "name") ?? id,
      limits: limitsOf(values, {}) ?? {},
      models: modelsOf(values) ?? null,
      disabled: false,
    };
    tell(access, await access.makeTenant(id, wish), "Created", asked);
  },
  async edit(access, asked) {
    const { values, id } = asked;
    const before = access.known.tenants.find((tenant) => tenant.id === id)?.limits ?? {};
    const wish = said({
      name: text(values, "name"),
      limits: limitsOf(values, before),
      models: modelsOf(values),
    }) as Partial<TenantRecord>; // what was not said is left out
    if (Object.keys(wish).length === 0) {
      throw new UsageError("edit needs something to change, as --name or --limit …");
    }
    tell(access, await access.editTenant(id, wish), "Changed", asked);
  },
  async disable(access, asked) {
    tell(access, await access.editTenant(asked.id, { disabled: true }), "Disabled", asked);
  },
  async enable(access, asked) {
    tell(access, await access.editTenant(asked.id, { disabled: false }), "Enabled", asked);
  },
  async delete(access, asked) {
    tell(access, await access.dropTenant(asked.id), "Deleted", asked);
  },
};

function tell(
  access: Access,
  tenant: TenantRecord,
  what: string,
  { values, terminal }: Asked,
): void {
  if (values["json"]) {
    terminal.print(JSON.stringify(describeTenant(tenant, access.known), null, 2));
  } else terminal.print(`${what} ${tenant.id}.`);
}
