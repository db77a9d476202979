import type { CallRecord } from "../../core/call.ts";
import type { Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { WeirConfig } from "../../config/schema.ts";
import type { Settings } from "../../config/settings.ts";
import { WeirError, messageOf } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import { later } from "../../core/time.ts";
import { answerClientError } from "../../http/client-error.ts";
import { followAddressOf } from "../../http/client-address.ts";
import { forwardRequests } from "../../http/forward-requests.ts";
import { LaneServer } from "../../http/lane-server.ts";
import type { Exchange } from "../../http/lane/exchange.ts";
import { createInferenceLane } from "../../http/lane/inference.ts";
import { listen } from "../../http/listen.ts";
import { startCall } from "../../serve/gateway/call.ts";
import { createRemoteLedger } from "../../serve/gateway/limits/ledger-link.ts";
import { createSideCalls } from "../../serve/gateway/side-calls.ts";
import { openControlStore } from "../../store/sqlite/control.ts";
import { accessOf, followAccess } from "../access.ts";
import { answersOf } from "../answers.ts";
import { gatewayOf } from "../gateway.ts";
import { guardParts } from "../guard.ts";
import { type CallHouse, openCatalogue, openGuard, openRouter, pricesOf } from "../house.ts";
import { toLive } from "../live.ts";
import { toLaneNeeds } from "../lane-needs.ts";
import { limitsOf, redisOf } from "../limits.ts";
import { listenerOptions, openListenerCertificate } from "../listener.ts";
import { openOperations } from "../operations.ts";
import type { Sighting } from "../releases/arms.ts";
import { openArms } from "../releases/open-releases.ts";
import { steeringOf } from "../steering.ts";
import { end } from "../weir.ts";
import { createCounts } from "./counts.ts";
import { type FromWorker, PRIMARY, type ToWorker, type WorkerStart } from "./messages.ts";
import { createRecordSender } from "./record-sender.ts";

/** The way to the primary. */
export interface Line {
  send(message: FromWorker): void;
  /** One listener. */
  onMessage(listener: (message: ToWorker) => void): void;
}

/**
 * One process of several that take calls. It parses, checks, guards, routes and relays; what there
 * must be one of stands in the primary: engines, limits, records, and all that is no plain call.
 * Resolves when the primary has told it to end and it has.
 */
export async function runWorker(secret: Settings["secret"], log: Log, line: Line): Promise<void> {
  const ended = Promise.withResolvers<void>();
  let worker: Promise<Worker> | undefined;
  const take = async (message: ToWorker): Promise<void> => {
    if (message.type === "start") {
      const settings = { ...message.settings, secret, adminKey: undefined };
      worker = startWorker(settings, message, log, line);
      line.send({ type: "listening", url: (await worker).url });
    } else if (message.type === "drain") {
      await (await worker)?.close();
      ended.resolve();
    } else await (await worker)?.take(message);
  };
  line.onMessage((message) => {
    take(message).catch((cause: unknown) => {
      if (message.type === "start") {
        line.send({ type: "failed", message: messageOf(cause) });
        ended.reject(cause);
      } else log.error("worker_message_failed", { type: message.type, reason: messageOf(cause) });
    });
  });
  line.send({ type: "hello" });
  await ended.promise;
}

interface Worker {
  readonly url: string;
  take(message: ToWorker): Promise<void>;
  close(): Promise<void>;
}

async function startWorker(
  settings: Settings,
  start: WorkerStart,
  log: Log,
  line: Line,
): Promise<Worker> {
  const stack = new AsyncDisposableStack();
  try {
    return await open(settings, { start, log, line }, stack);
  } catch (cause) {
    await stack.disposeAsync();
    throw cause;
  }
}

async function open(
  settings: Settings,
  { start, log, line }: { start: WorkerStart; log: Log; line: Line },
  stack: AsyncDisposableStack,
): Promise<Worker> {
  const records = createRecordSender((calls) => line.send({ type: "records", calls }), later);
  const ledger = createRemoteLedger((asks) => line.send({ type: "ledger", asks }), setImmediate);
  const counts = createCounts((change) => line.send({ type: "counts", counts: change }));
  const saw = (sighting: Sighting) => line.send({ type: "sighting", sighting });
  const house = await buildCallHouse({ settings, log, start, ledger, records, counts, saw }, stack);
  let { shares } = start;
  house.arms.use(shares);
  stack.defer(counts.follow(house));
  house.steering.take(start.decisions);
  house.steering.hear(PRIMARY, start.outages);
  const server = openServer(house, start, stack);
  const { host, port } = settings.config.server;
  const url = await listen({ server }, host, port);
  return {
    url,
    async take(message) {
      if (message.type === "ledger") ledger.answered(message.answers);
      else if (message.type === "taken") records.taken();
      else if (message.type === "decisions") house.steering.take(message.decisions);
      else if (message.type === "outages") house.steering.hear(PRIMARY, message.outages);
      else if (message.type === "probed") {
        house.steering.probedElsewhere(message.identity, message.isSound);
      } else if (message.type === "releases") house.arms.use((shares = message.shares));
      else if (message.type === "config") {
        await follow(house, server, message.config);
        // Those of models that this process had not heard of.
        house.arms.use(shares);
      }
    },
    async close() {
      const { drainDelay } = house.live.config.server;
      house.operations.isLeaving = true;
      if (drainDelay > 0) await wait(drainDelay);
      await end(house, { server }, Promise.resolve());
      await records.flush();
      await stack.disposeAsync();
    },
  };
}

interface CallHouseNeeds {
  readonly settings: Settings;
  readonly log: Log;
  readonly start: WorkerStart;
  readonly ledger: ReturnType<typeof createRemoteLedger>;
  readonly records: ReturnType<typeof createRecordSender>;
  readonly counts: ReturnType<typeof createCounts>;
  readonly saw: (sighting: Sighting) => void;
}

async function buildCallHouse(
  { settings, log, start, ledger, records, counts, saw }: CallHouseNeeds,
  stack: AsyncDisposableStack,
): Promise<CallHouse> {
  const now = Date.now;
  const parts = guardParts(settings.dataFolder);
  const current = { live: toLive(settings, parts), isDraining: false };
  const server = () => current.live.config.server;
  const trustedProxies = () => server().trustedProxies;
  const control = openControlStore(join(settings.dataFolder, "control.db"), now);
  stack.defer(() => control.close());
  const access = await accessOf(settings, log.part("access"), () => control);
  stack.defer(followAccess(access, settings));
  const catalogue = openCatalogue(settings, log, () => server().drain, start.room);
  stack.defer(() => catalogue.close());
  const router = openRouter();
  const redis = await redisOf(settings, log, stack);
  const arms = openArms(() => house, saw);
  stack.defer(() => arms.close());
  const house: CallHouse = Object.assign(current, {
    settings,
    startedAt: now(),
    log,
    access,
    metrics: { observe: () => undefined, active: counts.active },
    recorder: records,
    ...(await openGuard(() => current.live, parts, {
      settings,
      control,
      catalogue,
      log,
      stack,
      isWorker: true,
    })),
    catalogue,
    // Who counts all workers' calls prices them.
    machines: { price: (call: CallRecord) => call, targets: () => [] },
    redis,
    answers: answersOf(Object.assign(current, { catalogue, redis, settings })),
    router,
    steering: steeringOf({ catalogue, router }),
    arms,
    limits: await limitsOf(
      { settings, log, redis, trustedProxies, ledger, limits: () => current.live.config.limits },
      stack,
    ),
    operations: openOperations({ server, trustedProxies, now, log }, stack),
    rejections: new Map<string, number>(),
  });
  await catalogue.apply(settings.config.models, pricesOf(settings.config));
  return house;
}

function openServer(
  house: CallHouse,
  { innerUrl }: WorkerStart,
  stack: AsyncDisposableStack,
): LaneServer {
  const gateway = gatewayOf(house);
  const lane = createInferenceLane(
    toLaneNeeds(house, {
      gateway,
      generate: (request, context, reply) => startCall(request, context, reply, gateway),
      sideCalls: createSideCalls(gateway),
      responses: { prepare: () => notHere() },
    }),
  );
  const certificate = openListenerCertificate(house);
  const options = { ...listenerOptions(house, certificate.identity), takes: isPlainCall };
  const addressOf = followAddressOf(() => house.live.config.server.trustedProxies);
  const onward = forwardRequests({ url: new URL(innerUrl), addressOf: () => addressOf });
  const server = new LaneServer(lane, options, onward);
  server.on("clientError", (cause, socket) => {
    const error = answerClientError(cause, socket as Socket, server.isAnswering(socket as Socket));
    if (error) options.rejected(error.code);
  });
  stack.defer(certificate.follow(server));
  return server;
}

/** Whatever is remembered from one request to the next is the primary's. */
function isPlainCall({ path, headers }: Pick<Exchange, "path" | "headers">): boolean {
  return (
    path !== "/v1/responses" &&
    !path.startsWith("/v1/streams/") &&
    headers["x-weir-resume"] === undefined &&
    headers["last-event-id"] === undefined
  );
}

function notHere(): never {
  throw new WeirError("internal", "the primary answers these");
}

async function follow(house: CallHouse, server: LaneServer, config: WeirConfig): Promise<void> {
  const live = toLive({ ...house.settings, config }, house.guardParts);
  await house.catalogue.apply(config.models, pricesOf(config));
  house.steering.refresh();
  house.live = live;
  server.adjust();
}
