import cluster, { type Worker } from "node:cluster";
import { availableParallelism } from "node:os";
import type { WeirConfig } from "../../config/schema.ts";
import type { Settings } from "../../config/settings.ts";
import { WeirError } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import type { Outage } from "../../core/target-news.ts";
import {
  type RoutingReport,
  joinReports,
  withoutLoad,
} from "../../serve/gateway/routing/report.ts";
import { type Gauge, sumGauges } from "../../watch/metrics/exposition.ts";
import { type LedgerDesk, createLedgerDesk } from "../../serve/gateway/limits/ledger-link.ts";
import type { House } from "../house.ts";
import { type Inside, type Weir, startInside } from "../weir.ts";
import { openEngineRoom } from "./engine-room.ts";
import type { Counts, EngineRoom, FromWorker, ToWorker, WorkerStart } from "./messages.ts";

/** How many processes are to take calls. */
export function workerCount({ server }: WeirConfig): number {
  return server.workers === "auto" ? availableParallelism() : server.workers;
}

/** A server whose calls are taken by `count` other processes, each of which runs this program again. */
export async function startWithWorkers(settings: Settings, log: Log, count: number): Promise<Weir> {
  const inside = await startInside(settings, log);
  let pool: Pool | undefined;
  try {
    const room = await openEngineRoom(inside.house, inside.gateway, inside.stack);
    const members = (pool = new Pool(inside, room, log.part("workers")));
    const url = await members.start(count);
    log.info("listening", { url, workers: count });
    return {
      ...inside.weir,
      url,
      async apply(config) {
        await inside.weir.apply(config);
        members.tell({ type: "config", config });
      },
      async close() {
        // At the same time: each has `drain`, and what workers handed on is told its end by its own protocol.
        await Promise.all([members.close(), inside.drain()]);
        await inside.stack.disposeAsync();
      },
    };
  } catch (cause) {
    await pool?.close();
    await inside.weir.close();
    throw cause;
  }
}

interface Member {
  /** The source of what it saw. */
  readonly name: string;
  readonly worker: Worker;
  readonly desk: LedgerDesk;
  readonly startedAt: number;
  /** Calls that run there, as it last said. */
  active: number;
  /** What its cache and its routing know. */
  gauges: readonly Gauge[];
  routing: RoutingReport;
  /** The openings that it was told of last. */
  told: string;
  isListening: boolean;
}

const NOTHING: RoutingReport = { targets: [], waiting: {} };

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 30_000;
/** One that lived so long did not fail at its start. */
const SOUND_MS = 60_000;
const STEER_MS = 250;
/** Beyond what a drain may take: then it hangs. */
const HANG_MS = 10_000;

/** The processes that take calls: kept at their number, fed with what they ask for, drained together. */
class Pool {
  private readonly inside: Inside;
  private readonly room: EngineRoom;
  private readonly log: Log;
  private readonly members = new Set<Member>();
  private readonly first = Promise.withResolvers<string>();
  private wanted = 0;
  private failures = 0;
  private isStarted = false;
  private isClosing = false;
  /** What those counted that have ended: a counter never goes back. */
  private counted: readonly Gauge[] = [];
  private past: RoutingReport = NOTHING;
  private readonly ended = Promise.withResolvers<void>();

  constructor(inside: Inside, room: EngineRoom, log: Log) {
    this.inside = inside;
    this.room = room;
    this.log = log;
  }

  /** Resolves with the address once all of them listen; rejects with why one cannot. */
  async start(count: number): Promise<string> {
    this.wanted = count;
    // Workers accept for themselves: a connection on its way to one that is killed would wait for ever.
    cluster.schedulingPolicy = cluster.SCHED_NONE;
    // Structured clones: records hold what JSON has no word for.
    cluster.setupPrimary({ serialization: "advanced" });
    for (let number = 0; number < count; number++) this.fork();
    this.steer();
    this.inside.house.reports.push(() => [
      this.past,
      ...Array.from(this.members, ({ routing }) => routing),
    ]);
    this.inside.house.readiness.push(() => this.whyNotReady());
    this.inside.house.gauges.push(() => this.gauges());
    return this.first.promise;
  }

  tell(message: ToWorker): void {
    for (const { worker } of this.members) send(worker, message);
  }

  /** Lets all of them drain; resolves when they have ended. */
  async close(): Promise<void> {
    this.isClosing = true;
    if (this.members.size === 0) return;
    this.tell({ type: "drain" });
    const { drain, drainDelay } = this.inside.house.live.config.server;
    const timer = setTimeout(
      () => {
        this.log.error("workers_killed", { count: this.members.size });
        for (const { worker } of this.members) worker.process.kill("SIGKILL");
      },
      drain + drainDelay + HANG_MS,
    );
    await this.ended.promise;
    clearTimeout(timer);
  }

  /** What is said of targets reaches every worker. */
  private steer(): void {
    const { house, stack } = this.inside;
    house.steering.follow({
      decided: (decision) => this.tell({ type: "decisions", decisions: [decision] }),
      probed: (identity, isSound) => this.tell({ type: "probed", identity, isSound }),
    });
    house.releases.follow((shares) => this.tell({ type: "releases", shares }));
    const tell = () => {
      for (const member of this.members) tellOutages(member, house);
    };
    const timer = setInterval(tell, STEER_MS).unref();
    stack.defer(() => clearInterval(timer));
  }

