import type { LimitsConfig } from "../../../config/limits.ts";
import type { Limits } from "../../../core/call.ts";
import type { LedgerRow, Span, Unit } from "../../../core/ledger.ts";
import { LIMIT_FIELDS } from "./meters.ts";

/** A counter as people know it: whose it is, which limit, how far it may go. */
export interface Standing {
  readonly kind: "key" | "tenant" | "user" | "model" | "endpoint" | "rule" | "address";
  readonly id: string;
  readonly rule: string | undefined;
  readonly field: keyof Limits;
  readonly unit: Unit;
  readonly span: Span;
  readonly used: number;
  readonly reserved: number;
  readonly most: number | undefined;
  readonly resetAt: number | undefined;
}

/** What keys and tenants say of their own limits. */
export interface OwnLimits {
  key(id: string): Limits | undefined;
  tenant(id: string): Limits | undefined;
}

const KINDS = {
  perKey: "key",
  perTenant: "tenant",
  perUser: "user",
  perModel: "model",
  perEndpoint: "endpoint",
} as const;

/** Undefined for a counter that this version does not know. */
export function standingOf(
  { key, used, reserved, resetAt }: LedgerRow,
  config: LimitsConfig,
  own: OwnLimits,
): Standing | undefined {
  const scope = key.slice(0, key.indexOf("/"));
  const name = key.slice(key.lastIndexOf("/") + 1);
  if (!isField(name)) return undefined;
  const id = key.slice(scope.length + 1, -name.length - 1);
  const counted = { id, field: name, ...LIMIT_FIELDS[name], used, reserved, resetAt };
  if (isScope(scope)) {
    const ownLimits =
      scope === "perKey" ? own.key(id) : scope === "perTenant" ? own.tenant(id) : undefined;
    const most = ownLimits?.[name] ?? config[scope][name];
    return { ...counted, kind: KINDS[scope], rule: undefined, most };
  }
  if (scope === "perIp") {
    const most = config.perIp[name as "requestsPerMinute" | "concurrency"]; // it has no others
    return { ...counted, kind: "address", rule: undefined, most };
  }
  const rule = scope.replace(/^rule:/, "");
  const most = config.rules.find((known) => known.name === rule)?.[name];
  return { ...counted, kind: "rule", rule, most };
}

function isField(name: string): name is keyof Limits {
  return Object.hasOwn(LIMIT_FIELDS, name);
}

function isScope(scope: string): scope is keyof typeof KINDS {
  return Object.hasOwn(KINDS, scope);
}
