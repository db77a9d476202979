import { WeirError } from "../core/errors.ts";
import type { App } from "../http/app.ts";
import type { Authorise } from "../http/authorise.ts";
import { guardApprovalRoutes } from "../http/routes/guard-approvals.ts";
import type { StoredApproval } from "../store/sqlite/guard.ts";
import type { House } from "./house.ts";

/** What people decide of tools. */
export function registerGuardApprovals(
  { fastify }: App,
  { control, log }: House,
  authorise: Authorise,
): void {
  const { guard } = control;
  guardApprovalRoutes(fastify, {
    authorise,
    list: () => guard.list().map(toShown),
    decide(id, decision, by) {
      const state = decision === "approve" ? "approved" : "denied";
      const decided = guard.decide(id, state, by.keyName);
      if (!decided) {
        const message = `Nothing waits for approval as "${id}": it was decided on, or its time is over.`;
        throw new WeirError("not_found", message, { param: "id" });
      }
      log.part("guard").info("guard_approval_decided", { id, state, by: by.keyId });
      return toShown(decided);
    },
    unpin({ tenant, tool }) {
      if (guard.unpin(tenant, tool)) return;
      throw new WeirError("not_found", `No tool "${tool}" is pinned for the tenant "${tenant}".`, {
        param: "tool",
      });
    },
  });
}

function toShown(approval: StoredApproval) {
  const { fingerprint: _, ...shown } = approval;
  return shown;
}
