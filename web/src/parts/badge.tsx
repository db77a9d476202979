import type { ReactNode } from "react";
import type { CallRow, ModelList } from "../../../src/http/admin-schemas.ts";
import { Icon, type IconName } from "./icon.tsx";

export type Tone = "moss" | "clay" | "ochre" | "river" | "slate";

/** A word with a sign and a colour: the three always say the same. */
export function Badge({
  tone,
  icon,
  children,
}: {
  tone: Tone;
  icon?: IconName;
  children: ReactNode;
}) {
  return (
    <span className={`badge ${tone}`}>
      {icon && <Icon name={icon} size={13} />}
      {children}
    </span>
  );
}

const STATUS: Record<CallRow["status"], [tone: Tone, icon: IconName, text: string]> = {
  ok: ["moss", "check", "ok"],
  error: ["clay", "cross", "error"],
  blocked: ["ochre", "shield", "blocked"],
  canceled: ["slate", "stop", "canceled"],
};

export function StatusBadge({ status }: { status: CallRow["status"] }) {
  const [tone, icon, text] = STATUS[status];
  return (
    <Badge tone={tone} icon={icon}>
      {text}
    </Badge>
  );
}

type TargetState = ModelList["models"][number]["targets"][number]["state"];

const STATE: Record<TargetState, [tone: Tone, icon: IconName]> = {
  ready: ["moss", "check"],
  loading: ["river", "retry"],
  failed: ["clay", "cross"],
  stopped: ["slate", "pause"],
  unknown: ["slate", "wave"],
};

export function StateBadge({ state }: { state: TargetState }) {
  const [tone, icon] = STATE[state];
  return (
    <Badge tone={tone} icon={icon}>
      {state}
    </Badge>
  );
}
