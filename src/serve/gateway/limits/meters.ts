import { createHash } from "node:crypto";
import type { LimitRule, LimitsConfig } from "../../../config/limits.ts";
import { type Caller, type Limits, tenantOf } from "../../../core/call.ts";
import type { Meter, Span, Unit } from "../../../core/ledger.ts";

/** Which counters a call touches: weir.yaml's limits, the key's and its tenant's own. Pure. */

/** What of a call a limit can be about. */
export interface Subject {
  readonly caller: Caller;
  readonly route: string;
  readonly model: string;
  readonly user: string | undefined;
}

/** What each limit counts, and over which time. */
export const LIMIT_FIELDS: Readonly<
  Record<keyof Limits, { readonly unit: Unit; readonly span: Span }>
> = {
  concurrency: { unit: "calls", span: "open" },
  requestsPerMinute: { unit: "requests", span: "minute" },
  requestsPerDay: { unit: "requests", span: "day" },
  tokensPerMinute: { unit: "tokens", span: "minute" },
  tokensPerDay: { unit: "tokens", span: "day" },
  tokensPerMonth: { unit: "tokens", span: "month" },
  costPerMinute: { unit: "cost", span: "minute" },
  costPerDay: { unit: "cost", span: "day" },
  costPerMonth: { unit: "cost", span: "month" },
};
const NAMES = Object.keys(LIMIT_FIELDS) as (keyof Limits)[]; // the record has just these keys

export function metersFor(subject: Subject, config: LimitsConfig): readonly Meter[] {
  const { caller, route, model, user } = subject;
  const tenant = tenantOf(caller);
  return [
    ...meters("perKey", caller.keyId, { ...config.perKey, ...set(caller.limits) }),
    ...meters("perTenant", tenant, { ...config.perTenant, ...set(caller.tenantLimits) }),
    // A user's name is what the request says: it means something within its tenant only.
    ...(user === undefined ? [] : meters("perUser", join([tenant, user]), config.perUser)),
    ...meters("perModel", model, config.perModel),
    ...meters("perEndpoint", route, config.perEndpoint),
    ...config.rules
      .filter((rule) => matches(rule, subject))
      .flatMap((rule) => byRule(rule, subject)),
  ];
}

/** Whether the counters of a call depend on whom it is made for. */
export function asksForUser({ perUser, rules }: LimitsConfig): boolean {
  return (
    NAMES.some((name) => perUser[name] !== undefined) ||
    rules.some(({ match, by }) => match.user !== undefined || by.includes("user"))
  );
}

function meters(
  scope: string,
  subject: string,
  limits: Limits,
  mode: Meter["mode"] = "hard",
): Meter[] {
  const found: Meter[] = [];
  for (const field of NAMES) {
    const limit = limits[field];
    if (limit === undefined) continue;
    found.push({
      key: `${scope}/${shortened(subject)}/${field}`,
      ...LIMIT_FIELDS[field],
      limit,
      mode,
      scope,
      field,
      subject,
    });
  }
  return found;
}

function byRule(rule: LimitRule, subject: Subject): Meter[] {
  const values = rule.by.map((dimension) => valueOf(dimension, subject) ?? "-");
  return meters(`rule:${rule.name}`, join(values), rule, rule.mode);
}

function matches({ match }: LimitRule, subject: Subject): boolean {
  const { caller } = subject;
  if (match.key !== undefined) {
    const isKey = isLike(caller.keyName, match.key) || isLike(caller.keyId, match.key);
    if (!isKey) return false;
  }
  return (["tenant", "user", "model", "endpoint"] as const).every((dimension) => {
    const glob = match[dimension];
    if (glob === undefined) return true;
    const value = valueOf(dimension, subject);
    return value !== undefined && isLike(value, glob);
  });
}

function valueOf(dimension: LimitRule["by"][number], subject: Subject): string | undefined {
  const { caller, route, model, user } = subject;
  const values = {
    key: caller.keyId,
    tenant: tenantOf(caller),
    user,
    model,
    endpoint: route,
  };
  return values[dimension];
}

/** A `*` stands for any characters. Each piece is looked for once: no pattern can be slow. */
export function isLike(text: string, glob: string): boolean {
  const pieces = glob.split("*");
  const first = pieces[0] ?? "";
  const last = pieces.at(-1) ?? "";
  if (pieces.length === 1) return text === glob;
  if (text.length < first.length + last.length) return false;
  if (!text.startsWith(first) || !text.endsWith(last)) return false;
  const end = text.length - last.length;
  let at = first.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = text.indexOf(piece, at);
    if (found === -1 || found + piece.length > end) return false;
    at = found + piece.length;
  }
  return true;
}

/** Several names as one; a name with a space in it cannot pass for two. */
function join(values: readonly string[]): string {
  return values.map((value) => value.replaceAll(/[%\s]/g, encodeURIComponent)).join(" ");
}

const LONGEST = 120;

/** What clients may choose freely must not fill the memory with its length. */
function shortened(subject: string): string {
  if (subject.length <= LONGEST) return subject;
  return `${subject.slice(0, 40)}…${createHash("sha256").update(subject).digest("hex").slice(0, 32)}`;
}

/** Fields that are there and not undefined: only those stand over others. */
function set(limits: Limits | undefined): Limits {
  if (limits === undefined) return {};
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined));
}
