/**
 * The composition root: the only place where the parts meet. It builds them from the settings, hands
 * each what it needs, and takes them down in the reverse order.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { WeirConfig } from "./config/schema.ts";
import type { Settings } from "./config/settings.ts";
import type { CallRecord, Caller, Timeline } from "./core/call.ts";
import type { GenerateRequest } from "./core/chat.ts";
import { WeirError } from "./core/errors.ts";
import type { Log } from "./core/log.ts";
import { createGate, redact } from "./guard/gate.ts";
import { type App, createApp } from "./http/app.ts";
import { describeModels, gaugesOf } from "./http/describe.ts";
import type { Authorise } from "./http/authorise.ts";
import { identify } from "./http/identify.ts";
import { createHeartbeats } from "./http/lane/heartbeats.ts";
import { createInferenceLane } from "./http/lane/inference.ts";
import { drain, listen } from "./http/listen.ts";
import { callRoutes } from "./http/routes/calls.ts";
import { keyRoutes } from "./http/routes/keys.ts";
import { modelRoutes } from "./http/routes/models.ts";
import { operationsRoutes } from "./http/routes/operations.ts";
import { pageRoutes } from "./http/routes/pages.ts";
import { sessionRoutes } from "./http/routes/session.ts";
import { type Catalogue, createCatalogue } from "./serve/catalogue.ts";
import { startCall } from "./serve/gateway/call.ts";
import { embed } from "./serve/gateway/embed.ts";
import { createAdmission } from "./serve/gateway/limits.ts";
import { createRouter } from "./serve/gateway/route.ts";
import { type ControlStore, openControlStore } from "./store/sqlite/control.ts";
import { lockFolder } from "./store/sqlite/folder-lock.ts";
import type { StoredKey } from "./store/sqlite/keys.ts";
import { type TraceStore, openTraceStore } from "./store/sqlite/trace-store.ts";
import { listPrice } from "./watch/cost/prices.ts";
import { type Metrics, createMetrics } from "./watch/metrics/metrics.ts";
import { summarise, windowOf } from "./watch/overview.ts";
import { type Recorder, type Writer, createRecorder } from "./watch/trace/recorder.ts";
import { toSpans } from "./watch/trace/spans.ts";

export interface Weir {
  readonly url: string;
  /** The admin key, if this start made it: it is never seen again. */
  readonly newAdminKey: string | undefined;
  /** Goes over to another configuration without a restart. */
  apply(config: WeirConfig): Promise<void>;
  /** Resolves when every embedded model is ready; rejects with the first that cannot be. */
  ready(): Promise<void>;
  /** The processes of the embedded engines. */
  enginePids(): number[];
  /** Turns new calls away, lets running ones finish up to `server.drain`, and ends. */
  close(): Promise<void>;
}

/** What follows the configuration: replaced as a whole when it changes. */
interface Live {
  readonly config: WeirConfig;
  readonly gate: ReturnType<typeof createGate>;
  /** Whose texts come out of the gate without secrets and personal data: these need no second look. */
  readonly cleans: ReadonlySet<Writer>;
}

/** Everything that is built once and lives as long as the server. */
interface House {
  readonly settings: Settings;
  readonly startedAt: number;
  readonly log: Log;
  readonly control: ControlStore;
  readonly traces: TraceStore;
  readonly metrics: Metrics;
  readonly recorder: Recorder;
  readonly catalogue: Catalogue;
  live: Live;
  isDraining: boolean;
  /** When keys were last used, since this was last written down. */
  readonly usedKeys: Map<string, number>;
}

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const DAY_MS = 86_400_000;
const REFRESH_MS = 1000;
const ENV_KEY_ID = "key_env";
const ENV_KEY_NAME = "WEIR_ADMIN_KEY";
/** Requests that never became calls, by error code. */
const rejections = new Map<string, number>();

export const VERSION = readVersion();

/** Builds and starts a server. Throws invalid_config with what to do when it cannot. */
export async function startWeir(settings: Settings, log: Log): Promise<Weir> {
  const stack = new AsyncDisposableStack();
  try {
    const { house, newAdminKey } = await build(settings, log, stack);
    stack.defer(followKeys(house));
    const app = await buildApp(house);
    const { host, port } = settings.config.server;
    const url = await listen(app, host, port);
    house.log.info("listening", { url });
    return {
      url,
      newAdminKey,
      apply: (config) => apply(house, config),
      ready: async () => {
        await Promise.all(house.catalogue.engines().map((engine) => engine.start()));
      },
      enginePids: () => house.catalogue.engines().flatMap((engine) => engine.stats().pid ?? []),
      async close() {
        house.isDraining = true;
        const isCut = await drain(app, house.live.config.server.drain);
        if (isCut) log.warn("drain_cut");
        await stack.disposeAsync();
      },
    };
  } catch (cause) {
    await stack.disposeAsync();
    throw cause;
  }
}