  private fork(): void {
    const worker = cluster.fork();
    const { house } = this.inside;
    const member: Member = {
      name: `worker ${worker.id}`,
      worker,
      desk: createLedgerDesk(house.limits.ledger, (answers) =>
        send(worker, { type: "ledger", answers }),
      ),
      startedAt: Date.now(),
      active: 0,
      gauges: [],
      routing: NOTHING,
      told: "",
      isListening: false,
    };
    this.members.add(member);
    worker.on("message", (message: FromWorker) => this.take(message, member));
    worker.on("error", (cause) => this.log.error("worker_failed", { reason: String(cause) }));
    worker.on("exit", (code, signal) => this.exited(member, code, signal));
  }

  private take(message: FromWorker, member: Member): void {
    const { house, weir } = this.inside;
    if (message.type === "ledger") member.desk.take(message.asks);
    else if (message.type === "records") {
      for (const ended of message.calls) {
        const call = house.machines.price(ended);
        house.metrics.observe(call);
        house.recorder.record(call);
      }
      send(member.worker, { type: "taken" });
    } else if (message.type === "sighting") house.releases.desk.take(message.sighting);
    else if (message.type === "counts") count(message.counts, member, house);
    else if (message.type === "listening") this.listens(member, message.url);
    else if (message.type === "failed") {
      this.log.error("worker_not_started", { reason: message.message });
      this.first.reject(new WeirError("invalid_config", message.message));
    } else {
      const { room } = this;
      const { steering } = house;
      const decisions = steering.decisions();
      const outages = steering.outages(member.name);
      member.told = openingsOf(outages);
      const settings = settingsNow(house);
      const { shares } = house.releases.desk;
      const start = { innerUrl: weir.url, settings, room, decisions, outages, shares };
      send(member.worker, { type: "start", ...start });
    }
  }

  private listens(member: Member, url: string): void {
    member.isListening = true;
    const listening = [...this.members].filter(({ isListening }) => isListening).length;
    this.log.info("worker_listening", { pid: member.worker.process.pid, listening });
    if (listening < this.wanted) return;
    this.isStarted = true;
    this.first.resolve(url);
  }

  private exited(member: Member, code: number | null, signal: string | null): void {
    this.members.delete(member);
    member.desk.left();
    this.inside.house.metrics.active(-member.active);
    const counters = member.gauges.filter(({ type }) => type === "counter");
    this.counted = sumGauges([...this.counted, ...counters]);
    this.past = joinReports(this.past, withoutLoad(member.routing));
    this.inside.house.steering.hear(member.name, []);
    if (this.members.size === 0) this.ended.resolve();
    if (this.isClosing) return;
    const { pid } = member.worker.process;
    if (!this.isStarted) {
      this.first.reject(new WeirError("internal", `A worker ended at its start (${code}).`));
      return;
    }
    const isSound = Date.now() - member.startedAt >= SOUND_MS;
    this.failures = isSound ? 0 : this.failures + 1;
    const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (this.failures - 1));
    this.log.error("worker_died", { pid, code, signal, restartMs: Math.max(0, pauseMs) });
    setTimeout(() => {
      if (!this.isClosing) this.fork();
    }, pauseMs);
  }

  private gauges(): Gauge[] {
    return [...this.counted, ...[...this.members].flatMap(({ gauges }) => gauges)];
  }

  private whyNotReady(): string | undefined {
    const isThere = [...this.members].some(({ isListening }) => isListening);
    return isThere ? undefined : "no worker process is running";
  }
}

/** What a worker starts with: what needs a restart stays as it was. */
function settingsNow({ settings, live }: House): WorkerStart["settings"] {
  const { config, configPath, configText, folder, dataFolder } = settings;
  const { redis: _redis, postgres: _postgres, ...followed } = live.config;
  const { tls, ...server } = live.config.server;
  const { host, port, tls: tlsBefore } = config.server;
  return {
    configPath,
    configText,
    folder,
    dataFolder,
    config: {
      ...followed,
      ...(config.redis && { redis: config.redis }),
      ...(config.postgres && { postgres: config.postgres }),
      server: { ...server, host, port, ...(tlsBefore && { tls: tls ?? tlsBefore }) },
    },
  };
}

/** Tells a worker what the others saw break, when that has changed. */
function tellOutages(member: Member, { steering }: House): void {
  const outages = steering.outages(member.name);
  const openings = openingsOf(outages);
  if (openings === member.told || !member.isListening) return;
  member.told = openings;
  send(member.worker, { type: "outages", outages });
}

function openingsOf(outages: readonly Outage[]): string {
  return outages
    .map(({ identity, opening }) => `${identity} ${opening}`)
    .toSorted()
    .join("\n");
}

function count(counts: Counts, member: Member, house: House): void {
  const { active, rejected, shed, gauges, routing, outages } = counts;
  member.gauges = gauges;
  member.routing = routing;
  house.steering.hear(member.name, outages);
  member.active += active;
  house.metrics.active(active);
  add(house.rejections, rejected);
  add(house.operations.traffic.shed, shed);
}

function add<Name extends string>(
  totals: Map<Name, number>,
  changes: readonly (readonly [Name, number])[],
): void {
  for (const [name, change] of changes) totals.set(name, (totals.get(name) ?? 0) + change);
}

/** To one that has just died nothing is said. */
function send(worker: Worker, message: ToWorker): void {
  if (worker.isConnected()) worker.send(message, () => undefined);
}
