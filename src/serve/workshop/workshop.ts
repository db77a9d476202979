import { WeirError } from "../../core/errors.ts";
import { type MixName, mixNamed } from "../../gguf/quantize/mixes.ts";
import { type RowsPool, quantizeFile } from "../../gguf/quantize/quantize-file.ts";
import type { Library } from "../library/library.ts";
import { pullModel, sourceOf } from "../library/pull.ts";
import type { Job, JobResult, Jobs, Working } from "./jobs.ts";
import { checkUntaken, enterMade, madeName } from "./made-models.ts";
import type { Measurements } from "./measurements.ts";
import type { ModelFile, ModelFiles } from "./model-files.ts";

export interface WorkshopNeeds {
  readonly library: Library;
  readonly files: ModelFiles;
  readonly jobs: Jobs;
  readonly measurements: Measurements;
  /** The hub, as it is configured now. */
  readonly hub: () => { readonly endpoint: string; readonly token: string | undefined };
  /** Reaches only what may be reached on behalf of others. */
  readonly fetch: typeof fetch;
  readonly openPool: () => RowsPool & { close(): Promise<void> };
  readonly threads: number;
  /** The text to measure by where none is given. */
  readonly sampleText: () => { readonly name: string; readonly text: string };
  readonly now: () => number;
}

export interface PullWish {
  readonly source: string;
  readonly name?: string | undefined;
  readonly revision?: string | undefined;
}

export interface QuantizeWish {
  readonly ref: string;
  readonly type: string;
  readonly name?: string | undefined;
  readonly keep: readonly string[];
  readonly again: boolean;
}

/**
 * Where a server that runs fetches models and makes them smaller: each wish is checked, and becomes a job.
 * Every method throws WeirErrors that name the field at fault.
 */
export class Workshop {
  private readonly needs: WorkshopNeeds;

  constructor(needs: WorkshopNeeds) {
    this.needs = needs;
  }

  pull({ source: asked, name, revision }: PullWish, by: string): Job {
    const { library, jobs, hub, fetch } = this.needs;
    const source = sourceOf(asked.trim());
    if (source.type === "path") {
      throw new WeirError(
        "invalid_request",
        "Expected hf:ORG/REPO, hf:ORG/REPO:TYPE or an https address. Files of the server's own machine are pulled on its command line.",
        { param: "source" },
      );
    }
    if (name !== undefined) library.checkFree(name);
    // Without what may be a secret.
    const title = source.type === "url" ? asked.trim().replace(/[?#].*$/s, "") : asked.trim();
    return jobs.start({
      kind: "pull",
      title,
      by,
      unit: "bytes",
      async run({ signal, progress }) {
        const options = { library, ...hub(), name, revision, fetch, signal, onProgress: progress };
        return { name: (await pullModel(source, options)).name };
      },
    });
  }

  async quantize({ ref, type, name, keep, again }: QuantizeWish, by: string): Promise<Job> {
    const mix = mixOf(type);
    const file = await this.needs.files.usable(ref, "ref");
    if (file.facts?.isQuantized && !again) {
      throw new WeirError(
        "invalid_request",
        `${file.name} is ${file.facts.type} already, and quantizing again loses more than from the F16 or BF16 original. Say "again": true to do so all the same.`,
        { param: "again" },
      );
    }
    const made = name ?? madeName(file.name, mix);
    checkUntaken(this.needs.library, made);
    return this.needs.jobs.start({
      kind: "quantize",
      title: `${file.name} as ${mix}`,
      by,
      unit: "bytes",
      run: (working) => this.writeQuantized(file, { mix, keep, made }, working),
    });
  }

  private async writeQuantized(
    file: ModelFile,
    { mix, keep, made }: { mix: MixName; keep: readonly string[]; made: string },
    { signal, progress }: Working,
  ): Promise<JobResult> {
    const { library, openPool, now } = this.needs;
    const pool = openPool();
    try {
      const options = { mix, pool, keep, again: true, signal, onProgress: progress };
      const sha256 = await library.make((path) => quantizeFile(file.path, path, options), signal);
      const source = `${file.name} as ${mix}`;
      enterMade(library, { name: made, sha256, source, original: file, at: now() });
      return { name: made };
    } finally {
      await pool.close();
    }
  }

  /** Takes a model out of the library. Throws conflict where weir.yaml serves it. */
  async remove(ref: string): Promise<string> {
    const { name, isInLibrary, usedBy } = await this.needs.files.find(ref);
    if (!isInLibrary) {
      const text = `${name} is no file of the library: weir.yaml names it.`;
      throw new WeirError("conflict", text, { param: "ref" });
    }
    if (usedBy.length > 0) {
      const text = `${name} answers for ${usedBy.join(", ")}: take it out of weir.yaml first.`;
      throw new WeirError("conflict", text, { param: "ref" });
    }
    this.needs.library.remove(name);
    return name;
  }

  /** Deletes what no model has; gives the bytes. Throws conflict while something is being made. */
  clean(): number {
    if (this.needs.jobs.isBusy) {
      const text = "A job is under way, and what it has begun would go as well. Wait for its end.";
      throw new WeirError("conflict", text);
    }
    return this.needs.library.clean();
  }
}

function mixOf(type: string): MixName {
  try {
    return mixNamed(type);
  } catch (cause) {
    const message = cause instanceof WeirError ? cause.message : String(cause);
    throw new WeirError("invalid_request", message, { param: "type", cause });
  }
}
