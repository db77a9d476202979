import { createHash } from "node:crypto";
import { isAbsolute, resolve } from "node:path";
import type { RoutingConfig } from "../config/routing.ts";
import type { WeirConfig } from "../config/schema.ts";
import { type LlamaConfig, type RemoteConfig, TargetConfig } from "../config/targets.ts";
import { modelNotFound } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Later } from "../core/time.ts";
import type { Engine } from "./engine/engine.ts";
import type { Guards, Models, Price, RoutedModel, Target } from "./gateway/needs.ts";
import type { Provider } from "./provider.ts";
import { createRetirement } from "./retire.ts";

/** The models of a configuration, with their targets running. */
export interface Catalogue extends Models {
  names(): string[];
  targets(name: string): readonly CatalogueTarget[];
  shadow(name: string): ShadowOf | undefined;
  engines(): readonly Engine[];
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

export interface CatalogueNeeds {
  /** What relative file names are relative to. */
  readonly folder: string;
  /** The built-in model's file, for `file: demo`. */
  readonly demoModel: string;
  readonly secret: (name: string) => string | undefined;
  /** How long calls of a target that goes may run on. */
  readonly drainMs: () => number;
  readonly now: () => number;
  readonly later: Later;
  readonly log: Log;
  /** Engines that run in another process, by their ids; absent: they run for this one. */
  readonly engines?: { readonly url: string; readonly secret: string };
}

/** A model with what runs for it. */
interface RunningModel extends RoutedModel {
  readonly targets: readonly CatalogueTarget[];
  readonly shadow: ShadowOf | undefined;
}

/** Where copies of a model's calls go. */
export interface ShadowOf {
  readonly target: CatalogueTarget;
  /** Of the calls, 0 to 1. */
  readonly share: number;
  /** The most copies at the same time. */
  readonly calls: number;
}

interface Running {
  readonly provider: Provider;
  readonly engine: Engine | undefined;
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
    const known = next.get(key) ?? running.get(key);
    const entry = known ?? (await startProvider(config, needs));
    next.set(key, entry);
    return entry;
  }

  let pricing: (() => void) | undefined;
  /** Prices have days from which on they hold: targets that run on get them then. */
  function followPrices(prices: PriceOf): void {
    pricing?.();
    pricing = needs.later(REPRICE_MS, () => {
      for (const { targets, shadow } of models.values()) {
        for (const target of shadow ? [...targets, shadow.target] : targets) {
          Object.assign(target, { price: priceOf(target.config, prices) });
        }
      }
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
    targets: (name) => models.get(name)?.targets ?? [],
    shadow: (name) => models.get(name)?.shadow,
    engines: () => [...running.values()].flatMap(({ engine }) => engine ?? []),
    async apply(wanted, prices) {
      const next = new Map<string, Running>();
      const nextModels = new Map<string, RunningModel>();
      for (const [name, model] of Object.entries(wanted)) {
        nextModels.set(
          name,
          await toModel(name, model, { ...needs, prices, start: (config) => run(config, next) }),
        );
      }
      const gone = [...running].filter(([key]) => !next.has(key));
      running = next;
      models = nextModels;
      followPrices(prices);
      for (const [, { provider }] of gone) retired.letGo(provider);
    },
    async close() {
      pricing?.();
      await Promise.all([
        retired.close(),
        ...Array.from(running.values(), ({ provider }) => provider.close()),
      ]);
    },
  };
}

interface TargetNeeds extends Pick<CatalogueNeeds, "engines"> {
  readonly prices: PriceOf;
  readonly start: (config: TargetConfig) => Promise<Running>;
}

async function toModel(
  name: string,
  { targets, routing, shadow, volatileLines }: WeirConfig["models"][string],
  { start, prices, engines }: TargetNeeds,
): Promise<RunningModel> {
  const toTarget = async (config: TargetConfig, index: number): Promise<CatalogueTarget> => {
    const price = priceOf(config, prices);
    const identity = nameOfIdentity(config);
    return {
      identity,
      ...(await start(config)),
      ...routedBy(config, routing),
      ...namesOf(config, index, engines ? identity : name),
      config,
      price,
    };
  };
  const made: CatalogueTarget[] = [];
  for (const [index, config] of targets.entries()) made.push(await toTarget(config, index));
  return {
    name,
    targets: made,
    routing: { ...routing, queue: { ...routing.queue, calls: queueOf(targets, routing) } },
    volatileLines,
    shadow: shadow && { ...shadow, target: await toTarget(shadow.target, 0) },
  };
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
function routedBy(config: TargetConfig, routing: RoutingConfig) {
  return {
    weight: config.weight,
    fallback: config.fallback,
    tags: config.tags,
    // The engine cannot run more at once: the rest waits where priorities and deadlines count.
    concurrency: config.concurrency ?? (config.provider === "llama" ? config.slots : undefined),
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

function fileLabel(file: string): string {
  return file.replace(/^.*[\\/]/, "").replace(/\.gguf$/i, "");
}

/** Each kind of provider is loaded when the first target needs it: a server pays for what it uses. */
async function startProvider(config: TargetConfig, needs: CatalogueNeeds): Promise<Running> {
  if (config.provider === "llama" && needs.engines) return reachEngine(needs.engines, needs);
  if (config.provider === "llama") return startEngine(config, needs);
  return { provider: await connectTo(config, needs), engine: undefined };
}

async function startEngine(
  config: LlamaConfig,
  { folder, demoModel, log }: CatalogueNeeds,
): Promise<Running> {
  const { createEngine } = await import("./engine/engine.ts");
  const file = config.file === "demo" ? demoModel : config.file;
  const engine = createEngine({
    name: fileLabel(config.file),
    file: isAbsolute(file) ? file : resolve(folder, file),
    slots: config.slots,
    contextTokens: config.context,
    kvType: config.kvType,
    queueLimit: config.queue,
    ...(config.sha256 !== undefined && { sha256: config.sha256 }),
    ...(config.threads !== undefined && { threads: config.threads }),
    ...(config.gpuLayers !== undefined && { gpuLayers: config.gpuLayers }),
    log: log.part("engine"),
  });
  engine.start().catch((cause: unknown) => {
    log.error("model_not_loaded", { file: config.file, reason: String(cause) });
  });
  return { provider: engine, engine };
}

/** An engine of another process of this server. It has its own limits of time and size. */
async function reachEngine(
  { url, secret }: NonNullable<CatalogueNeeds["engines"]>,
  needs: CatalogueNeeds,
): Promise<Running> {
  const { connect } = await import("./providers/connect.ts");
  const config = TargetConfig.parse({
    provider: "openai-compatible",
    url,
    apiKeyEnv: "ENGINE_ROOM",
    model: "-",
    timeout: "1d",
    firstContent: "1h",
    stall: "1h",
  }) as RemoteConfig; // as it says
  return { provider: await connect(config, { ...needs, secret: () => secret }), engine: undefined };
}

async function connectTo(config: RemoteConfig, needs: CatalogueNeeds): Promise<Provider> {
  const { secret, log } = needs;
  const { connect } = await import("./providers/connect.ts");
  const { apiKeyEnv, provider, model } = config;
  // A server of one's own at an address of one's own may want no key.
  const needsKey = apiKeyEnv !== undefined && !("url" in config && config.url?.startsWith("http:"));
  if (needsKey && secret(apiKeyEnv) === undefined) {
    log.warn("api_key_missing", { provider, model, apiKeyEnv });
  }
  return connect(config, needs);
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
