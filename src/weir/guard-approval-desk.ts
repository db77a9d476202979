import { createHash } from "node:crypto";
import type { WeirConfig } from "../config/schema.ts";
import { type Caller, DEFAULT_TENANT } from "../core/call.ts";
import { WeirError } from "../core/errors.ts";
import { newId } from "../core/ids.ts";
import type { CalledTool } from "../guard/tools/tool-watch.ts";
import type { GuardStore, StoredApproval } from "../store/sqlite/guard.ts";
import { type CallbackNeeds, tellOfApproval } from "./guard-callback.ts";

export interface ApprovalNeeds extends CallbackNeeds {
  readonly tools: () => WeirConfig["guard"]["tools"];
  readonly store: GuardStore;
}

/** Whether somebody has let a call pass; undefined: it may. Else what its client is told. */
export function createApprovals(needs: ApprovalNeeds) {
  const { tools, store, now, log } = needs;

  return approve;

  function approve(call: CalledTool, caller: Caller): WeirError | undefined {
    const fingerprint = fingerprintOf(call, caller);
    const known = store.find(fingerprint);
    if (known?.state === "approved" && store.use(known.id)) return undefined;
    if (known?.state === "denied") {
      return new WeirError(
        "blocked_by_guard",
        `The answer was stopped: a person has denied this call of the tool "${call.name}" (${known.id}).`,
      );
    }
    const waiting = known?.state === "pending" ? known : ask(call, caller, fingerprint);
    return new WeirError(
      "approval_needed",
      `The answer was stopped: it calls the tool "${call.name}", which changes something, after text that others wrote. The call waits for a person's approval as ${waiting.id}; send the request again when it was given.`,
    );
  }

  function ask(call: CalledTool, caller: Caller, fingerprint: string): StoredApproval {
    const { keep, callback } = tools().approval;
    const approval: StoredApproval = {
      id: newId("appr-"),
      tenant: tenantOf(caller),
      keyId: caller.keyId,
      tool: call.name,
      arguments: call.arguments,
      fingerprint,
      state: "pending",
      createdAt: now(),
      expiresAt: now() + keep,
      decidedBy: null,
    };
    store.add(approval);
    log.warn("guard_approval_needed", { id: approval.id, tool: call.name });
    if (callback) void tellOfApproval(approval, callback, needs);
    return approval;
  }
}

export function tenantOf({ tenantId }: Caller): string {
  return tenantId ?? DEFAULT_TENANT;
}

/** Equal for calls of one key that do the same. */
function fingerprintOf(call: CalledTool, caller: Caller): string {
  let args = call.arguments;
  try {
    args = JSON.stringify(JSON.parse(args));
  } catch {
    // As it stands, then.
  }
  const same = JSON.stringify([tenantOf(caller), caller.keyId, call.name, args]);
  return createHash("sha256").update(same).digest("hex");
}
