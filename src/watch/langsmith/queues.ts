import { WeirError } from "../../core/errors.ts";
import type { ShelfWrite } from "../../core/shelf.ts";
import type { DataNeeds } from "./data-needs.ts";
import { isoTime } from "./dataset.ts";
import { createTurns } from "./in-turn.ts";
import {
  type Item,
  type ItemValue,
  type NewItem,
  type NewQueue,
  QUEUE,
  QUEUE_ITEM,
  type Queue,
  type QueueChange,
  type State,
  reviewersWho,
  stateOf,
  toItem,
  toQueue,
} from "./queue.ts";
import { wireTime } from "./wire-time.ts";

const MANY = 100_000;
/** Of a project at once. */
const MAX_ADDED = 10_000;

export interface Reviewer {
  readonly tenantId: string;
  /** Its key's name. */
  readonly name: string;
}

export interface QueueQuery {
  readonly ids?: readonly string[] | undefined;
  readonly name?: string | undefined;
  readonly nameContains?: string | undefined;
  readonly limit: number;
  readonly offset: number;
}

/** Annotation queues: runs and threads that wait for people to judge them. */
export class Queues {
  readonly #needs: DataNeeds;
  readonly #inTurn = createTurns();

  constructor(needs: DataNeeds) {
    this.#needs = needs;
  }

  async find(tenantId: string, id: string): Promise<Queue> {
    const record = await this.#needs.shelf.get(QUEUE, id, tenantId);
    if (record) return toQueue(record);
    throw new WeirError("not_found", `Queue not found: there is none with the id ${id}.`, {
      param: "queue",
    });
  }

  async create(tenantId: string, { id: wanted, session_ids, ...value }: NewQueue): Promise<Queue> {
    const { shelf, now, newId } = this.#needs;
    const id = wanted ?? newId();
    const put = { op: "put", kind: QUEUE, tenantId, id, value, at: now(), ifVersion: 0 } as const;
    await shelf.write([put]);
    if (session_ids?.length) await this.populate(tenantId, id, session_ids);
    return this.find(tenantId, id);
  }

  async list(tenantId: string, { name, nameContains, limit, offset, ids }: QueueQuery) {
    const all = await this.#needs.shelf.list({ kind: QUEUE, tenantId, ids, limit: MANY });
    const part = nameContains?.toLowerCase();
    const found = all
      .map(toQueue)
      .filter(
        ({ value }) =>
          (name === undefined || value.name === name) &&
          (part === undefined || value.name.toLowerCase().includes(part)),
      );
    return found.slice(offset, offset + limit);
  }

