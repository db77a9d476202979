import { WeirError } from "../../core/errors.ts";
import type { DataNeeds } from "./data-needs.ts";
import { type Dataset, isoTime } from "./dataset.ts";
import { EXAMPLE, EXAMPLE_PAST, VERSION, VERSION_TAG } from "./datasets.ts";
import { type Example, toExample } from "./example.ts";
import { timeOf } from "./wire-time.ts";

const PAGE = 1000;
const MANY = 10_000;
/** The tag of whatever is newest. */
const LATEST = "latest";

/** A dataset as it was: each change of its examples is a version, known by its time or by a tag. */
export class DatasetVersions {
  readonly #needs: DataNeeds;

  constructor(needs: DataNeeds) {
    this.#needs = needs;
  }
  async #tagsOf({ tenantId, id }: Dataset): Promise<Map<string, number>> {
    const records = await this.#needs.shelf.list({
      kind: VERSION_TAG,
      tenantId,
      parentId: id,
      limit: MANY,
    });
    return new Map(records.map(({ name, value }) => [name ?? "", (value as { at: number }).at])); // as put below
  }

  async #toWire(dataset: Dataset, times: readonly number[]) {
    const tags = await this.#tagsOf(dataset);
    return times.map((at) => {
      const own = [...tags].filter(([, tagged]) => tagged === at).map(([tag]) => tag);
      return {
        as_of: isoTime(at),
        tags: at === dataset.value.as_of ? [LATEST, ...own] : own.length > 0 ? own : null,
      };
    });
  }

  async #timesOf({ tenantId, id }: Dataset): Promise<number[]> {
    const records = await this.#needs.shelf.list({
      kind: VERSION,
      tenantId,
      parentId: id,
      limit: MANY,
    });
    return records.map(({ value }) => (value as { at: number }).at); // newest first, as datasets.ts puts them
  }

  async #taggedAt(dataset: Dataset, tag: string): Promise<number> {
    if (tag === LATEST) return dataset.value.as_of;
    const at = (await this.#tagsOf(dataset)).get(tag);
    if (at !== undefined) return at;
    throw new WeirError("not_found", `as_of: the dataset has no version tagged "${tag}".`, {
      param: "as_of",
    });
  }

  /** The newest version not after that time. */
  async #closest(dataset: Dataset, at: number): Promise<number> {
    const found = (await this.#timesOf(dataset)).find((time) => time <= at);
    if (found !== undefined) return found;
    throw new WeirError("not_found", "as_of: the dataset has no version so early.", {
      param: "as_of",
    });
  }

  /** A time or a tag; undefined: as it is this.#needs.now. */
  async moment(dataset: Dataset, asOf: string | undefined): Promise<number | undefined> {
    if (!asOf || asOf === LATEST) return undefined;
    const at = timeOf(asOf);
    // Clients may know microseconds: a version's whole millisecond belongs to it.
    const time = at === undefined ? await this.#taggedAt(dataset, asOf) : Math.ceil(at);
    return time >= dataset.value.as_of ? undefined : time;
  }

  async #all(kind: string, { tenantId, id }: Dataset): Promise<Example[]> {
    const found: Example[] = [];
    for (;;) {
      const offset = found.length;
      const page = await this.#needs.shelf.list({
        kind,
        tenantId,
        parentId: id,
        limit: PAGE,
        offset,
      });
      found.push(...page.map(toExample));
      if (page.length < PAGE) return found;
    }
  }

  /** The examples of a moment, the newest first. */
  async examplesAt(dataset: Dataset, at: number | undefined): Promise<Example[]> {
    const present = await this.#all(EXAMPLE, dataset);
    if (at === undefined) return present;
    const past = await this.#all(EXAMPLE_PAST, dataset);
    return [...present, ...past].filter(
      ({ value }) => value.from <= at && (value.to === null || value.to > at),
    );
  }

  /** What examples were before they were changed or removed. */
  past(dataset: Dataset): Promise<Example[]> {
    return this.#all(EXAMPLE_PAST, dataset);
  }

  async list(dataset: Dataset, page: { readonly limit: number; readonly offset: number }) {
    const times = await this.#timesOf(dataset);
    return this.#toWire(dataset, times.slice(page.offset, page.offset + page.limit));
  }

  /** The version of a tag, or the closest one not after a time. */
  async read(dataset: Dataset, { asOf, tag }: { readonly asOf?: string; readonly tag?: string }) {
    const at = asOf === undefined ? undefined : timeOf(asOf);
    const time =
      at === undefined
        ? await this.#taggedAt(dataset, tag ?? asOf ?? LATEST)
        : await this.#closest(dataset, Math.ceil(at));
    return (await this.#toWire(dataset, [time]))[0];
  }

  /** Gives a version a tag, which it takes from another. */
  async tag(dataset: Dataset, asOf: string, tag: string) {
    if (tag === LATEST) {
      throw new WeirError("invalid_request", 'tag: "latest" is always the newest version.', {
        param: "tag",
      });
    }
    const sent = timeOf(asOf);
    const at =
      sent === undefined ? await this.#taggedAt(dataset, asOf) : await this.#closest(dataset, sent);
    const { tenantId, id: parentId } = dataset;
    const id = `${parentId}:${tag}`;
    await this.#needs.shelf.write([
      {
        op: "put",
        kind: VERSION_TAG,
        tenantId,
        id,
        parentId,
        name: tag,
        value: { at },
        at: this.#needs.now(),
      },
    ]);
    return (await this.#toWire(dataset, [at]))[0];
  }

  /** Which examples came, went and changed between two moments. */
  async diff(dataset: Dataset, from: string, to: string) {
    const [before, after] = await Promise.all(
      [from, to].map(async (asOf) => {
        const examples = await this.examplesAt(dataset, await this.moment(dataset, asOf));
        return new Map(examples.map(({ id, value }) => [id, value.from]));
      }),
    );
    const [old, current] = [
      before ?? new Map<string, number>(),
      after ?? new Map<string, number>(),
    ];
    const kept = [...current.keys()].filter((id) => old.has(id));
    return {
      examples_added: [...current.keys()].filter((id) => !old.has(id)),
      examples_modified: kept.filter((id) => old.get(id) !== current.get(id)),
      examples_removed: [...old.keys()].filter((id) => !current.has(id)),
    };
  }
}