async function build(settings: Settings, log: Log, stack: AsyncDisposableStack) {
  const { config, dataFolder } = settings;
  const now = Date.now;
  const lock = lockFolder(dataFolder);
  stack.defer(() => lock.release());
  const control = openControlStore(join(dataFolder, "control.db"), now);
  stack.defer(() => control.close());
  const newAdminKey = ensureAdminKey(control, settings.adminKey);
  const traces = await openTraceStore({
    folder: join(dataFolder, "traces"),
    keepMs: config.traces.keep,
    onTrouble: (reason) => log.error("trace_store_trouble", { reason }),
  });
  stack.defer(() => traces.close());
  const recorder = createRecorder({
    calls: traces,
    capture: () => house.live.config.traces.capture,
    redact: (text, writer) => (house.live.cleans.has(writer) ? text : redact(text)),
    log: log.part("watch"),
  });
  stack.defer(() => recorder.flush());
  const catalogue = createCatalogue({
    folder: settings.folder,
    demoModel: join(ROOT, "models", "demo.gguf"),
    secret: settings.secret,
    listPrice,
    log: log.part("serve"),
  });
  stack.defer(() => catalogue.close());
  const house: House = {
    settings,
    startedAt: now(),
    log,
    control,
    traces,
    metrics: createMetrics(now),
    recorder,
    catalogue,
    live: toLive(config),
    isDraining: false,
    usedKeys: new Map(),
  };
  await catalogue.apply(config.models);
  return { house, newAdminKey };
}

/** The fast lane over the call path, and the control plane beside it. */
async function buildApp(house: House): Promise<App> {
  const { log } = house;
  const credentials = credentialsOf(house);
  const gateway = await gatewayOf(house);
  const lane = createInferenceLane({
    credentials,
    generate: (request, context, reply) => startCall(request, context, reply, gateway),
    embed: (request, context, signal) => embed(request, context, signal, gateway),
    heartbeats: createHeartbeats({
      silenceMs: () => house.live.config.server.heartbeat,
      progressAfterMs: () => house.live.config.server.progressAfter,
    }),
    maxBodyBytes: () => house.live.config.server.maxBodyMiB * 1024 * 1024,
    unknownFields: () => house.live.config.server.unknownFields,
    monotonic: gateway.monotonic,
    now: gateway.now,
    log: log.part("http"),
    isDraining: () => house.isDraining,
    rejected: (code) => rejections.set(code ?? "", (rejections.get(code ?? "") ?? 0) + 1),
  });
  const app = createApp(lane, log.part("http"));
  await registerRoutes(app, house, (request, scope) => identify(request, credentials, scope));
  return app;
}

async function registerRoutes(app: App, house: House, authorise: Authorise): Promise<void> {
  const { catalogue, control } = house;
  operationsRoutes(app.fastify, {
    version: VERSION,
    operations: app.operations,
    notReady: () => whyNotReady(house),
    metrics: () => metricsText(house),
    checkMetrics(request) {
      if (!isLoopback(house.live.config.server.host)) authorise(request, "admin");
    },
  });
  modelRoutes(app.fastify, {
    authorise,
    names: () => catalogue.names(),
    startedAt: house.startedAt,
    describe: async () => ({
      models: describeModels(catalogue, await house.traces.countsByModel(Date.now() - DAY_MS)),
    }),
  });
  sessionRoutes(app.fastify, { authorise, version: VERSION, ...sessionsOf(control) });
  callRoutes(app.fastify, {
    authorise,
    // Who looks sees also what ended just now.
    async list(query) {
      await house.recorder.flush();
      return house.traces.list(query);
    },
    async find(id) {
      await house.recorder.flush();
      const call = await house.traces.find(id);
      return call && { ...call, spans: toSpans({ ...call, timeline: call.timeline as Timeline }) }; // as recorded
    },
    overview: (window) => overview(house, window),
  });
  keyRoutes(app.fastify, {
    authorise,
    list: () => control.keys.list().map((key) => ({ ...key, scopes: [...key.scopes] })),
    add: (name, scopes) => control.keys.add(name, scopes),
    revoke: (id) => control.keys.revoke(id),
  });
  await pageRoutes(app.fastify, {
    dashboardFolder: join(ROOT, "web", "dist"),
    docsFolder: dirname(createRequire(import.meta.url).resolve("swagger-ui-dist/package.json")),
  });
}

