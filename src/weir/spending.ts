import type { FigureCell } from "../core/run-query.ts";
import type { Traces } from "../watch/trace/traces.ts";

/** What one key of one tenant has used since the start of a month, and of it since that of a day. */
export interface Spending {
  readonly keyId: string;
  readonly tenantId: string;
  readonly dayCalls: number;
  readonly dayTokens: number;
  readonly dayNanos: number;
  readonly monthCalls: number;
  readonly monthTokens: number;
  readonly monthNanos: number;
}

const HOUR_MS = 3_600_000;

/** From the figures of our own calls: what clients tell of theirs is nobody's bill. */
export async function spendingOf(
  traces: Pick<Traces, "figures">,
  { dayFrom, monthFrom, now }: { dayFrom: number; monthFrom: number; now: number },
): Promise<Spending[]> {
  const to = (Math.floor(now / HOUR_MS) + 1) * HOUR_MS;
  const since = (from: number) =>
    traces.figures({ from, to, by: ["key", "tenant"], where: { source: ["call"] } });
  const [month, day] = await Promise.all([since(monthFrom), since(dayFrom)]);
  const ofDay = new Map(day.map((cell) => [nameOf(cell), cell]));
  return month.map((cell) => {
    const today = ofDay.get(nameOf(cell));
    const [keyId = "", tenantId = ""] = cell.values;
    return {
      keyId,
      tenantId,
      dayCalls: today?.runs ?? 0,
      dayTokens: tokensOf(today),
      dayNanos: today?.costNanos ?? 0,
      monthCalls: cell.runs,
      monthTokens: tokensOf(cell),
      monthNanos: cell.costNanos,
    };
  });
}

function nameOf({ values }: FigureCell): string {
  return values.join("\0");
}

function tokensOf(cell: FigureCell | undefined): number {
  return cell ? cell.inputTokens + cell.outputTokens : 0;
}
