import { join } from "node:path";
import type { Access } from "../access/access.ts";
import type { WeirConfig } from "../config/schema.ts";
import type { Settings } from "../config/settings.ts";
import type { Log } from "../core/log.ts";
import { redact } from "../guard/gate.ts";
import {
  type Catalogue,
  type CatalogueNeeds,
  type PriceOf,
  createCatalogue,
} from "../serve/catalogue.ts";
import { later } from "../core/time.ts";
import type { RoutingReport } from "../serve/gateway/routing/report.ts";
import { type Router, createRouter } from "../serve/gateway/routing/router.ts";
import { type Prober, createProber } from "../serve/prober.ts";
import type { Steering } from "../serve/steering.ts";
import { testTarget } from "../serve/target-desk.ts";
import type { Redis } from "../store/redis/redis.ts";
import { type ControlStore, openControlStore } from "../store/sqlite/control.ts";
import { lockFolder } from "../store/sqlite/folder-lock.ts";
import { createRates } from "../watch/cost/price-run.ts";
import { tokenPrice } from "../watch/cost/prices.ts";
import type { Shelf } from "../watch/langsmith/shelf.ts";
import type { Gauge } from "../watch/metrics/exposition.ts";
import { type Metrics, createMetrics } from "../watch/metrics/metrics.ts";
import { type Recorder, createRecorder } from "../watch/trace/recorder.ts";
import { accessOf, followAccess } from "./access.ts";
import { type Answering, answersOf } from "./answers.ts";
import { type Exports, openExports } from "./exports.ts";
import { type CallGuard, type GuardParts, createCallGuard, guardParts } from "./guard.ts";
import { guardKey } from "./guard-key.ts";
import { GuardMemory } from "./guard-memory.ts";
import { VaultKeeper } from "./guard-vault-keeper.ts";
import { vaultStoreOf } from "./guard-vault-rules.ts";
import { VaultSweep } from "./guard-vault-sweep.ts";
import { type Live, toLive } from "./live.ts";
import { type Limiting, limitsOf, redisOf } from "./limits.ts";
import { type MachineCosts, machineCosts } from "./machine-costs.ts";
import { type Operations, openOperations } from "./operations.ts";
import { type ReadinessCheck, folderCheck, redisCheck } from "./readiness.ts";
import { ROOT } from "./release.ts";
import type { Arms } from "./releases/arms.ts";
import { type ReleaseRoom, openReleases } from "./releases/open-releases.ts";
import { shelfOf } from "./shelf.ts";
import { shareSteering, steeringOf } from "./steering.ts";
import { type TextReads, createTextReads } from "./text-reads.ts";
import { traceSettings, tracesData } from "./traces/settings.ts";
import { type TracesClient, openTraces } from "./traces/traces-client.ts";

/** Everything that is built once and lives as long as the server. */
export interface House {
  readonly settings: Settings;
  readonly startedAt: number;
  readonly log: Log;
  readonly control: ControlStore;
  readonly access: Access;
  /** Datasets, prompts, queues, share links, saved views. */
  readonly shelf: Shelf;
  /** Who looked at texts. */
  readonly textReads: TextReads;
  readonly traces: TracesClient;
  readonly metrics: Metrics;
  readonly recorder: Recorder;
  /** Where calls and metrics go beside the store. */
  readonly exports: Exports;
  readonly catalogue: Catalogue;
  /** What calls cost on machines of one's own. */
  readonly machines: MachineCosts;
  readonly prober: Prober;
  readonly limits: Limiting;
  /** What replicas share, where weir.yaml names one. */
  readonly redis: Redis | undefined;
  readonly answers: Answering;
  readonly router: Router;
  /** What is said of targets: drained, found broken. */
  readonly steering: Steering;
  readonly operations: Operations;
  /** What else speaks against traffic: parts add theirs. */
  readonly readiness: ReadinessCheck[];
  /** What else is shown at /metrics: of one name and labels, the sum. */
  readonly gauges: (() => readonly Gauge[])[];
  /** What other processes of this server know of targets. */
  readonly reports: (() => readonly RoutingReport[])[];
  /** The sides of releases, for the calls of this process. */
  readonly arms: Arms;
  /** Releases, judged. */
  readonly releases: ReleaseRoom;
  /** What calls meet of the guard. */
  readonly guard: CallGuard;
  /** Another guard of the same parts, by other rules. */
  readonly guardFor: (live: () => Live) => CallGuard;
  readonly guardParts: GuardParts;
  /** Tenants' documents, as far as others' answers must not repeat them. */
  readonly guardMemory: GuardMemory;
  /** What placeholders stand for. */
  readonly vaultKeeper: VaultKeeper;
  live: Live;
  isDraining: boolean;
  /** Requests that never became calls, by error code. */
  readonly rejections: Map<string, number>;
}

