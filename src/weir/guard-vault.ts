import { randomBytes } from "node:crypto";
import type { WeirConfig } from "../config/schema.ts";
import type { Place } from "../guard/policy/policy-for.ts";
import { VaultWatch } from "../guard/vault/vault-watch.ts";
import { vaulted } from "../guard/vault/vault.ts";
import type { InputVerdict } from "../serve/gateway/needs.ts";
import type { Live } from "./house.ts";

/** Placeholders are of this process: nothing of them is kept. */
const VAULT_KEY = randomBytes(32);

/** What the gate is to do where the vault is on: personal data stays for it to mask and to restore. */
export function gateRules(guard: WeirConfig["guard"]): WeirConfig["guard"] {
  if (guard.vault === "off" || guard.actions.pii !== undefined) return guard;
  const redact = guard.output.redact.filter((category) => category !== "pii");
  return {
    ...guard,
    actions: { ...guard.actions, pii: "allow" },
    output: { ...guard.output, redact },
  };
}

/** Puts personal data out of the upstream's sight, where that is wished. */
export function withVault(
  verdict: InputVerdict,
  { place, live }: { readonly place: Place; readonly live: Live },
): InputVerdict {
  const { gate, config } = live;
  if (config.guard.vault === "off" || verdict.blocked) return verdict;
  const { mode, output } = gate.policy(place);
  if (mode !== "enforce") return verdict;
  const { request, findings, originals } = vaulted(verdict.request, VAULT_KEY, place.tenant);
  if (findings.length === 0) return verdict;
  const redacts = output.redact.includes("pii") || config.guard.output.redact.includes("pii");
  return {
    ...verdict,
    request,
    findings: [...verdict.findings, ...findings],
    isPrivate: true,
    openOutput: () => new VaultWatch(verdict.openOutput(), originals, { redacts }),
  };
}
