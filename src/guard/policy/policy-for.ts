import type { Policy } from "./policy.ts";

type Override = { readonly [Part in keyof Policy]?: Policy[Part] | undefined };

/** A policy, and what is said otherwise for endpoints, models and tenants. */
export interface GuardRules extends Policy {
  /** By endpoint, as `/v1/messages`, or by a model's name. */
  readonly routes: Readonly<Record<string, Override>>;
  readonly tenants: Readonly<Record<string, Override>>;
}

/** What a policy is chosen by. */
export interface Place {
  readonly route: string;
  readonly model: string;
  readonly tenant: string;
}

/** The overrides that are for this place, the strongest last: endpoint, model, tenant. */
function overridesFor({ route, model, tenant }: Place, rules: GuardRules): [string, Override][] {
  const found: [string, Override | undefined][] = [
    [`endpoint ${route}`, own(rules.routes, route)],
    [`model ${model}`, own(rules.routes, model)],
    [`tenant ${tenant}`, own(rules.tenants, tenant)],
  ];
  return found.flatMap(([name, override]) => (override ? [[name, override] as const] : [])) as [
    string,
    Override,
  ][];
}

function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

/** Which overrides are for a place: equal for two places that have one policy. */
export function keyOf(place: Place, rules: GuardRules): string {
  return overridesFor(place, rules)
    .map(([name]) => name)
    .join("\n");
}

/**
 * The policy of a place. An override's single values and lists of categories stand instead of what is
 * under them, its actions and messages only by category, its rules, topics, listed and allowed texts beside. Pure.
 */
export function policyFor(place: Place, rules: GuardRules): Policy {
  const { routes: _routes, tenants: _tenants, ...base } = rules;
  return overridesFor(place, rules).reduce<Policy>(
    (policy, [, override]) => merged(policy, override),
    base,
  );
}

function merged(policy: Policy, override: Override): Policy {
  const said = Object.fromEntries(
    Object.entries(override).filter(([, value]) => value !== undefined),
  ) as Partial<Policy>; // only parts that are there
  return {
    ...policy,
    ...said,
    actions: { ...policy.actions, ...said.actions },
    messages: { ...policy.messages, ...said.messages },
    onFailure: failures(policy.onFailure, said.onFailure),
    allow: [...policy.allow, ...(said.allow ?? [])],
    rules: [...policy.rules, ...(said.rules ?? [])],
    topics: [...policy.topics, ...(said.topics ?? [])],
    listed: [...policy.listed, ...(said.listed ?? [])],
  };
}

function failures(under: Policy["onFailure"], over: Policy["onFailure"] | undefined) {
  if (over === undefined) return under;
  if (typeof over === "string" || typeof under === "string") return over;
  return { ...under, ...over };
}
