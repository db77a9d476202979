import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { mostOf } from "../config/scale.ts";
import { WeirError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { later } from "../core/time.ts";
import type { ScaledModel } from "../serve/scaled-models.ts";
import { testTarget } from "../serve/target-desk.ts";
import { createApi } from "../ship/kubernetes/api.ts";
import { clusterOf } from "../ship/kubernetes/cluster.ts";
import { exchangeWith } from "../ship/kubernetes/http-exchange.ts";
import type { House } from "./house.ts";
import { Scaler } from "./scaler.ts";
import { type ScaleDriver, localDriver, outsideDriver } from "./scaling-driver.ts";
import { kubernetesDriver } from "./scaling-kubernetes.ts";
import { type ModelJournal, ScalingJournal } from "./scaling-journal.ts";

/** One scaled model with what was decided of it. */
export interface ScalingEntry {
  readonly scaler: Scaler;
  readonly journal: ModelJournal;
}

/** What is decided of the models whose replicas come and go. */
export interface Scaling {
  all(): readonly ScalingEntry[];
  /** Throws model_not_found, or invalid_request where it is not scaled. */
  find(model: string): ScalingEntry;
  /** The configuration changed. */
  refresh(): void;
}

type ScalingHouse = Pick<House, "catalogue" | "router" | "settings" | "log"> & {
  /** Whether a release of the model is being judged; absent: none ever is. */
  readonly isJudged?: (model: string) => boolean;
};

/** How long a target may take to show that it is there. */
const ANSWER_MS = 5000;

/** Decides for every scaled model of the configuration. Where there is none, nothing runs. */
export function openScaling(house: ScalingHouse, stack: AsyncDisposableStack): Scaling {
  const board = new Board(house);
  stack.defer(() => board.close());
  board.refresh();
  return board;
}

class Board implements Scaling {
  private readonly house: ScalingHouse;
  private readonly log: Log;
  private readonly entries = new Map<string, ScalingEntry & { readonly made: string }>();
  private journal: ScalingJournal | undefined;

  constructor(house: ScalingHouse) {
    this.house = house;
    this.log = house.log.part("scale");
    house.catalogue.scaled.follow({
      called: (name) => this.entries.get(name)?.scaler.called(),
      changed: () => house.router.changed(),
    });
  }

  all(): readonly ScalingEntry[] {
    return [...this.entries.values()];
  }

  find(name: string): ScalingEntry {
    const entry = this.entries.get(name);
    if (entry) return entry;
    this.house.catalogue.find(name);
    throw new WeirError(
      "invalid_request",
      `The model "${name}" is not scaled. Say how far it may be, beside its targets in weir.yaml: scale: { max: 3 }`,
      { param: "model" },
    );
  }

  refresh(): void {
    const { scaled } = this.house.catalogue;
    for (const [name, { scaler, made }] of this.entries) {
      const model = scaled.find(name);
      if (model && madeOf(model) === made) continue;
      scaler.close();
      this.entries.delete(name);
    }
    for (const model of scaled.all) if (!this.entries.has(model.name)) this.begin(model);
  }

  close(): void {
    for (const { scaler } of this.entries.values()) scaler.close();
    this.journal?.write();
  }

  private begin(model: ScaledModel): void {
    const { house, log } = this;
    const { name, target } = model;
    this.journal ??= new ScalingJournal(join(house.settings.dataFolder, "scaling.json"), log);
    const journal = this.journal.of(name);
    const scaler = new Scaler(model, {
      driver: driverFor(model, house),
      journal,
      isJudged: () => house.isJudged?.(name) ?? false,
      woke() {
        if (target) house.router.probed(target, true);
        house.router.changed();
      },
      now: Date.now,
      monotonic: performance.now.bind(performance),
      later,
      log,
    });
    this.entries.set(name, { scaler, journal, made: madeOf(model) });
    scaler.start();
  }
}

/** A scaler begins anew where anything of this changes. */
function madeOf({ scale, driver, target, replicas }: ScaledModel): string {
  return JSON.stringify([scale, driver, target?.identity, replicas !== undefined]);
}

function driverFor(model: ScaledModel, { settings }: ScalingHouse): ScaleDriver {
  const { replicas, target, sleeper, scale, driver } = model;
  const monotonic = performance.now.bind(performance);
  if (replicas) return localDriver(replicas);
  if (driver === "kubernetes" && scale.kubernetes) {
    const { server, workload } = clusterOf(scale.kubernetes, settings.secret);
    const api = createApi({ exchange: exchangeWith(server), pause: (ms) => wait(ms) });
    return kubernetesDriver({ api, workload, monotonic });
  }
  return outsideDriver({
    async answers() {
      if (!target) return false;
      const { ok } = await testTarget(target, monotonic, AbortSignal.timeout(ANSWER_MS));
      return ok;
    },
    isAsleep: () => sleeper.isAsleep,
    first: Math.min(Math.max(1, scale.min), mostOf(scale)),
  });
}
