import type { KeptRun, Run } from "../../core/run.ts";
import { type Reader, type RunReadsNeeds, createBesides } from "./beside-runs.ts";
import type { Wire } from "./run-fields.ts";
import { type RunSearch, queryOf } from "./run-search.ts";
import { needsTexts, toSelectedRun } from "./run-view-2.ts";
import { selected, toWireRun } from "./run-view.ts";

export interface WirePage {
  readonly runs: readonly Wire[];
  readonly next: string | null;
}

export type RunReads = ReturnType<typeof createRunReads>;

/** Runs as LangSmith's clients read them. */
export function createRunReads(needs: RunReadsNeeds) {
  const { traces, settled } = needs;
  const { besides, wholeTrace } = createBesides(needs);
  return { settled, find, wholeTrace, page, page2, classic, second };

  /** A run with its texts, also one that has just come. */
  async function find(id: string, tenantId: string): Promise<KeptRun | undefined> {
    await settled();
    return (await traces.find([id], tenantId))[0];
  }

  /** A page of the classic reads. */
  async function page(
    search: RunSearch,
    reader: Reader,
    select: readonly string[] | undefined,
  ): Promise<WirePage> {
    await settled();
    const { runs, next } = await traces.runs(queryOf(search, reader.tenantId));
    const kept = await withTexts(runs, reader, select === undefined || needsTexts(select));
    return { runs: await classic(kept, reader, select), next };
  }

  /** A page of the second version's. */
  async function page2(
    search: RunSearch,
    reader: Reader,
    { select, isSummed }: { readonly select: readonly string[]; readonly isSummed: boolean },
  ): Promise<WirePage> {
    await settled();
    const { runs, next } = await traces.runs(queryOf(search, reader.tenantId));
    const kept = await withTexts(runs, reader, needsTexts(select));
    return { runs: await second(kept, reader, { select, isSummed }), next };
  }

  async function withTexts(
    runs: readonly Run[],
    { tenantId }: Reader,
    isWanted: boolean,
  ): Promise<KeptRun[]> {
    if (!isWanted || runs.length === 0) return runs.map((run) => ({ run, payload: {} }));
    return traces.find(
      runs.map(({ id }) => id),
      tenantId,
    );
  }

  async function classic(
    kept: readonly KeptRun[],
    reader: Reader,
    select: readonly string[] | undefined,
  ): Promise<Wire[]> {
    const fields = select?.length ? select : ["total_tokens", "feedback_stats"];
    const beside = await besides(kept, reader, { fields, isSummed: true });
    return kept.map((one) => selected(toWireRun(one, beside(one)), select));
  }

  async function second(
    kept: readonly KeptRun[],
    reader: Reader,
    { select, isSummed }: { readonly select: readonly string[]; readonly isSummed: boolean },
  ): Promise<Wire[]> {
    const beside = await besides(kept, reader, { fields: select, isSummed });
    return kept.map((one) => toSelectedRun(one, beside(one), select));
  }
}
