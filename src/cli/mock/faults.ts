import type { Call, Reply } from "./call.ts";
import type { Kind, MockOptions } from "./kind.ts";

/** The ways in which every double can fail on demand; an HTTP status is one as well. */
export const FAULTS = [
  "status",
  "refuse",
  "break",
  "stall",
  "malformed",
  "empty",
  "mid-error",
  "redirect",
  "slow-first",
  "silent",
  "break-first",
  "error-first",
  "twice",
] as const;

const SPOILING: ReadonlySet<string> = new Set(
  FAULTS.filter((one) => one !== "status" && one !== "redirect"),
);
const IN_MODEL = new RegExp(
  String.raw`(?:^|[^a-z])(?:status-(\d{3})|(${[...FAULTS].toSorted((a, b) => b.length - a.length).join("|")}))(?![a-z0-9])`,
);
const MESSAGES: Readonly<Record<number, string>> = {
  429: "Rate limit reached: mock failure 429",
  529: "Overloaded",
};

/** The fault of one call: its header's, its model's, or by chance. */
export function faultFor(
  call: Call,
  model: string,
  { failRate, fault }: Pick<MockOptions, "failRate" | "fault">,
): string | undefined {
  const asked = call.headers["x-mock-fault"];
  if (typeof asked === "string") return asked;
  const [, status, name] = IN_MODEL.exec(model) ?? [];
  return status ?? name ?? (Math.random() < failRate ? fault : undefined);
}

/** The answer of a fault that replaces the whole answer; undefined for those that spoil one. */
export function replyFor(fault: string, kind: Kind, call: Call): Reply | undefined {
  if (SPOILING.has(fault)) return undefined;
  if (fault === "redirect")
    return {
      status: 302,
      headers: { location: "http://169.254.169.254/latest/meta-data/" },
      body: "",
    };
  const status = Number(fault) >= 400 ? Number(fault) : 503;
  return kind.error({ status, message: MESSAGES[status] ?? `mock failure ${status}` }, call);
}
