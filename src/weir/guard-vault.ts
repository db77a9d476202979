import { randomBytes } from "node:crypto";
import type { WeirConfig } from "../config/schema.ts";
import { WeirError, messageOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Finding } from "../guard/detector.ts";
import { type Place, policyFor } from "../guard/policy/policy-for.ts";
import { onFailureOf } from "../guard/policy/policy.ts";
import { scanFailed } from "../guard/policy/refusal.ts";
import type { Told } from "../guard/vault/grouping.ts";
import {
  type FoundIn,
  type StandIns,
  masked,
  standInsFor,
  textsOf,
  valuesIn,
} from "../guard/vault/vault.ts";
import { createVaultKeys } from "../guard/vault/vault-keys.ts";
import { VaultWatch } from "../guard/vault/vault-watch.ts";
import type { InputVerdict } from "../serve/gateway/needs.ts";
import type { VaultKeeper } from "./guard-vault-keeper.ts";
import { keptStandIns } from "./guard-vault-stand-ins.ts";
import type { Live } from "./live.ts";

/** Where weir.yaml names no key, placeholders are of this process: nothing of them is kept. */
const OWN_KEYS = createVaultKeys([randomBytes(32)]);

const NOTHING: StandIns = { placeholders: new Map(), mappings: [] };

/** What the gate is to do where the vault is on: personal data stays for it to mask and to restore. */
export function gateRules(guard: WeirConfig["guard"]): WeirConfig["guard"] {
  if (guard.vault.mode === "off" || guard.actions.pii !== undefined) return guard;
  const { routes, tenants } = guard;
  return {
    ...guard,
    actions: { ...guard.actions, pii: "allow" },
    output: withoutPii(guard.output),
    routes: overridden(routes),
    tenants: overridden(tenants),
  };
}

type Overrides = WeirConfig["guard"]["routes"];
type Output = WeirConfig["guard"]["output"];

function overridden(overrides: Overrides): Overrides {
  return Object.fromEntries(
    Object.entries(overrides).map(([name, override]) => {
      const { output, actions } = override;
      const isOurs = output !== undefined && actions?.pii === undefined;
      return [name, isOurs ? { ...override, output: withoutPii(output) } : override];
    }),
  );
}

function withoutPii(output: Output): Output {
  return { ...output, redact: output.redact.filter((category) => category !== "pii") };
}

type Found = readonly (readonly Finding[])[];

interface VaultGateNeeds {
  readonly live: () => Live;
  readonly keeper: VaultKeeper;
  /** Looks for personal data in texts, here or in a thread. May reject. */
  readonly look: (texts: readonly string[]) => Found | Promise<Found>;
  readonly log: Log;
}

/** The vault as calls meet it. */
export class VaultGate {
  private readonly needs: VaultGateNeeds;

  constructor(needs: VaultGateNeeds) {
    this.needs = needs;
  }

  /** Puts personal data out of the upstream's sight, where that is wished. Never throws or rejects. */
  mask(verdict: InputVerdict, place: Place): InputVerdict | Promise<InputVerdict> {
    const { gate, config } = this.needs.live();
    if (config.guard.vault.mode === "off" || verdict.blocked) return verdict;
    if (gate.policy(place).mode !== "enforce") return verdict;
    if (policyFor(place, config.guard).actions.pii !== undefined) {
      // Somebody said what becomes of personal data here.
      return this.withPlaceholders(verdict, place, { found: new Map(), standIns: NOTHING });
    }
    const texts = textsOf(verdict.request);
    try {
      const found = this.needs.look(texts);
      if (found instanceof Promise) return this.later(verdict, place, { texts, found });
      return this.given(verdict, place, together(texts, found));
    } catch (cause) {
      return this.notLookedAt(verdict, place, cause);
    }
  }

  private async later(
    verdict: InputVerdict,
    place: Place,
    { texts, found }: { readonly texts: readonly string[]; readonly found: Promise<Found> },
  ): Promise<InputVerdict> {
    try {
      return await this.given(verdict, place, together(texts, await found));
    } catch (cause) {
      return this.notLookedAt(verdict, place, cause);
    }
  }

  /** At once where nothing has to be asked of the store. */
  private given(verdict: InputVerdict, place: Place, found: FoundIn) {
    const values = valuesIn(found);
    if (values.length === 0)
      return this.withPlaceholders(verdict, place, { found, standIns: NOTHING });
    if (this.needs.keeper.rules) return this.looked(verdict, place, { found, values });
    const { placeholders: key } = OWN_KEYS.of(place.tenant).current;
    return this.withPlaceholders(verdict, place, { found, standIns: standInsFor(values, key) });
  }

  private async looked(
    verdict: InputVerdict,
    place: Place,
    { found, values }: { readonly found: FoundIn; readonly values: readonly Told[] },
  ): Promise<InputVerdict> {
    const owner = { tenant: place.tenant, user: verdict.request.user ?? "" };
    try {
      const standIns = await keptStandIns(values, owner, this.needs.keeper);
      return this.withPlaceholders(verdict, place, { found, standIns });
    } catch (cause) {
      return this.notLookedAt(verdict, place, cause);
    }
  }

  private withPlaceholders(
    verdict: InputVerdict,
    place: Place,
    { found, standIns }: { readonly found: FoundIn; readonly standIns: StandIns },
  ): InputVerdict {
    const { config } = this.needs.live();
    const { mappings } = standIns;
    const { output, actions } = policyFor(place, config.guard);
    const redacts = output.redact.includes("pii");
    const isKept = this.needs.keeper.rules !== undefined && actions.pii === undefined;
    const recall = isKept
      ? (told: Told) => this.needs.keeper.recall(told, place.tenant)
      : undefined;
    const { request, findings } = masked(verdict.request, found, standIns);
    if (findings.length + mappings.length === 0 && !recall && !redacts) return verdict;
    return {
      ...verdict,
      request,
      findings: [...verdict.findings, ...findings],
      ...(mappings.length > 0 && { isPrivate: true }),
      openOutput: () => new VaultWatch(verdict.openOutput(), { mappings, recall, redacts }),
    };
  }

  /** What nobody looked at may have personal data: the policy says what becomes of it. */
  private notLookedAt(verdict: InputVerdict, place: Place, cause: unknown): InputVerdict {
    const isClosed = onFailureOf("pii", this.needs.live().gate.policy(place)) === "closed";
    this.needs.log.error("guard_scan_failed", {
      checks: "vault",
      isRefused: isClosed,
      reason: messageOf(cause),
    });
    return {
      ...verdict,
      findings: [...verdict.findings, scanFailed("vault")],
      scan: "failed",
      ...(isClosed && { blocked: notMasked() }),
    };
  }
}

function together(texts: readonly string[], found: Found): FoundIn {
  return new Map(texts.map((text, at) => [text, found[at] ?? []]));
}

function notMasked(): WeirError {
  return new WeirError(
    "guard_failed",
    "The guard could not look for personal data in this request, and what was not looked at is not let through. Try again; guard.onFailure in weir.yaml says what becomes of such calls.",
  );
}
