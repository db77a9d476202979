import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { WeirConfig } from "../../config/schema.ts";
import { WeirError, messageOf } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import type { Later } from "../../core/time.ts";
import type { Share } from "../../ship/rollout/assign.ts";
import type { Book } from "../../ship/rollout/book.ts";
import type { Entry, News } from "../../ship/rollout/journal.ts";
import { type Command, Rollout } from "../../ship/rollout/rollout.ts";
import type { Sighting } from "./arms.ts";
import { identityOf, planOf } from "./plan-of.ts";
import { ReleaseJournal } from "./release-journal.ts";

export interface DeskNeeds {
  /** Where journals lie. */
  readonly folder: string;
  readonly now: () => number;
  readonly monotonic: () => number;
  readonly later: Later;
  readonly log: Log;
  /** How often the engines of a model's candidate have been started again. */
  readonly restarts: (model: string) => number;
  /** Calls are parted in another way from now on. */
  readonly turned: (shares: Readonly<Record<string, Share>>) => void;
}

interface Running {
  readonly rollout: Rollout;
  readonly journal: ReleaseJournal;
  readonly identity: string;
  /** As `monotonic` was, and the candidate's restarts were, at the last look. */
  lookedAt: number;
  restarts: number;
  /** Nothing can be written: said once. */
  isHeld: boolean;
}

const TICK_MS = 1000;

/** Judges the releases of all models: the one place per server, whatever processes take its calls. */
export class ReleaseDesk {
  private readonly needs: DeskNeeds;
  private readonly running = new Map<string, Running>();
  private stop: (() => void) | undefined;

  constructor(needs: DeskNeeds) {
    this.needs = needs;
  }

  /** Goes over to another configuration. A model whose release says the same goes on with it. */
  apply(models: WeirConfig["models"]): void {
    for (const [name, { identity }] of this.running) {
      const model = models[name];
      if (model?.release && identityOf(name, model) === identity) continue;
      this.end(name);
    }
    for (const [name, { release, ...model }] of Object.entries(models)) {
      if (!release || this.running.has(name)) continue;
      const config = { ...model, release };
      const identity = identityOf(name, config);
      const attempt = Math.max(1, this.attempts(identity));
      this.open(planOf(name, config, attempt), identity);
    }
    this.tell();
    if (!this.stop && this.running.size > 0) this.tickLater();
  }

  /** Takes what was seen of a release's traffic. */
  take(sighting: Sighting): void {
    const running = this.running.get(sighting.model);
    if (running?.rollout.book.plan.id !== sighting.id) return;
    this.held(running, ({ rollout }) => {
      if ("unit" in sighting) rollout.observe(sighting.unit);
      else rollout.observePair(sighting.stable, sighting.candidate);
    });
  }

  get shares(): Readonly<Record<string, Share>> {
    return Object.fromEntries(
      Array.from(this.running, ([name, { rollout }]) => [name, rollout.share]),
    );
  }

  /** The releases there are. */
  list(): readonly Rollout[] {
    return Array.from(this.running.values(), ({ rollout }) => rollout);
  }

  /** Throws not_found with the models that are being released. */
  find(model: string): Rollout {
    return this.get(model).rollout;
  }

  /** Everything that happened to a model's release. */
  *journal(model: string): Generator<Entry> {
    yield* this.get(model).journal.entries();
  }

  /** Whether a model's traffic is being compared now: its replicas are left as they are. */
  isJudged(model: string): boolean {
    return this.running.get(model)?.rollout.share.isJudged ?? false;
  }

  /** An operator decides. Throws conflict where it cannot be. */
  command(model: string, command: Command, by: string): Book {
    const { rollout } = this.get(model);
    const refusal = rollout.command(command, by);
    if (refusal !== undefined) throw new WeirError("conflict", refusal);
    return rollout.book;
  }

