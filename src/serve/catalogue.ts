import { createHash } from "node:crypto";
import type { ReleaseConfig } from "../config/release.ts";
import type { RoutingConfig } from "../config/routing.ts";
import { driverOf, isScaled, mostOf } from "../config/scale.ts";
import type { WeirConfig } from "../config/schema.ts";
import type { TargetConfig } from "../config/targets.ts";
import type { Sampling } from "../core/chat.ts";
import { modelNotFound } from "../core/errors.ts";
import type { Later } from "../core/time.ts";
import type { Engine } from "./engine/engine.ts";
import type { Guards, ModelWords, Models, Price, RoutedModel, Target } from "./gateway/needs.ts";
import type { Provider } from "./provider.ts";
import { createRetirement } from "./retire.ts";
import { ScaledModels } from "./scaled-models.ts";
import type { Sleeper } from "./sleeper.ts";
import {
  type Running,
  type StartNeeds,
  engineMaker,
  fileLabel,
  startProvider,
} from "./start-provider.ts";

/** The models of a configuration, with their targets running. */
export interface Catalogue extends Models {
  names(): string[];
  targets(name: string): readonly CatalogueTarget[];
  shadow(name: string): ShadowOf | undefined;
  /** What is to take a model over: its own targets, and the model's as fallbacks where it has some. */
  candidate(name: string): CandidateModel | undefined;
  /** All that run, further replicas among them. */
  engines(): readonly Engine[];
  /** Those without which a model cannot answer: no further replicas, and none that may rest. */
  neededEngines(): readonly Engine[];
  /** The models whose replicas come and go. */
  readonly scaled: Pick<ScaledModels, "all" | "find" | "follow">;
  /**
   * Goes over to other models. Targets that stay the same keep running; those that go are closed
   * when their calls have ended.
   * Engines load in the background: calls for them wait.
   */
  apply(models: WeirConfig["models"], priceOf: PriceOf): Promise<void>;
  close(): Promise<void>;
}

/** What a provider's model costs where its target does not say; undefined: nobody knows. */
export type PriceOf = (provider: string, model: string) => Price | undefined;

export interface CatalogueTarget extends Target {
  /** What it was made from, in a word: the same in every process that reads the same configuration. */
  readonly identity: string;
  readonly config: TargetConfig;
  /** Set for the embedded engine. */
  readonly engine: Engine | undefined;
}

export interface CatalogueNeeds extends StartNeeds {
  /** How long calls of a target that goes may run on. */
  readonly drainMs: () => number;
  readonly now: () => number;
  /** Milliseconds that never go back. */
  readonly monotonic: () => number;
  readonly later: Later;
}

/** A model with what runs for it. */
interface RunningModel extends RoutedModel {
  readonly targets: readonly CatalogueTarget[];
  readonly shadow: ShadowOf | undefined;
  readonly candidate: CandidateModel | undefined;
  readonly elastic: Sleeper | undefined;
}

/** A model's next version. */
export interface CandidateModel extends RoutedModel {
  /** Targets that only it has. */
  readonly own: readonly CatalogueTarget[];
}

/** Where copies of a model's calls go. */
export interface ShadowOf {
  readonly target: CatalogueTarget;
  /** Of the calls, 0 to 1. */
  readonly share: number;
  /** The most copies at the same time. */
  readonly calls: number;
}

const REPRICE_MS = 60_000;

/** Running providers by what they were made from: two targets that say the same share one. */
export function createCatalogue(needs: CatalogueNeeds): Catalogue {
  let running = new Map<string, Running>();
  let models = new Map<string, RunningModel>();
  // Calls that run there may end; who comes now finds it no more.
  const retired = createRetirement(
    () => ({ now: needs.now, later: needs.later, drainMs: needs.drainMs() }),
    (cause) => needs.log.warn("target_not_closed", { reason: String(cause) }),
  );

  async function run(config: TargetConfig, next: Map<string, Running>): Promise<Running> {
    const key = identityOf(config);
    const entry = next.get(key) ?? running.get(key) ?? (await startProvider(config, needs));
    next.set(key, entry);
    return entry;
  }

  const scaled = new ScaledModels({
    engineMaker: (config) => engineMaker(config, needs),
    letGo: (provider) => retired.letGo(provider),
    usersOf: (provider) => [...models.values()].filter((model) => runsOn(model, provider)),
    ...needs,
  });

  let pricing: (() => void) | undefined;
  /** Prices have days from which on they hold: targets that run on get them then. */
  function followPrices(prices: PriceOf): void {
    pricing?.();
    pricing = needs.later(REPRICE_MS, () => {
      for (const model of models.values()) reprice(model, prices);
      followPrices(prices);
    });
  }

  return {
    find(name) {
      const model = models.get(name);
      if (model) return model;
      throw modelNotFound(name, [...models.keys()]);
    },
    names: () => [...models.keys()],
    targets: (name) => allTargets(models.get(name)),
    shadow: (name) => models.get(name)?.shadow,
    candidate: (name) => models.get(name)?.candidate,
    engines: () => [...enginesOf(running), ...scaled.engines],
    neededEngines: () => neededOf(models.values(), scaled),
    scaled,
    async apply(wanted, prices) {
      const next = new Map<string, Running>();
      const start = (config: TargetConfig) => run(config, next);
      const nextModels = await toModels(wanted, { ...needs, prices, scaled, start });
      const gone = [...running].filter(([key]) => !next.has(key));
      running = next;
      models = nextModels;
      followPrices(prices);
      scaled.settle();
      for (const [, { provider }] of gone) void retired.letGo(provider);
    },
    async close() {
      pricing?.();
      const providers = Array.from(running.values(), ({ provider }) => provider);
      await Promise.all([retired, scaled, ...providers].map((one) => one.close()));
    },
  };
}

