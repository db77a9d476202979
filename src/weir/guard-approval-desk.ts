import { createHash } from "node:crypto";
import type { WeirConfig } from "../config/schema.ts";
import { type Caller, tenantOf } from "../core/call.ts";
import { newId } from "../core/ids.ts";
import type { CalledTool } from "../guard/tools/tool-watch.ts";
import type { GuardStore, StoredApproval } from "../store/sqlite/guard.ts";
import { type CallbackNeeds, tellOfApproval } from "./guard-callback.ts";

export interface ApprovalNeeds extends CallbackNeeds {
  readonly tools: () => WeirConfig["guard"]["tools"];
  readonly store: GuardStore;
}

/** What waits, and what makes it the same when it comes again. */
export interface Waiting extends CalledTool {
  readonly identity: string;
}

/** Where approvals are asked for, and found. */
export type ApprovalDesk = ReturnType<typeof createApprovals>;

export function createApprovals(needs: ApprovalNeeds) {
  const { tools, store, now, log } = needs;

  /** Undefined: a person has let it pass, this once. Else what stands in the way, asked for if it is new. */
  return (waiting: Waiting, caller: Caller): StoredApproval | undefined => {
    const fingerprint = fingerprintOf(waiting, caller);
    const known = store.find(fingerprint);
    if (known?.state === "approved" && store.use(known.id)) return undefined;
    return known && known.state !== "approved" ? known : ask(waiting, caller, fingerprint);
  };

  function ask(call: Waiting, caller: Caller, fingerprint: string): StoredApproval {
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

function fingerprintOf({ name, identity }: Waiting, caller: Caller): string {
  const same = JSON.stringify([tenantOf(caller), caller.keyId, name, identity]);
  return createHash("sha256").update(same).digest("hex");
}