async function gatewayOf(house: House) {
  const { catalogue, metrics, recorder, traces } = house;
  const now = Date.now;
  const today = Math.floor(now() / DAY_MS) * DAY_MS;
  const spent = await traces.spentByKey(today);
  return {
    models: catalogue,
    admission: createAdmission({
      allowance: () => house.live.config.limits.perKey,
      now,
      // Only what was spent before this start: the rest is counted as it happens.
      spentToday: (keyId, dayStart) => (dayStart === today ? (spent[keyId] ?? 0) : 0),
    }),
    gate: {
      inspect: (request: GenerateRequest) => house.live.gate.inspect(request),
      openOutput: () => house.live.gate.openOutput(),
    },
    recorder: {
      record(call: CallRecord): void {
        metrics.observe(call);
        recorder.record(call);
      },
      active: (change: 1 | -1) => metrics.active(change),
    },
    router: createRouter({ now, random: Math.random }),
    now,
    monotonic: performance.now.bind(performance),
    random: Math.random,
  };
}

/**
 * Once a second: notes when keys were last used, and sees what other processes did to them. Gives
 * the function that ends it.
 */
function followKeys({ control: { keys }, usedKeys }: House): () => void {
  const follow = () => {
    keys.refresh();
    keys.touch(usedKeys);
    usedKeys.clear();
  };
  const timer = setInterval(follow, REFRESH_MS);
  return () => {
    clearInterval(timer);
    follow();
  };
}

/** Keys and sessions as callers. */
function credentialsOf({ control, usedKeys }: House) {
  const toCaller = (key: StoredKey | undefined): Caller | undefined =>
    key && { keyId: key.id, keyName: key.name, scopes: key.scopes };
  return {
    key(secret: string): Caller | undefined {
      const key = control.keys.find(secret);
      if (key) usedKeys.set(key.id, Date.now());
      return toCaller(key);
    },
    session: (secret: string): Caller | undefined => toCaller(control.sessions.find(secret)),
  };
}

function sessionsOf({ keys, sessions }: ControlStore) {
  return {
    open(secret: string) {
      const key = keys.find(secret);
      return key?.scopes.includes("admin") ? sessions.open(key.id) : undefined;
    },
    close: (secret: string) => sessions.close(secret),
  };
}

/** Gives the new key when one had to be made: on the first start, or after all were revoked. */
function ensureAdminKey(
  { keys }: ControlStore,
  fromEnvironment: string | undefined,
): string | undefined {
  keys.put(ENV_KEY_ID, ENV_KEY_NAME, ["admin", "inference"], fromEnvironment);
  const hasAdmin = keys.list().some((key) => !key.revoked && key.scopes.includes("admin"));
  return hasAdmin ? undefined : keys.add("admin", ["admin", "inference"]).secret;
}

async function overview(
  { traces, metrics, startedAt, recorder }: House,
  name: Parameters<typeof windowOf>[0],
) {
  await recorder.flush();
  const window = windowOf(name, Date.now());
  const figures = await traces.figures(window.from, window.to);
  return {
    window: name,
    ...window,
    ...summarise(figures, window),
    live: {
      ...metrics.live,
      uptimeMs: Date.now() - startedAt,
      rssBytes: process.memoryUsage.rss(),
      droppedTraces: recorder.dropped,
    },
  };
}

function metricsText({ catalogue, metrics, recorder }: House): string {
  const refused = {
    name: "weir_requests_rejected_total",
    help: "Requests that never became calls, by error code.",
    type: "counter" as const,
    values: Array.from(rejections, ([code, value]) => ({ labels: { code }, value })),
  };
  return metrics.expose([...gaugesOf(catalogue, recorder.dropped), refused]);
}

function whyNotReady({ catalogue, isDraining }: House): string[] {
  if (isDraining) return ["the server is shutting down"];
  return catalogue.engines().flatMap((engine) => {
    const { state, detail } = engine.health();
    return state === "ready" ? [] : [`${engine.name} is ${state}${detail ? `: ${detail}` : ""}`];
  });
}

function toLive(config: WeirConfig): Live {
  const { mode, input, output } = config.guard;
  const takesAll = (categories: readonly string[]) =>
    mode === "enforce" && categories.includes("secrets") && categories.includes("pii");
  const cleans = new Set<Writer>();
  if (takesAll(input)) cleans.add("user");
  if (takesAll(output.redact)) cleans.add("answer");
  return { config, gate: createGate(config.guard), cleans };
}

async function apply(house: House, config: WeirConfig): Promise<void> {
  await house.catalogue.apply(config.models);
  house.live = toLive(config);
  house.traces.keep(config.traces.keep);
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}

function readVersion(): string {
  const text = readFileSync(join(ROOT, "package.json"), "utf8");
  const { version } = JSON.parse(text) as { version?: string }; // our own file
  if (version === undefined) throw new WeirError("internal", "package.json names no version");
  return version;
}