function enginesOf(running: ReadonlyMap<string, Running>): Engine[] {
  return [...running.values()].flatMap(({ engine }) => engine ?? []);
}

/** Candidates and copies may fail: nobody waits for their engines. */
function neededOf(models: Iterable<RunningModel>, scaled: ScaledModels): Engine[] {
  const answering = [...models].flatMap(({ targets }) => targets);
  const engines = answering.flatMap(({ engine }) =>
    engine && !scaled.isResting(engine) ? [engine] : [],
  );
  return [...new Set(engines)];
}

function allTargets(model: RunningModel | undefined): readonly CatalogueTarget[] {
  if (!model?.elastic) return model?.targets ?? [];
  return [...model.targets, ...model.elastic.further];
}

function reprice(model: RunningModel, prices: PriceOf): void {
  for (const target of [...allTargets(model), ...besideTargets(model)]) {
    Object.assign(target, { price: priceOf(target.config, prices) });
  }
}

/** Targets that no call of a model's own goes to. */
function besideTargets({ shadow, candidate }: RunningModel): readonly CatalogueTarget[] {
  return [...(shadow ? [shadow.target] : []), ...(candidate?.own ?? [])];
}

function runsOn(model: RunningModel, provider: Provider): boolean {
  return [...model.targets, ...besideTargets(model)].some((one) => one.provider === provider);
}

interface TargetNeeds extends Pick<CatalogueNeeds, "engines"> {
  readonly scaled: ScaledModels;
  readonly prices: PriceOf;
  readonly start: (config: TargetConfig) => Promise<Running>;
}

async function toModels(
  wanted: WeirConfig["models"],
  needs: TargetNeeds,
): Promise<Map<string, RunningModel>> {
  const models = new Map<string, RunningModel>();
  for (const [name, model] of Object.entries(wanted)) {
    models.set(name, await toModel(name, model, needs));
  }
  return models;
}

async function toModel(
  name: string,
  model: WeirConfig["models"][string],
  { start, prices, engines, scaled }: TargetNeeds,
): Promise<RunningModel> {
  const { targets, routing, shadow, volatileLines, scale, release } = model;
  // Engines that run in another process are one target here, which takes what all replicas can.
  const isOthers = engines && isScaled(scale) && driverOf(scale, targets) === "local";
  const most = isOthers ? mostOf(scale) : 1;
  const toTarget = async (config: TargetConfig, index: number): Promise<CatalogueTarget> => {
    const price = priceOf(config, prices);
    const identity = nameOfIdentity(config);
    return {
      identity,
      ...(await start(config)),
      ...routedBy(config, routing, config.fallback ? 1 : most),
      ...namesOf(config, index, engines ? identity : name),
      config,
      price,
    };
  };
  const made: CatalogueTarget[] = [];
  for (const [index, config] of targets.entries()) made.push(await toTarget(config, index));
  const own: CatalogueTarget[] = [];
  for (const [index, config] of release?.candidate.targets?.entries() ?? []) {
    const target = await toTarget(config, index);
    own.push({ ...target, id: `${target.id}@candidate` });
  }
  const stable = {
    name,
    words: wordsOf(model),
    targets: made,
    routing: { ...routing, queue: { ...routing.queue, calls: queueOf(targets, routing) } },
    volatileLines,
    elastic: isOthers ? undefined : await scaled.take(name, model, made),
  };
  return {
    ...stable,
    shadow: shadow && { ...shadow, target: await toTarget(shadow.target, 0) },
    candidate: release && candidateOf(stable, own, release),
  };
}