/** What a call needs of the house: a worker has no more, and what it counts and records goes elsewhere. */
export type CallHouse = Omit<
  House,
  | "control"
  | "shelf"
  | "textReads"
  | "traces"
  | "metrics"
  | "recorder"
  | "exports"
  | "prober"
  | "readiness"
  | "gauges"
  | "reports"
  | "releases"
> & {
  readonly metrics: Pick<Metrics, "observe" | "active">;
  readonly recorder: Pick<Recorder, "record" | "dropped">;
};

export interface HouseNeeds {
  readonly settings: Settings;
  readonly log: Log;
  /** Workers of this server stand in front of it, and say where requests come from. */
  readonly isInner: boolean;
  /** Absent: what is shipped. */
  readonly guard?: GuardParts | undefined;
}

const LOOPBACK = ["127.0.0.1"];

/** Opens the stores and starts the models; `stack` takes them down again. */
export async function buildHouse(
  { settings, log, isInner, guard: parts = guardParts(settings.dataFolder) }: HouseNeeds,
  stack: AsyncDisposableStack,
) {
  const { config, dataFolder } = settings;
  const now = Date.now;
  // Becomes the house: what is built before the rest reads it here.
  const current = { live: toLive(settings, parts), isDraining: false };
  const server = () => current.live.config.server;
  const trustedProxies = () => (isInner ? LOOPBACK : server().trustedProxies);
  const lock = lockFolder(dataFolder);
  stack.defer(() => lock.release());
  const control = openControlStore(join(dataFolder, "control.db"), now, {
    keepResponsesMs: () => current.live.config.responses.keep,
  });
  stack.defer(() => control.close());
  const access = await accessOf(settings, log.part("access"), () => control);
  stack.defer(followAccess(access, settings));
  const shelf = await shelfOf(settings, control.shelf);
  stack.defer(() => shelf.close());
  const newAdminKey = await access.ensureAdmin(settings.adminKey);
  const watch = await openWatch(settings, log, { live: () => current.live, stack });
  const catalogue = openCatalogue(settings, log, () => server().drain);
  stack.defer(() => catalogue.close());
  const router = openRouter();
  const steering = steeringOf({ catalogue, router });
  const redis = await redisOf(settings, log, stack);
  const releases = openReleases(() => house, { ...settings, log }, stack);
  const house: House = Object.assign(current, {
    settings,
    startedAt: now(),
    log,
    control,
    access,
    shelf,
    textReads: createTextReads(shelf, now),
    ...watch,
    ...(await openGuard(() => current.live, parts, { settings, control, catalogue, log, stack })),
    catalogue,
    machines: machineCosts({ catalogue }),
    prober: startProber({ catalogue, steering }, log, stack),
    router,
    steering,
    releases,
    arms: releases.arms,
    redis,
    answers: answersOf(Object.assign(current, { catalogue, redis, settings })),
    limits: await limitsOf(
      { settings, log, redis, trustedProxies, isInner, limits: () => current.live.config.limits },
      stack,
    ),
    operations: openOperations({ server, trustedProxies, now, log }, stack),
    readiness: [folderCheck(dataFolder, now), redisCheck(redis, config.redis?.whenDown)],
    gauges: [() => watch.exports.gauges()],
    reports: [],
    rejections: new Map(),
  });
  await startModels(house);
  await shareSteering({ ...house, log: log.part("serve") }, stack);
  return { house, newAdminKey };
}

export function openRouter(): Router {
  return createRouter({ now: performance.now.bind(performance), random: Math.random, later });
}

interface OpeningGuard {
  readonly settings: Settings;
  readonly control: Pick<ControlStore, "guard" | "guardTexts" | "vault">;
  readonly catalogue: Catalogue;
  readonly log: Log;
  readonly stack: AsyncDisposableStack;
  /** Whether another process looks after what the vault keeps. */
  readonly isWorker?: boolean;
}