  async update(tenantId: string, id: string, change: QueueChange): Promise<Queue> {
    return this.#inTurn(id, async () => {
      const { value, version } = await this.find(tenantId, id);
      const named = Object.entries(change).filter(([, field]) => field !== undefined);
      const next = { ...value, ...Object.fromEntries(named), name: change.name ?? value.name };
      const at = this.#needs.now();
      const put = { op: "put", kind: QUEUE, tenantId, id, value: next, at } as const;
      await this.#needs.shelf.write([{ ...put, ifVersion: version }]);
      return this.find(tenantId, id);
    });
  }

  async remove(tenantId: string, id: string): Promise<void> {
    await this.find(tenantId, id);
    await this.#needs.shelf.write([
      { op: "remove", kind: QUEUE, tenantId, id },
      { op: "remove-under", kind: QUEUE_ITEM, tenantId, parentId: id },
    ]);
  }

  /** Runs must be there; what waits in the queue already stays where it is. */
  async add(tenantId: string, queueId: string, sent: readonly NewItem[]): Promise<Item[]> {
    const { shelf, traces, now, newId } = this.#needs;
    await this.find(tenantId, queueId);
    await traces.merged();
    const runIds = sent.flatMap(({ run_id: id }) => (id ? [id] : []));
    const kept = await traces.find(runIds, tenantId);
    const runs = new Map(kept.map(({ run }) => [run.id, run]));
    const missing = runIds.find((id) => !runs.has(id));
    if (missing !== undefined) {
      throw new WeirError("not_found", `run_id: there is no run ${missing}.`, { param: "run_id" });
    }
    return this.#inTurn(queueId, async () => {
      const at = now();
      const names = new Set((await this.items(tenantId, queueId)).map(({ name }) => name));
      const fresh = sent.filter((one) => !names.has(nameOf(one)));
      const added = new Map(fresh.map((one) => [nameOf(one), one]));
      const writes = Array.from(added, ([name, one]): ShelfWrite => {
        const run = one.run_id ? runs.get(one.run_id) : undefined;
        const value: ItemValue = {
          run_id: one.run_id ?? null,
          thread_id: one.thread_id ?? null,
          project_id: run?.projectId ?? one.project_id ?? one.session_id ?? null,
          start_time: run ? wireTime(run.at) : (one.start_time ?? null),
          source_proposed_example_id: one.source_proposed_example_id ?? null,
          added_at: isoTime(at),
          last_reviewed_time: null,
          reviews: {},
          archived_at: null,
        };
        const put = { op: "put", kind: QUEUE_ITEM, tenantId, id: newId(), value, at } as const;
        return { ...put, parentId: queueId, name };
      });
      await shelf.write(writes);
      const wanted = new Set(sent.map(nameOf));
      return (await this.items(tenantId, queueId)).filter(({ name }) => wanted.has(name ?? ""));
    });
  }

  /** Every run without a parent of these projects. */
  async populate(tenantId: string, queueId: string, projectIds: readonly string[]): Promise<void> {
    const { traces } = this.#needs;
    await traces.merged();
    const { runs } = await traces.runs({
      tenantId,
      filter: { op: "in", field: "projectId", values: projectIds },
      isRoot: true,
      order: "asc",
      limit: MAX_ADDED,
    });
    await this.add(
      tenantId,
      queueId,
      runs.map(({ id }) => ({ run_id: id })),
    );
  }

  /** In the order in which they came. */
  async items(tenantId: string, queueId: string): Promise<Item[]> {
    const where = { kind: QUEUE_ITEM, tenantId, parentId: queueId } as const;
    return (await this.#needs.shelf.list({ ...where, order: "oldest", limit: MANY })).map(toItem);
  }

  async itemsIn(
    { tenantId, name }: Reviewer,
    queueId: string,
    state: State | undefined,
  ): Promise<Item[]> {
    await this.find(tenantId, queueId);
    const all = await this.items(tenantId, queueId);
    return state === undefined ? all : all.filter((item) => stateOf(item, name) === state);
  }

  async item(tenantId: string, id: string, queueId?: string): Promise<Item> {
    const record = await this.#needs.shelf.get(QUEUE_ITEM, id, tenantId);
    const item = record && toItem(record);
    if (item && (queueId === undefined || item.parentId === queueId)) return item;
    throw new WeirError("not_found", `There is no item ${id} in this queue.`, { param: "item" });
  }

  async changeItem(
    tenantId: string,
    id: string,
    decide: (value: ItemValue) => ItemValue,
  ): Promise<Item> {
    const item = await this.item(tenantId, id);
    return this.#inTurn(id, async () => {
      const { value, version, parentId, name } = await this.item(tenantId, id);
      const put = { op: "put", kind: QUEUE_ITEM, tenantId, id, parentId, name } as const;
      const at = this.#needs.now();
      await this.#needs.shelf.write([{ ...put, value: decide(value), at, ifVersion: version }]);
      return this.item(tenantId, item.id);
    });
  }

  /** One reviewer's word; with enough of them the item leaves the queue. Null takes the word back. */
  async review(
    { tenantId, name }: Reviewer,
    id: string,
    did: "viewed" | "completed" | null,
  ): Promise<Item> {
    const item = await this.item(tenantId, id);
    const { value: queue } = await this.find(tenantId, item.parentId ?? "");
    const at = this.#needs.now();
    return this.changeItem(tenantId, id, (value) => {
      const { [name]: _, ...others } = value.reviews;
      const reviews = did === null ? others : { ...others, [name]: did };
      const done = reviewersWho({ ...item, value: { ...value, reviews } }, "completed").length;
      const isDone = done >= (queue.num_reviewers_per_item ?? 1);
      return {
        ...value,
        reviews,
        last_reviewed_time: isoTime(at),
        archived_at: isDone ? (value.archived_at ?? at) : null,
      };
    });
  }

  /** Gives how many there were. */
  async removeItems(tenantId: string, queueId: string, isMeant: (item: Item) => boolean) {
    await this.find(tenantId, queueId);
    const meant = (await this.items(tenantId, queueId)).filter(isMeant);
    await this.#needs.shelf.write(
      meant.map(({ id }) => ({ op: "remove", kind: QUEUE_ITEM, tenantId, id })),
    );
    return meant.length;
  }

  /** The queues that a run waits in. */
  async having(tenantId: string, runId: string): Promise<Queue[]> {
    const where = { kind: QUEUE_ITEM, tenantId, name: runId, limit: MANY };
    const ids = (await this.#needs.shelf.list(where)).flatMap(({ parentId }) => parentId ?? []);
    const queues = await this.#needs.shelf.list({ kind: QUEUE, tenantId, ids, limit: MANY });
    return queues.map(toQueue);
  }
}

const nameOf = ({ run_id, thread_id }: NewItem): string => run_id ?? `thread:${thread_id}`;