  /** Takes a judge's score of a call. Throws conflict where none was asked for. */
  score(model: string, call: string, score: number): void {
    const running = this.get(model);
    let isAwaited = false;
    this.held(running, ({ rollout }) => (isAwaited = rollout.score(call, score)));
    if (isAwaited) return;
    throw new WeirError(
      "conflict",
      "No score of this call is waited for: ask which are, and score those.",
    );
  }

  /** Begins a model's release anew, with nothing known. Throws conflict while one runs. */
  restart(model: string, by: string): Book {
    const { rollout, identity } = this.get(model);
    const { phase, plan } = rollout.book;
    if (phase === "running") {
      throw new WeirError("conflict", "The release runs. Abort it first: weir release abort");
    }
    this.end(model);
    const id = `${identity}-${this.attempts(identity) + 1}`;
    this.open({ ...plan, id }, identity);
    this.needs.log.info("release_restarted", { model, id, by });
    this.tell();
    return this.find(model).book;
  }

  close(): void {
    this.stop?.();
    for (const name of this.running.keys()) this.end(name);
  }

  private get(model: string): Running {
    const running = this.running.get(model);
    if (running) return running;
    const names = [...this.running.keys()].join(", ");
    throw new WeirError(
      "not_found",
      names === ""
        ? "No model is being released: write `release:` beside a model's targets in weir.yaml."
        : `The model "${model}" is not being released. These are: ${names}.`,
    );
  }

  private open(plan: Rollout["book"]["plan"], identity: string): void {
    const { now, monotonic, log, restarts } = this.needs;
    const { model, id } = plan;
    const journal = new ReleaseJournal(join(this.needs.folder, id), now, (cause) => {
      log.error("release_journal_failed", { model, id, reason: messageOf(cause) });
    });
    const effects = {
      write: (news: News) => {
        const entry = journal.write(news);
        if (entry.kind === "phase") {
          const { phase, stage, why } = entry;
          log.info("release_turned", { model, id, phase, stage, why });
        }
        return entry;
      },
      turned: () => this.tell(),
    };
    // What was begun goes on by the plan that it was begun with.
    const entries = [...journal.entries()];
    const begun = entries.find((entry) => entry.kind === "begun");
    const rollout = new Rollout(begun?.plan ?? plan, entries, effects);
    const running = {
      rollout,
      journal,
      identity,
      lookedAt: monotonic(),
      restarts: restarts(model),
      isHeld: false,
    };
    this.running.set(model, running);
    // What was to be decided when its last writer died.
    this.held(running, () => rollout.goOn());
  }

  private end(name: string): void {
    this.running.get(name)?.journal.close();
    this.running.delete(name);
  }

  /** How often a release of this identity was begun. */
  private attempts(identity: string): number {
    const { folder } = this.needs;
    if (!existsSync(folder)) return 0;
    const numbers = readdirSync(folder)
      .filter((name) => name.startsWith(`${identity}-`))
      .map((name) => Number(name.slice(identity.length + 1)));
    return Math.max(0, ...numbers.filter(Number.isInteger));
  }

  private tickLater(): void {
    this.stop = this.needs.later(TICK_MS, () => {
      for (const running of this.running.values()) this.held(running, (one) => this.tick(one));
      this.stop = undefined;
      if (this.running.size > 0) this.tickLater();
    });
  }

  private tick(running: Running): void {
    const now = this.needs.monotonic();
    const restarts = this.needs.restarts(running.rollout.book.plan.model);
    running.journal.flush();
    running.rollout.crashed(restarts - running.restarts);
    running.restarts = restarts;
    running.rollout.tick(now - running.lookedAt);
    running.lookedAt = now;
  }

  /** What a full disk does to a release must not reach the calls. */
  private held(running: Running, work: (running: Running) => unknown): void {
    try {
      work(running);
      running.isHeld = false;
    } catch (cause) {
      const { model, id } = running.rollout.book.plan;
      if (running.isHeld) return;
      running.isHeld = true;
      this.needs.log.error("release_held", { model, id, reason: messageOf(cause) });
    }
  }

  private tell(): void {
    this.needs.turned(this.shares);
  }
}