/** What the candidate says nothing of is as it is. Where its targets fail, the model's own help out. */
function candidateOf(
  stable: RoutedModel & { readonly targets: readonly CatalogueTarget[] },
  own: readonly CatalogueTarget[],
  { candidate }: ReleaseConfig,
): CandidateModel {
  const { prompt, sampling } = wordsOf(candidate) ?? {};
  const words = {
    ...stable.words,
    ...wordsOf(candidate),
    prompt: prompt ?? stable.words?.prompt,
    sampling: sampling ?? stable.words?.sampling,
  };
  if (own.length === 0) return { ...stable, words, own };
  const helping = stable.targets.map((target) => ({ ...target, fallback: true }));
  const { elastic: _, ...rest } = stable;
  // A queue of its own: one that is slow must not hold up the other.
  const name = `${stable.name}@candidate`;
  return { ...rest, name, words, targets: [...own, ...helping], own };
}

/** What a model says by itself, in the gateway's words. */
function wordsOf({
  prompt,
  sampling,
}: Pick<WeirConfig["models"][string], "prompt" | "sampling">): ModelWords | undefined {
  if (prompt === undefined && sampling === undefined) return undefined;
  const { maxTokens, stop, ...rest } = sampling ?? {};
  // Zod leaves out what was not said.
  return { prompt, ...(sampling && { sampling: rest as Sampling, maxTokens, stop }) };
}

/** Where only embedded engines answer, as many calls may wait as they say. */
function queueOf(targets: readonly TargetConfig[], { queue }: RoutingConfig): number {
  const own = targets.map((config) => (config.provider === "llama" ? config.queue : Infinity));
  return Math.min(
    queue.calls,
    own.reduce((sum, calls) => sum + calls, 0),
  );
}

/** Engines of one's own that can go on with another's answer. */
const CONTINUING: ReadonlySet<string> = new Set([
  "llama",
  "vllm",
  "tgi",
  "sglang",
  "llama-server",
] satisfies TargetConfig["provider"][]);

/** Engines of one's own that take every prompt at once, and then are slow with all of them. */
const PACED: ReadonlySet<string> = new Set([
  "vllm",
  "tgi",
  "sglang",
  "llama-server",
  "ollama",
] satisfies TargetConfig["provider"][]);

function namesOf(config: TargetConfig, index: number, name: string) {
  return {
    id: idOf(config, index),
    model: config.provider === "llama" ? name : config.model,
  };
}

/** What routing looks at. */
function routedBy(config: TargetConfig, routing: RoutingConfig, replicas: number) {
  // The engine cannot run more at once: the rest waits where priorities and deadlines count.
  const own = config.concurrency ?? (config.provider === "llama" ? config.slots : undefined);
  return {
    weight: config.weight,
    fallback: config.fallback,
    tags: config.tags,
    concurrency: own && own * replicas,
    isPaced: PACED.has(config.provider),
    continues: CONTINUING.has(config.provider) && routing.continue,
    keepsClientLines: config.provider === "anthropic",
    guards: guardsOf(config),
  };
}

/** The embedded engine may still be loading: it has no first-content limit. */
function guardsOf(config: TargetConfig): Guards | undefined {
  if (config.provider === "llama") return undefined;
  return { firstContentMs: config.firstContent, slowestTokens: config.slowestTokens };
}

function nameOfIdentity(config: TargetConfig): string {
  return createHash("sha256").update(identityOf(config)).digest("hex").slice(0, 16);
}

/** Everything about a target but what routing alone looks at. */
function identityOf(config: TargetConfig): string {
  const routing = {
    weight: undefined,
    fallback: undefined,
    price: undefined,
    cost: undefined,
    tags: undefined,
  };
  return JSON.stringify({
    ...config,
    ...routing,
    concurrency: undefined,
    slowestTokens: undefined,
  });
}

function idOf(config: TargetConfig, index: number): string {
  const what = config.provider === "llama" ? fileLabel(config.file) : config.model;
  return index === 0 ? `${config.provider}/${what}` : `${config.provider}/${what}#${index + 1}`;
}

/** The target's own price wins; then what is said of its model; our own engine costs nothing per token. */
function priceOf(config: TargetConfig, prices: PriceOf): Price | undefined {
  const { price } = config;
  if (price) {
    const [input, output] = [price.input / 1e6, price.output / 1e6];
    const cached = (price.cached ?? price.input) / 1e6;
    const { cacheWrite } = price;
    return {
      input,
      output,
      cached,
      ...(cacheWrite !== undefined && { cacheWrite: cacheWrite / 1e6 }),
      version: `weir.yaml@${createHash("sha256").update(JSON.stringify(price)).digest("hex").slice(0, 12)}`,
    };
  }
  const isOurs = config.provider === "llama";
  const said = prices(config.provider, isOurs ? fileLabel(config.file) : config.model);
  return said ?? (isOurs ? { input: 0, output: 0, cached: 0, version: "own-machine" } : undefined);
}
