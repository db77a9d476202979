import { isDeepStrictEqual } from "node:util";
import { DEFAULT_PROJECT, type RunPart, type RunRecord, type RunSource } from "../../core/run.ts";
import type { Due } from "../../watch/trace/coalescer.ts";
import { type PriceTokens, describeRun, toPart } from "../../watch/trace/describe-run.ts";
import { mergeParts } from "../../watch/trace/merge-parts.ts";
import type { Capture } from "../../watch/trace/recorder.ts";
import type { RunBatch, RunWriter, StoredRun } from "../../watch/trace/run-store.ts";
import { projectIdOf } from "./project-id.ts";

export interface MergingNeeds {
  readonly writer: Pick<RunWriter, "stored" | "projectNamed">;
  readonly price: PriceTokens;
  readonly capture: (source: RunSource) => Capture;
  readonly now: () => number;
}

const MOST_NAMES = 5000;

/** Turns what is due into what is written: late parts are put to what is kept of their runs. */
export class Merging {
  /** Parts that named the run of another tenant, or a call of ours: they were left out. */
  conflicts = 0;
  private readonly needs: MergingNeeds;
  private readonly projectIds = new Map<string, string>();

  constructor(needs: MergingNeeds) {
    this.needs = needs;
  }

  async toBatch({ parts, calls, feedback, position }: Due): Promise<RunBatch> {
    const ids = [...parts.map(({ id }) => id), ...calls.map(({ run }) => run.id)];
    const stored =
      ids.length > 0 ? await this.needs.writer.stored(ids) : new Map<string, StoredRun>();
    const projects = new Map<string, RunBatch["projects"][number]>();
    const runs: RunBatch["runs"][number][] = [];
    const seen = new Set<string>();
    for (const part of parts) {
      if (seen.has(part.id)) {
        this.conflicts += 1;
        continue;
      }
      seen.add(part.id);
      const project = await this.projectOf(part);
      const entry = this.merge(part, project.id, stored.get(part.id));
      if (!entry) continue;
      projects.set(project.id, project);
      runs.push(entry);
    }
    // A call is told once and whole: what is there already came from the log again.
    for (const record of calls) {
      const { id } = record.run;
      if (stored.has(id) || seen.has(id)) continue;
      seen.add(id);
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
      if (this.projectIds.size >= MOST_NAMES) this.projectIds.clear();
      this.projectIds.set(key, id);
    }
    return id;
  }

  /** Names of projects changed. */
  forget(): void {
    this.projectIds.clear();
  }

  private async projectOf(part: RunPart) {
    const { tenantId } = part;
    // A name says more than an id: SDKs that know the id send that alone.
    if (part.project === undefined && part.projectId !== undefined) {
      return { id: part.projectId, tenantId, name: part.projectId };
    }
    const name = part.project ?? DEFAULT_PROJECT;
    return { id: await this.projectId(tenantId, name), tenantId, name };
  }

  private merge(
    part: RunPart,
    projectId: string,
    kept: StoredRun | undefined,
  ): { record: RunRecord; before: StoredRun["run"] | undefined } | undefined {
    if (kept && (kept.run.tenantId !== part.tenantId || kept.run.source === "call")) {
      this.conflicts += 1;
      return undefined;
    }
    const whole = kept ? mergeParts(toPart(kept, kept.isPatched, kept.attachments), part) : part;
    const named = part.project === undefined && kept ? kept.run.projectId : projectId;
    const level = this.needs.capture(part.source);
    const record = describeRun(
      { ...whole, projectId: named },
      {
        price: this.needs.price,
        capture: level === "none" ? "metadata" : level,
        isCountedOnly: level === "none",
      },
    );
    if (kept && isSame(kept, record)) return undefined;
    return { record, before: kept?.run };
  }
}

function isSame(kept: StoredRun, { run, payload }: RunRecord): boolean {
  const { isCovered, inputPreview, outputPreview, ...before } = kept.run;
  const { isCovered: _, inputPreview: __, outputPreview: ___, ...after } = run;
  return (
    isDeepStrictEqual(before, after) && JSON.stringify(kept.payload) === JSON.stringify(payload)
  );
}
