/**
 * The composition root: the only place where the parts meet. It builds them from the settings, hands
 * each what it needs, and takes them down in the reverse order.
 */
import { setTimeout as wait } from "node:timers/promises";
import type { WeirConfig } from "../config/schema.ts";
import type { Settings } from "../config/settings.ts";
import type { Log } from "../core/log.ts";
import { type App, createApp } from "../http/app.ts";
import type { Authorise } from "../http/authorise.ts";
import { identify } from "../http/identify.ts";
import { createInferenceLane, draining } from "../http/lane/inference.ts";
import { type Listening, drain, listen } from "../http/listen.ts";
import { noteCaller } from "../http/plain-requests.ts";
import { followVisitors } from "../http/visitors.ts";
import type { Gateway } from "./gateway.ts";
import type { GuardParts } from "./guard.ts";
import { type House, type HouseNeeds, apply, buildHouse } from "./house.ts";
import { registerInferenceRoutes } from "./inference-routes.ts";
import { toLaneNeeds } from "./lane-needs.ts";
import { checkListenerCertificate, listenerOptions, openListenerCertificate } from "./listener.ts";
import { measureMachine } from "./machine.ts";
import { allGauges, registerRoutes } from "./routes.ts";
import { openScaling, type Scaling } from "./scaling.ts";
import { registerScaling } from "./scaling-views.ts";
import { type Services, buildServices, startBatches } from "./services.ts";

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

/** Builds and starts a server, with a guard of other parts where they are given. Throws invalid_config with what to do when it cannot. */
export async function startWeir(
  settings: Settings,
  log: Log,
  { guard }: { readonly guard?: GuardParts } = {},
): Promise<Weir> {
  const { weir } = await open(settings, log, { isInner: false, guard });
  log.info("listening", { url: weir.url });
  return weir;
}

/** A server for the workers in front of it, on any port of loopback, and what they need of it. */
export function startInside(settings: Settings, log: Log): Promise<Inside> {
  return open(settings, log, { isInner: true });
}

export interface Inside {
  readonly weir: Weir;
  readonly house: House;
  readonly gateway: Gateway;
  readonly stack: AsyncDisposableStack;
  /** The first half of `close`: its parts stay there for who still needs them. */
  drain(): Promise<void>;
}

async function open(
  settings: Settings,
  log: Log,
  { isInner, guard }: Omit<HouseNeeds, "settings" | "log">,
): Promise<Inside> {
  checkListenerCertificate(settings);
  const stack = new AsyncDisposableStack();
  try {
    const { house, newAdminKey } = await buildHouse({ settings, log, isInner, guard }, stack);
    const { app, services, scaling } = await buildApp(house, isInner, stack);
    const { host, port } = settings.config.server;
    const url = await (isInner ? listen(app, "127.0.0.1", 0) : listen(app, host, port));
    const leave = async () => {
      const { drainDelay } = house.live.config.server;
      house.operations.isLeaving = true;
      if (drainDelay > 0) await wait(drainDelay);
      await end(house, app, services.responses.idle());
    };
    const weir: Weir = {
      url,
      newAdminKey,
      async apply(config) {
        await apply(house, config);
        scaling.refresh();
        app.server.adjust();
      },
      ready: async () => {
        await Promise.all(house.catalogue.neededEngines().map((engine) => engine.start()));
      },
      enginePids: () => house.catalogue.engines().flatMap((engine) => engine.stats().pid ?? []),
      async close() {
        await leave();
        await stack.disposeAsync();
      },
    };
    return { weir, house, gateway: services.gateway, stack, drain: leave };
  } catch (cause) {
    await stack.disposeAsync();
    throw cause;
  }
}

/** Turns new calls away and lets running ones finish, or cuts them when their time is over. */
export async function end(
  house: Pick<House, "live" | "operations" | "log" | "isDraining">,
  listening: Listening,
  background: Promise<void>,
): Promise<void> {
  house.isDraining = true;
  const cut = () => house.operations.traffic.breakOff(draining());
  const isCut = await drain(listening, { ms: house.live.config.server.drain, background, cut });
  if (isCut) house.log.warn("drain_cut");
}

/** The fast lane over the call path, and the control plane beside it. */
async function buildApp(
  house: House,
  isInner: boolean,
  stack: AsyncDisposableStack,
): Promise<{ app: App; services: Services; scaling: Scaling }> {
  const log = house.log.part("http");
  const services = await buildServices(house, stack);
  const lane = createInferenceLane(toLaneNeeds(house, services));
  const batches = startBatches(house, services, lane, stack);
  // Behind workers it is they who speak TLS.
  const certificate = isInner ? undefined : openListenerCertificate(house);
  const app = createApp(lane, listenerOptions(house, certificate?.identity), log);
  if (certificate) stack.defer(certificate.follow(app.server));
  const authorise: Authorise = (request, scope) => {
    const caller = identify(request, house.access, scope);
    noteCaller(request, caller);
    return caller;
  };
  followVisitors(app.fastify, house.limits.visitors);
  measureMachine(house, stack);
  house.exports.pushMetrics(() => house.metrics.families(allGauges(house)));
  await registerRoutes(app, house, { authorise, stack });
  registerInferenceRoutes(app, house, { ...services, batches, authorise });
  const isJudged = (model: string) => house.releases.desk.isJudged(model);
  const scaling = openScaling({ ...house, isJudged }, stack);
  registerScaling(app, scaling, { authorise, log: house.log.part("scale") });
  return { app, services, scaling };
}