/** What calls meet of the guard, and what it is made of. */
export async function openGuard(
  live: () => Live,
  guardParts: GuardParts,
  { settings, control, catalogue, log: all, stack, isWorker = false }: OpeningGuard,
): Promise<Pick<House, "guard" | "guardFor" | "guardParts" | "guardMemory" | "vaultKeeper">> {
  const { thread, dataFolder } = guardParts;
  const { secret } = settings;
  const log = all.part("guard");
  const rules = () => live().vault;
  const isOn = () => rules() !== undefined;
  const store = await vaultStoreOf(settings, { control: control.vault, isOn }, stack);
  const needs = { store, rules, now: Date.now, later, log };
  const keeper = new VaultKeeper(needs);
  stack.defer(() => keeper.close());
  if (!isWorker) {
    const sweep = new VaultSweep(needs);
    stack.defer(() => sweep.close());
    sweep.start();
  }
  const key = guardKey(settings.dataFolder);
  const memory = new GuardMemory({
    store: control.guardTexts,
    key,
    rules: () => live().config.guard.remember,
    now: Date.now,
  });
  const guardFor = (rulesNow: () => Live) => {
    const guard = createCallGuard(rulesNow, {
      thread,
      dataFolder,
      store: control.guard,
      keeper,
      beside: { canaryKey: key, foreignTo: (tenant) => memory.foreignTo(tenant) },
      targets: (model) => catalogue.find(model).targets,
      secret,
      log,
    });
    stack.defer(() => guard.close());
    return guard;
  };
  const guard = guardFor(live);
  return { guard, guardFor, guardParts, guardMemory: memory, vaultKeeper: keeper };
}

/** Where calls are counted and kept. */
async function openWatch(
  settings: Settings,
  log: Log,
  { live, stack }: { readonly live: () => Live; readonly stack: AsyncDisposableStack },
): Promise<Pick<House, "traces" | "recorder" | "exports" | "metrics">> {
  const traces = await openTraces({
    ...tracesData(settings),
    onTrouble: (reason) => log.error("trace_store_trouble", { reason }),
  });
  stack.defer(() => traces.close());
  // Before the recorder, whose last calls they get.
  const exports = await openExports(
    { ...settings, config: settings.config.traces.export, log: log.part("export") },
    stack,
  );
  const recorder = createRecorder({
    calls: traces,
    feed: exports,
    capture: (route) => {
      const { routes, capture } = live().config.traces;
      return routes[route] ?? capture;
    },
    redact: (text, writer) => (live().cleans.has(writer) ? text : redact(text)),
    log: log.part("watch"),
  });
  stack.defer(() => recorder.flush());
  return { traces, recorder, exports, metrics: createMetrics(Date.now) };
}

/** The built-in model. */
export const DEMO_MODEL = join(ROOT, "models", "demo.gguf");

export function openCatalogue(
  { folder, secret }: Settings,
  log: Log,
  drainMs: () => number,
  engines?: CatalogueNeeds["engines"],
): Catalogue {
  return createCatalogue({
    folder,
    demoModel: DEMO_MODEL,
    secret,
    drainMs,
    ...(engines && { engines }),
    now: Date.now,
    monotonic: performance.now.bind(performance),
    later,
    log: log.part("serve"),
  });
}

/** What targets cost that do not say it themselves. */
export function pricesOf({ prices }: WeirConfig): PriceOf {
  const rates = createRates(prices, { isOwnMachineFree: false });
  return (provider, model) => tokenPrice(rates, provider, model, Date.now());
}

const TICK_MS = 1000;

function startProber(
  { catalogue, steering }: Pick<House, "catalogue" | "steering">,
  log: Log,
  stack: AsyncDisposableStack,
): Prober {
  const prober = createProber({
    targets: () => catalogue.names().flatMap((name) => catalogue.targets(name)),
    async test(target, signal) {
      const result = await testTarget(target, performance.now.bind(performance), signal);
      if (!signal.aborted) steering.probed(target, result.ok);
      return result;
    },
    now: Date.now,
    log: log.part("serve"),
  });
  const timer = setInterval(() => prober.tick(), TICK_MS);
  stack.defer(() => {
    clearInterval(timer);
    prober.close();
  });
  return prober;
}

async function startModels({ catalogue, releases, live: { config } }: House): Promise<void> {
  await catalogue.apply(config.models, pricesOf(config));
  releases.desk.apply(config.models);
}

/** Goes over to another configuration. */
export async function apply(house: House, config: WeirConfig): Promise<void> {
  const live = toLive({ ...house.settings, config }, house.guardParts);
  await house.catalogue.apply(config.models, pricesOf(config));
  house.steering.refresh();
  house.live = live;
  house.releases.desk.apply(config.models);
  house.traces.use(traceSettings(config));
}
