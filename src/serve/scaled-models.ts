import { type DriverName, type ScaleConfig, driverOf, isScaled } from "../config/scale.ts";
import type { WeirConfig } from "../config/schema.ts";
import type { LlamaConfig } from "../config/targets.ts";
import type { Log } from "../core/log.ts";
import type { Later } from "../core/time.ts";
import type { CatalogueTarget } from "./catalogue.ts";
import type { Engine } from "./engine/engine.ts";
import type { Provider } from "./provider.ts";
import { type EngineTarget, Replicas } from "./replicas.ts";
import { Sleeper } from "./sleeper.ts";

/** A model whose replicas come and go, as whoever decides about them sees it. */
export interface ScaledModel {
  readonly name: string;
  readonly scale: ScaleConfig;
  readonly driver: DriverName;
  readonly sleeper: Sleeper;
  /** The target beside fallbacks. */
  readonly target: CatalogueTarget | undefined;
  /** The engine processes of this server; undefined where others start and end replicas. */
  readonly replicas: Replicas | undefined;
}

/** Hears what concerns scaled models. */
export interface ScaleListener {
  /** A call came while the model sleeps. */
  called(model: string): void;
  /** A model has other replicas, or is awake. */
  changed(): void;
}

export interface ScaledNeeds {
  /** Makes engines that nobody has started yet, of a given name each. */
  readonly engineMaker: (config: LlamaConfig) => Promise<(name: string) => Engine>;
  /** Closes it when its calls have ended. */
  readonly letGo: (provider: Provider) => Promise<void>;
  /** The models that use what a target runs on. */
  readonly usersOf: (provider: Provider) => readonly { readonly name: string }[];
  readonly monotonic: () => number;
  readonly later: Later;
  readonly log: Log;
}

type ModelConfig = WeirConfig["models"][string];
type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Entry = Mutable<ScaledModel> & { mostHeld: number };

/** The scaled models of a configuration: each outlives a change of it as long as its target does. */
export class ScaledModels {
  private readonly needs: ScaledNeeds;
  private entries = new Map<string, Entry>();
  private next = new Map<string, Entry>();
  private listener: ScaleListener = { called: () => undefined, changed: () => undefined };

  constructor(needs: ScaledNeeds) {
    this.needs = needs;
  }

  get all(): readonly ScaledModel[] {
    return [...this.entries.values()];
  }

  find(name: string): ScaledModel | undefined {
    return this.entries.get(name);
  }

  /** Engines beside those that targets name. */
  get engines(): readonly Engine[] {
    return this.all.flatMap(({ replicas }) => replicas?.engines ?? []);
  }

  /** Whether it sleeps: a call wakes it. */
  isResting(engine: Engine): boolean {
    return this.all.some(
      ({ sleeper, replicas }) => sleeper.isAsleep && replicas?.first.engine === engine,
    );
  }

  follow(listener: ScaleListener): void {
    this.listener = listener;
  }

  /** A model of the configuration to come; undefined where nothing is scaled. */
  async take(
    name: string,
    { scale, targets: configs, routing }: ModelConfig,
    targets: readonly CatalogueTarget[],
  ): Promise<Sleeper | undefined> {
    if (!isScaled(scale)) return undefined;
    const driver = driverOf(scale, configs);
    const target = targets.find(({ fallback }) => !fallback);
    const first = driver === "local" && target && isEngineTarget(target) ? target : undefined;
    const mostHeld = routing.queue.calls;
    const known = this.entries.get(name);
    if (known?.driver === driver && known.replicas?.first.provider === first?.provider) {
      this.next.set(name, Object.assign(known, { scale, target, mostHeld }));
      if (known.replicas && first) known.replicas.first = first;
      return known.sleeper;
    }
    const entry: Entry = {
      name,
      scale,
      driver,
      target,
      mostHeld,
      sleeper: this.sleeperOf(name, () => entry),
      replicas: undefined,
    };
    if (first) entry.replicas = await this.replicasOf(name, first, entry.sleeper);
    this.next.set(name, entry);
    return entry.sleeper;
  }

  /** What was taken counts from now on; what was not is over. */
  settle(): void {
    const gone = [...this.entries.values()].filter((one) => this.next.get(one.name) !== one);
    this.entries = this.next;
    this.next = new Map();
    for (const { replicas, sleeper } of gone) {
      replicas?.retire();
      sleeper.wake();
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.all.map(async ({ replicas }) => replicas?.close()));
  }

  private sleeperOf(name: string, entry: () => Entry): Sleeper {
    return new Sleeper({
      model: name,
      holdMs: () => entry().scale.idle.hold,
      mostHeld: () => entry().mostHeld,
      later: this.needs.later,
      called: () => this.listener.called(name),
    });
  }

  private async replicasOf(name: string, first: EngineTarget, sleeper: Sleeper): Promise<Replicas> {
    const { engineMaker, letGo, usersOf, monotonic, log } = this.needs;
    const { config } = first;
    const make = await engineMaker(config);
    return new Replicas(first, {
      sleeper,
      another: (number) => make(`${first.engine.name}@${number}`),
      letGo,
      sharedWith: () => usersOf(first.provider).find((model) => model.name !== name)?.name,
      changed: () => this.listener.changed(),
      monotonic,
      log,
    });
  }
}

function isEngineTarget(target: CatalogueTarget): target is EngineTarget {
  return target.engine !== undefined && target.config.provider === "llama";
}
