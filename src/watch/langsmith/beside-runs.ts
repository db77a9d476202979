import type { Feedback, KeptRun, Run } from "../../core/run.ts";
import type { Traces } from "../trace/traces.ts";
import { feedbackStatsBy } from "./feedback-stats.ts";
import type { Links } from "./links.ts";
import type { Beside } from "./run-view.ts";
import type { Shares } from "./shares.ts";
import { type Totals, saysTokens, totalsWithin } from "./totals.ts";

export interface RunReadsNeeds {
  readonly traces: Traces;
  readonly links: Links;
  readonly shares: Shares;
  readonly now: () => number;
  /** Resolves when calls that ended just now stand among the traces. */
  readonly settled: () => Promise<void>;
}

/** Who asks, and the address by which this server was reached: links begin with it. */
export interface Reader {
  readonly tenantId: string;
  readonly origin: string;
}

/** Of one trace: more is beyond what is added up for a view. */
const MAX_TRACE = 50_000;
const PAGE = 5000;
const MAX_FEEDBACK = 10_000;
const LINK_MS = 3_600_000;
const TOTALS = /token|cost/;

/** What clients are shown of runs beside the runs themselves: sums, scores and links. */
export function createBesides(needs: RunReadsNeeds) {
  const { traces, shares } = needs;
  return {
    besides,
    wholeTrace: (traceId: string, tenantId: string) => wholeTrace(traces, traceId, tenantId),
  };

  /** What the wanted fields need beside the runs themselves. */
  async function besides(
    kept: readonly KeptRun[],
    { tenantId, origin }: Reader,
    { fields, isSummed }: { readonly fields: readonly string[]; readonly isSummed: boolean },
  ): Promise<(one: KeptRun) => Beside> {
    const runs = kept.map(({ run }) => run);
    const wants = (field: string) => fields.includes(field);
    const totals =
      isSummed && fields.some((field) => TOTALS.test(field))
        ? await totalsOver(traces, runs, tenantId)
        : new Map<string, Totals>();
    const stats = feedbackStatsBy(
      wants("feedback_stats") ? await feedbackOn(traces, runs, tenantId) : [],
      ({ runId }) => runId,
    );
    const urls = await linksOf(needs, kept, origin);
    const tokens = wants("share_url")
      ? await tokensOf(shares, runs, tenantId)
      : new Map<string, string>();
    return ({ run }) => ({
      feedbackStats: stats.get(run.id),
      totals: totals.get(run.id) ?? run,
      linkTo: (name) => urls.get(`${run.id}/${name}`) ?? "",
      shareToken: tokens.get(run.id),
    });
  }
}

/** By start, without texts. */
async function wholeTrace(traces: Traces, traceId: string, tenantId: string): Promise<Run[]> {
  const all: Run[] = [];
  let cursor: string | undefined;
  do {
    const more = cursor === undefined ? {} : { cursor };
    const { runs, next } = await traces.trace(traceId, { tenantId, limit: PAGE, ...more });
    all.push(...runs);
    cursor = next ?? undefined;
  } while (cursor !== undefined && all.length < MAX_TRACE);
  return all;
}

/** What is under them is added up for runs that say no tokens themselves. */
async function totalsOver(
  traces: Traces,
  runs: readonly Run[],
  tenantId: string,
): Promise<Map<string, Totals>> {
  const found = new Map<string, Totals>();
  const above = runs.filter((run) => !saysTokens(run) && run.type !== "llm");
  for (const traceId of new Set(above.map((run) => run.traceId))) {
    const within = totalsWithin(await wholeTrace(traces, traceId, tenantId));
    for (const [id, totals] of within) found.set(id, totals);
  }
  return new Map(above.flatMap(({ id }) => (found.has(id) ? [[id, found.get(id) as Totals]] : []))); // just asked
}

async function feedbackOn(
  traces: Traces,
  runs: readonly Run[],
  tenantId: string,
): Promise<Feedback[]> {
  if (runs.length === 0) return [];
  return traces.feedback({ tenantId, runIds: runs.map(({ id }) => id), limit: MAX_FEEDBACK });
}

async function tokensOf(
  shares: Shares,
  runs: readonly Run[],
  tenantId: string,
): Promise<Map<string, string>> {
  const all = await Promise.all(runs.map(({ id }) => shares.of(id, tenantId)));
  return new Map(all.flatMap((share) => (share ? [[share.runId, share.token]] : [])));
}

async function linksOf(
  { links, now }: RunReadsNeeds,
  kept: readonly KeptRun[],
  origin: string,
): Promise<Map<string, string>> {
  const urls = new Map<string, string>();
  for (const { run, payload } of kept) {
    for (const { name } of payload.attachments ?? []) {
      const token = await links.sign(["attachment", run.id, name], now() + LINK_MS);
      urls.set(`${run.id}/${name}`, `${origin}/api/v1/public/attachments?signed=${token}`);
    }
  }
  return urls;
}
