import type { GuardApproval } from "../http/guard-schemas.ts";
import { type Terminal, UsageError, type Values } from "./command.ts";
import { askServer, request } from "./server-client.ts";
import { table } from "./table.ts";

const PATH = "/admin/v1/guard/approvals";
const SHOWN_CHARS = 60;

/** `weir guard reviews`: what waits for a person at a running server, and what was decided lately. */
export async function reviews(values: Values, terminal: Terminal): Promise<number> {
  const { approvals } = await askServer<{ approvals: readonly GuardApproval[] }>(
    PATH,
    values,
    terminal,
  );
  if (values["json"]) terminal.print(JSON.stringify(approvals, null, 2));
  else if (approvals.length === 0) terminal.print("Nothing waits for a person.");
  else {
    const rows = approvals.map(({ id, state, tool, tenant, arguments: args }) => [
      id,
      state,
      tool,
      tenant,
      args.length > SHOWN_CHARS ? `${args.slice(0, SHOWN_CHARS - 1)}…` : args,
    ]);
    terminal.print(table(["id", "state", "tool", "tenant", "arguments"], rows));
  }
  return 0;
}

/** `weir guard approve ID`, `weir guard deny ID`. */
export async function decide(
  decision: "approve" | "deny",
  id: string | undefined,
  values: Values,
  terminal: Terminal,
): Promise<number> {
  if (id === undefined)
    throw new UsageError(`${decision} needs the id that \`weir guard reviews\` shows`);
  const path = `${PATH}/${encodeURIComponent(id)}`;
  const answer = await request(path, values, terminal, { method: "POST", body: { decision } });
  const decided = (await answer.json()) as GuardApproval; // our own server's answer
  if (values["json"]) terminal.print(JSON.stringify(decided, null, 2));
  else terminal.print(`${decided.id}: ${decided.tool} is ${decided.state}.`);
  return 0;
}
