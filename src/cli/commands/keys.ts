import { join } from "node:path";
import { readSettings } from "../../config/settings.ts";
import type { Scope } from "../../core/call.ts";
import { WeirError } from "../../core/errors.ts";
import { type ControlStore, openControlStore } from "../../store/sqlite/control.ts";
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

/** `weir keys`: works on the data folder, with or without a running server, which sees it within a second. */
export const keys: Command = {
  name: "keys",
  summary: "List, create, revoke and rotate API keys",
  usage: "list | create NAME | revoke ID | rotate --admin",
  options: {
    ...PLACE_OPTIONS,
    ...JSON_OPTION,
    scope: { type: "string", value: "SCOPE", help: "for create: inference (default) or admin" },
    admin: { type: "boolean", help: "for rotate: revoke every admin key and make a new one" },
  },
  detail: `
A key's secret is printed once, when it is made; only its hash is kept.
A running server on the same data folder takes the change over within a second.`,
  async run(values, [action = "list", argument], terminal) {
    const { dataFolder } = readSettings(overridesOf(values), terminal.env, terminal.cwd);
    const store = openControlStore(join(dataFolder, "control.db"), Date.now);
    try {
      const act = Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined;
      if (!act) throw new UsageError(`unknown action "${action}"`);
      act(store, { values, argument, terminal });
      return 0;
    } finally {
      store.close();
    }
  },
};

interface Asked {
  readonly values: Values;
  readonly argument: string | undefined;
  readonly terminal: Terminal;
}

const ACTIONS: Readonly<Record<string, (store: ControlStore, asked: Asked) => void>> = {
  list(store, { values, terminal }) {
    const rows = store.keys.list();
    if (values["json"]) {
      terminal.print(JSON.stringify(rows, null, 2));
      return;
    }
    const day = (at: number | null) =>
      at === null ? "never" : new Date(at).toISOString().slice(0, 16);
    terminal.print(
      table(
        ["ID", "NAME", "KEY", "SCOPES", "CREATED", "LAST USED", "STATE"],
        rows.map((key) => [
          key.id,
          key.name,
          `${key.prefix}…`,
          key.scopes.join(" "),
          day(key.createdAt),
          day(key.lastUsedAt),
          key.revoked ? "revoked" : "in use",
        ]),
      ),
    );
  },
  create(store, { values, argument, terminal }) {
    if (!argument) throw new UsageError("create needs a name for the key");
    printSecret(store.keys.add(argument, scopesOf(values)), { values, terminal });
  },
  revoke(store, { argument, terminal }) {
    if (!argument) throw new UsageError("revoke needs a key's id; see: weir keys list");
    if (!store.keys.revoke(argument))
      throw new WeirError("not_found", `No key in use has the id ${argument}. See: weir keys list`);
    terminal.print(`Revoked ${argument}.`);
  },
  rotate(store, { values, terminal }) {
    if (!values["admin"])
      throw new UsageError("rotate works on the admin key: weir keys rotate --admin");
    for (const key of store.keys.list()) {
      if (key.scopes.includes("admin") && !key.revoked) store.keys.revoke(key.id);
    }
    printSecret(store.keys.add("admin", ["admin", "inference"]), { values, terminal });
  },
};

function scopesOf(values: Values): Scope[] {
  const scope = text(values, "scope") ?? "inference";
  if (scope === "admin") return ["admin", "inference"];
  if (scope === "inference") return ["inference"];
  throw new UsageError(`--scope is inference or admin, not "${scope}"`);
}

function printSecret(
  { id, secret }: { id: string; secret: string },
  { values, terminal }: Pick<Asked, "values" | "terminal">,
): void {
  terminal.print(values["json"] ? JSON.stringify({ id, key: secret }) : secret);
  if (!values["json"]) terminal.note(`The key ${id}. It is shown once: keep it.`);
}
