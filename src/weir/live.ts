import type { WeirConfig } from "../config/schema.ts";
import type { Settings } from "../config/settings.ts";
import { createGate } from "../guard/gate.ts";
import { checkTools } from "../guard/tools/tool-rules.ts";
import type { Writer } from "../watch/trace/recorder.ts";
import type { GuardParts } from "./guard.ts";
import { listedFiles, withListedTexts } from "./guard-listed.ts";
import { checkNames } from "./guard-names.ts";
import { gateRules } from "./guard-vault.ts";
import type { VaultRules } from "./guard-vault-keeper.ts";
import { vaultRulesOf } from "./guard-vault-rules.ts";

/** What follows the configuration: replaced as a whole when it changes. */
export interface Live {
  readonly config: WeirConfig;
  readonly gate: ReturnType<typeof createGate>;
  /** Undefined: what placeholders stand for is not kept. */
  readonly vault: VaultRules | undefined;
  /** Whose texts come out of the gate without secrets and personal data: these need no second look. */
  readonly cleans: ReadonlySet<Writer>;
  /** The same for candidates that have a guard policy of their own, by model. */
  readonly candidates: ReadonlyMap<string, Live>;
}

/** Throws invalid_config where the guard's own patterns, or the vault's keys, cannot be used. */
export function toLive(settings: Settings, parts: GuardParts): Live {
  const { detectors } = parts;
  const { config } = settings;
  const { guard } = config;
  checkTools(guard.tools);
  checkNames(config);
  const listed = withListedTexts(guard, listedFiles(settings.folder));
  const gate = createGate(gateRules(listed), detectors);
  const candidates = candidatesOf(settings, parts);
  // What passes a candidate's guard is clean only where that cleans as well.
  const all = [cleansOf(guard), ...Array.from(candidates.values(), (one) => one.cleans)];
  const cleans = all.reduce((both, one) => new Set([...both].filter((who) => one.has(who))));
  return { config, gate, vault: vaultRulesOf(settings), cleans, candidates };
}

/** Every model whose candidate has a guard policy of its own, under that policy. */
function candidatesOf(settings: Settings, parts: GuardParts): Map<string, Live> {
  const { config } = settings;
  const candidates = new Map<string, Live>();
  for (const [name, { release, ...model }] of Object.entries(config.models)) {
    const guard = release?.candidate.guard;
    if (!guard) continue;
    // Only the one model: others' candidates are no part of it.
    const its = { ...config, guard, models: { [name]: { ...model, release: undefined } } };
    candidates.set(name, toLive({ ...settings, config: its }, parts));
  }
  return candidates;
}

function cleansOf({
  mode,
  input,
  output,
  actions,
  allow,
  vault,
  routes,
  tenants,
}: WeirConfig["guard"]) {
  const cleans = new Set<Writer>();
  const isSame = Object.keys(routes).length + Object.keys(tenants).length === 0;
  if (mode !== "enforce" || !isSame || allow.length > 0 || vault.mode === "on") return cleans;
  const takesAll = (categories: readonly string[]) =>
    categories.includes("secrets") && categories.includes("pii");
  const isTakenOut = ({ secrets, pii }: typeof actions) =>
    (secrets ?? "redact") === "redact" && (pii ?? "redact") === "redact";
  if (takesAll(input) && isTakenOut(actions)) cleans.add("user");
  if (takesAll(output.redact)) cleans.add("answer");
  return cleans;
}
