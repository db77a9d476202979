import { isDeepStrictEqual } from "node:util";
import {
  DEFAULT_PROJECT,
  type Run,
  type RunPart,
  type RunRecord,
  type RunSource,
  type RunUsage,
} from "../../core/run.ts";
import type { Due, RunParts } from "../../watch/trace/coalescer.ts";
import { type PriceTokens, describeRun, toPart } from "../../watch/trace/describe-run.ts";
import { mergeParts } from "../../watch/trace/merge-parts.ts";
import type { Capture } from "../../watch/trace/recorder.ts";
import type { RunBatch, StoredRun } from "../../core/run-batch.ts";
import type { RunWriter } from "../../watch/trace/run-store.ts";
import { projectIdOf } from "../../watch/langsmith/uuid.ts";

export interface MergingNeeds {
  readonly writer: Pick<RunWriter, "stored" | "projectNamed">;
  readonly price: PriceTokens;
  readonly capture: (source: RunSource) => Capture;
  readonly now: () => number;
}

const MOST_NAMES = 5000;
const TOKENS: readonly (keyof RunUsage)[] = [
  "inputTokens",
  "outputTokens",
  "cachedTokens",
  "cacheWriteTokens",
  "reasoningTokens",
  "imageTokens",
  "audioTokens",
];

type Named = RunBatch["projects"][number];

/** Turns what is due into what is written: late parts are put to what is kept of their runs. */
export class Merging {
  /** Parts that named the run of another tenant, or a call of ours: they were left out. */
  conflicts = 0;
  private readonly needs: MergingNeeds;
  private readonly projectIds = new Map<string, string>();
  private readonly projects = new Map<string, Named>();

  constructor(needs: MergingNeeds) {
    this.needs = needs;
  }

  async toBatch({ runs: open, calls, feedback, position }: Due): Promise<RunBatch> {
    const ids = [...open.map(({ id }) => id), ...calls.map(({ run }) => run.id)];
    const stored =
      ids.length > 0 ? await this.needs.writer.stored(ids) : new Map<string, StoredRun>();
    const projects = new Map<string, RunBatch["projects"][number]>();
    const runs: RunBatch["runs"][number][] = [];
    const seen = new Set<string>();
    for (const one of open) {
      const kept = stored.get(one.id);
      const said = seen.has(one.id) ? undefined : this.merge(one, kept);
      seen.add(one.id);
      if (!said) {
        this.conflicts += 1;
        continue;
      }
      const project = await this.projectOf(said, kept);
      projects.set(project.id, project);
      const record = this.describe({ ...said, projectId: project.id }, kept);
      if (!kept || !isSame(kept, record)) runs.push({ record, before: kept?.run });
    }
    // A call is told once and whole: what is there already came from the log again.
    for (const record of calls) {
      const { id } = record.run;
      if (stored.has(id) || seen.has(id)) continue;
      seen.add(id);
      const project = this.projects.get(record.run.projectId);
      if (project) projects.set(project.id, project);
      runs.push({ record, before: undefined });
    }
    return { runs, feedback, projects: [...projects.values()], position, now: this.needs.now() };
  }

  /** The id of a tenant's project of this name: of the one that is there, or of the one that will be made. */
  async projectId(tenantId: string, name: string): Promise<string> {
    const key = `${tenantId}\0${name}`;
    let id = this.projectIds.get(key);
    if (id === undefined) {
      id = (await this.needs.writer.projectNamed(tenantId, name)) ?? projectIdOf(tenantId, name);
      if (this.projectIds.size >= MOST_NAMES) this.forget();
      this.projectIds.set(key, id);
      this.projects.set(id, { id, tenantId, name });
    }
    return id;
  }

  /** Names of projects changed. */
  forget(): void {
    this.projectIds.clear();
    this.projects.clear();
  }

  private async projectOf(part: RunPart, kept: StoredRun | undefined): Promise<Named> {
    const { tenantId, project: name, projectId } = part;
    if (name === undefined && kept) return this.projectOfId(tenantId, kept.run.projectId);
    // A name says more than an id: SDKs that know the id send that alone.
    if (name === undefined && projectId !== undefined) return this.projectOfId(tenantId, projectId);
    const known = name ?? DEFAULT_PROJECT;
    return { id: await this.projectId(tenantId, known), tenantId, name: known };
  }

  private projectOfId(tenantId: string, id: string): Named {
    return this.projects.get(id) ?? { id, tenantId, name: id };
  }

  /** What is kept of a run and what was said of it now; undefined where it is another tenant's, or a call of ours. */
  private merge({ post, patch }: RunParts, kept: StoredRun | undefined): RunPart | undefined {
    const tenantId = (post ?? patch)?.tenantId;
    if (kept && (kept.run.tenantId !== tenantId || kept.run.source === "call")) return undefined;
    const before = kept && toPart(kept, kept.isPatched, kept.attachments);
    const begun = post ? mergeParts(before, post) : before;
    return patch ? mergeParts(begun, patch) : begun;
  }

  private describe(
    part: RunPart & { readonly projectId: string },
    kept: StoredRun | undefined,
  ): RunRecord {
    const level = this.needs.capture(part.source);
    return describeRun(part, {
      price: kept ? pricedOnce(kept.run, this.needs.price) : this.needs.price,
      capture: level === "none" ? "metadata" : level,
      isCountedOnly: level === "none",
    });
  }
}

/** A run that was priced keeps its price, whatever comes late, as long as it tells the same tokens. */
function pricedOnce(before: Run, price: PriceTokens): PriceTokens {
  if (before.priceVersion === null) return price;
  return (asked) => {
    const { model, provider, usage } = asked;
    const isAlike =
      before.model === model &&
      before.provider === provider &&
      TOKENS.every((kind) => before[kind] === usage[kind]);
    if (!isAlike) return price(asked);
    const { costNanos, inputCostNanos, outputCostNanos, priceVersion } = before;
    return { costNanos, inputCostNanos, outputCostNanos, priceVersion };
  };
}

function isSame(kept: StoredRun, { run, payload }: RunRecord): boolean {
  return (
    isDeepStrictEqual(told(kept.run), told(run)) &&
    JSON.stringify(kept.payload) === JSON.stringify(payload)
  );
}

/** What a run says, without what the store found out, and without previews, which it cuts. */
function told(run: Run): Run {
  return { ...run, isCovered: false, inputPreview: null, outputPreview: null };
}
