import type { RunRow } from "../../../src/http/trace-schemas.ts";
import { Badge, type Tone } from "./badge.tsx";
import type { IconName } from "./icon.tsx";

const STATUS: Record<RunRow["status"], [tone: Tone, icon: IconName, text: string]> = {
  success: ["moss", "check", "ok"],
  pending: ["river", "retry", "running"],
  error: ["clay", "cross", "error"],
  blocked: ["ochre", "shield", "blocked"],
  canceled: ["slate", "stop", "canceled"],
};

export function RunStatusBadge({ status }: { status: RunRow["status"] }) {
  const [tone, icon, text] = STATUS[status];
  return (
    <Badge tone={tone} icon={icon}>
      {text}
    </Badge>
  );
}

export function statusText(status: RunRow["status"]): string {
  return STATUS[status][2];
}
