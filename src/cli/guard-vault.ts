import { type Terminal, UsageError, type Values, text } from "./command.ts";
import { request } from "./server-client.ts";

const PATH = "/admin/v1/guard/vault";

/** `weir guard vault open`, `weir guard vault erase`: what placeholders stand for, at a running server. */
export async function vault(
  [action, subject, ...more]: readonly string[],
  values: Values,
  terminal: Terminal,
  /** Reads a text, a file or standard input. */
  read: (subject: string) => Promise<string>,
): Promise<number> {
  if (action === "open" && subject !== undefined && more.length === 0) {
    return open(await read(subject), values, terminal);
  }
  if (action === "erase" && subject === undefined) return erase(values, terminal);
  throw new UsageError("vault needs: open TEXT | FILE | -, or erase --tenant ID");
}

async function open(sealed: string, values: Values, terminal: Terminal): Promise<number> {
  const body = { tenant: text(values, "tenant") ?? "default", text: sealed };
  const answer = await request(`${PATH}/open`, values, terminal, { method: "POST", body });
  const result = (await answer.json()) as { text: string; opened: number }; // our own server's answer
  terminal.print(values["json"] ? JSON.stringify(result, null, 2) : result.text);
  return 0;
}

async function erase(values: Values, terminal: Terminal): Promise<number> {
  const tenant = text(values, "tenant");
  if (tenant === undefined) throw new UsageError("erase needs --tenant: nothing else says whose");
  const user = text(values, "user");
  const query = user === undefined ? "" : `?user=${encodeURIComponent(user)}`;
  const path = `${PATH}/${encodeURIComponent(tenant)}${query}`;
  const answer = await request(path, values, terminal, { method: "DELETE" });
  const result = (await answer.json()) as { removed: number }; // our own server's answer
  const whose = user === undefined ? `The tenant "${tenant}"` : `The user "${user}" of "${tenant}"`;
  terminal.print(
    values["json"]
      ? JSON.stringify(result, null, 2)
      : `${whose} has nothing in the vault any more: ${result.removed} removed.`,
  );
  return 0;
}
