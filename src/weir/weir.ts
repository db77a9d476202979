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
import { createHeartbeats } from "../http/lane/heartbeats.ts";
import { type LaneNeeds, createInferenceLane, draining } from "../http/lane/inference.ts";
import { createResumables } from "../http/lane/resumable.ts";
import { drain, listen } from "../http/listen.ts";
import { noteCaller } from "../http/plain-requests.ts";
import { followVisitors } from "../http/visitors.ts";
import type { Responses } from "../serve/responses/responses.ts";
import { type House, apply, buildHouse } from "./house.ts";
import { registerInferenceRoutes } from "./inference-routes.ts";
import { listenerOptions, openListenerCertificate } from "./listener.ts";
import { registerRoutes } from "./routes.ts";
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

/** Builds and starts a server. Throws invalid_config with what to do when it cannot. */
export async function startWeir(settings: Settings, log: Log): Promise<Weir> {
  const stack = new AsyncDisposableStack();
  try {
    const { house, newAdminKey } = await buildHouse(settings, log, stack);
    const { app, responses } = await buildApp(house, stack);
    const { host, port } = settings.config.server;
    const url = await listen(app, host, port);
    house.log.info("listening", { url });
    return {
      url,
      newAdminKey,
      async apply(config) {
        await apply(house, config);
        app.server.adjust();
      },
      ready: async () => {
        await Promise.all(house.catalogue.engines().map((engine) => engine.start()));
      },
      enginePids: () => house.catalogue.engines().flatMap((engine) => engine.stats().pid ?? []),
      async close() {
        const { drainDelay, drain: ms } = house.live.config.server;
        house.operations.isLeaving = true;
        if (drainDelay > 0) await wait(drainDelay);
        house.isDraining = true;
        const cut = () => house.operations.traffic.breakOff(draining());
        const isCut = await drain(app, { ms, background: responses.idle(), cut });
        if (isCut) log.warn("drain_cut");
        await stack.disposeAsync();
      },
    };
  } catch (cause) {
    await stack.disposeAsync();
    throw cause;
  }
}

/** The fast lane over the call path, and the control plane beside it. */
async function buildApp(
  house: House,
  stack: AsyncDisposableStack,
): Promise<{ app: App; responses: Responses }> {
  const log = house.log.part("http");
  const services = await buildServices(house, stack);
  const lane = createInferenceLane(toLaneNeeds(house, services));
  const batches = startBatches(house, services, lane, stack);
  const certificate = openListenerCertificate(house);
  const app = createApp(lane, listenerOptions(house, certificate.identity), log);
  stack.defer(certificate.follow(app.server));
  const authorise: Authorise = (request, scope) => {
    const caller = identify(request, house.access, scope);
    noteCaller(request, caller);
    return caller;
  };
  followVisitors(app.fastify, house.limits.visitors);
  await registerRoutes(app, house, authorise);
  registerInferenceRoutes(app, house, { ...services, batches, authorise });
  return { app, responses: services.responses };
}

function toLaneNeeds(house: House, services: Services): LaneNeeds {
  const server = () => house.live.config.server;
  const { gateway, generate, sideCalls, responses } = services;
  return {
    credentials: house.access,
    generate,
    embed: sideCalls.embed,
    responses,
    resumables: createResumables({
      keepMs: () => server().resume.keep,
      bufferBytes: () => server().resume.bufferKiB * 1024,
      later(ms, run) {
        const timer = setTimeout(run, ms).unref();
        return () => clearTimeout(timer);
      },
    }),
    heartbeats: createHeartbeats({
      silenceMs: () => server().heartbeat,
      progressAfterMs: () => server().progressAfter,
    }),
    maxBodyBytes: () => Math.floor(server().maxBodyMiB * 1024 * 1024),
    unknownFields: () => server().unknownFields,
    monotonic: gateway.monotonic,
    now: gateway.now,
    log: house.log.part("http"),
    traffic: house.operations.traffic,
    visitors: house.limits.visitors,
    isLeaving: () => house.operations.isLeaving,
    isDraining: () => house.isDraining,
    rejected(code) {
      house.rejections.set(code ?? "", (house.rejections.get(code ?? "") ?? 0) + 1);
    },
  };
}
