import { WeirError } from "../core/errors.ts";
import { inGroupsOf, sameFor } from "../guard/vault/grouping.ts";
import { takeOut } from "../guard/take-out.ts";
import { personalIn } from "../guard/vault/personal.ts";
import type { App } from "../http/app.ts";
import type { Authorise } from "../http/authorise.ts";
import { guardVaultRoutes } from "../http/routes/guard-vault.ts";
import type { VaultKeeper } from "./guard-vault-keeper.ts";
import type { House } from "./house.ts";

/** What operators ask of the vault. */
export function registerGuardVault({ fastify }: App, house: House, authorise: Authorise): void {
  const { vaultKeeper: keeper, textReads } = house;
  const log = house.log.part("guard");
  guardVaultRoutes(fastify, {
    authorise,
    noteRead: (read) => textReads.note(read),
    async open({ tenant, text }) {
      if (!keeper.rules) throw nothingKept();
      return openText(text, tenant, keeper);
    },
    async erase({ tenant, user }, by) {
      if (user !== undefined && !keeper.rules) throw nothingKept();
      const removed = await keeper.erase(tenant, user);
      log.info("guard_vault_erased", { tenant, removed, by: by.keyId, isUser: user !== undefined });
      return removed;
    },
  });
}

async function openText(text: string, tenant: string, keeper: VaultKeeper) {
  const findings = personalIn(text);
  const saidIn = ({ detector, start, end }: (typeof findings)[number]) => ({
    detector,
    value: text.slice(start, end),
  });
  const known = await keeper.find(tenant, [
    ...new Set(findings.map((one) => sameFor(saidIn(one)))),
  ]);
  let opened = 0;
  const whole = takeOut(text, findings, (finding) => {
    const said = saidIn(finding);
    const [kept] = known.get(sameFor(said)) ?? [];
    if (!kept) return said.value;
    opened += 1;
    return inGroupsOf(said.value, kept.mapping);
  });
  return { text: whole, opened };
}

function nothingKept(): WeirError {
  return new WeirError(
    "conflict",
    "What placeholders stand for is not kept here: guard.vault in weir.yaml names no key, or is off.",
  );
}
