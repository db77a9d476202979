import { createHmac } from "node:crypto";
import type { WeirConfig } from "../config/schema.ts";
import { messageOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { StoredApproval } from "../store/sqlite/guard.ts";

export type ApprovalCallback = NonNullable<WeirConfig["guard"]["tools"]["approval"]["callback"]>;

export interface CallbackNeeds {
  readonly secret: (name: string) => string | undefined;
  readonly now: () => number;
  readonly log: Log;
}

const CALLBACK_MS = 5_000;

/** Tells the operator's own service, signed: `x-weir-signature: t=<ms>,v1=<hex of HMAC-SHA-256>`. */
export async function tellOfApproval(
  { id, tenant, tool, arguments: args, createdAt, expiresAt }: StoredApproval,
  { url, secretEnv }: ApprovalCallback,
  { secret, now, log }: CallbackNeeds,
): Promise<void> {
  const body = JSON.stringify({ id, tenant, tool, arguments: args, createdAt, expiresAt });
  const key = secret(secretEnv);
  if (key === undefined) {
    log.error("guard_callback_failed", { id, reason: `the variable ${secretEnv} is not set` });
    return;
  }
  const at = now();
  const mark = createHmac("sha256", key).update(`${at}.${body}`).digest("hex");
  const headers = {
    "content-type": "application/json",
    "x-weir-signature": `t=${at},v1=${mark}`,
  };
  try {
    const signal = AbortSignal.timeout(CALLBACK_MS);
    const answer = await fetch(url, { method: "POST", headers, body, signal });
    await answer.body?.cancel();
    if (!answer.ok) throw new Error(`it answered ${answer.status}`);
  } catch (cause) {
    log.error("guard_callback_failed", { id, reason: messageOf(cause) });
  }
}
