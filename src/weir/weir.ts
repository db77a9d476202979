/**
 * The composition root: the only place where the parts meet. It builds them from the settings, hands
 * each what it needs, and takes them down in the reverse order.
 */
import type { WeirConfig } from "../config/schema.ts";
import type { Settings } from "../config/settings.ts";
import type { GenerateRequest } from "../core/chat.ts";
import { newId } from "../core/ids.ts";
import type { Log } from "../core/log.ts";
import { type App, createApp } from "../http/app.ts";
import { identify } from "../http/identify.ts";
import { createHeartbeats } from "../http/lane/heartbeats.ts";
import { createInferenceLane } from "../http/lane/inference.ts";
import { drain, listen } from "../http/listen.ts";
import { startCall } from "../serve/gateway/call.ts";
import type { CallContext, Reply } from "../serve/gateway/needs.ts";
import { createSideCalls } from "../serve/gateway/side-calls.ts";
import { createResponses } from "../serve/responses/responses.ts";
import { credentialsOf, followKeys } from "./access.ts";
import { gatewayOf } from "./gateway.ts";
import { type House, apply, buildHouse } from "./house.ts";
import { registerRoutes } from "./routes.ts";

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

/** The fast lane over the call path, and the control plane beside it. */
async function buildApp(house: House): Promise<App> {
  const { log } = house;
  const credentials = credentialsOf(house);
  const gateway = await gatewayOf(house);
  const sideCalls = createSideCalls(gateway);
  const generate = (request: GenerateRequest, context: CallContext, reply: Reply) =>
    startCall(request, context, reply, gateway);
  const responses = createResponses({
    responses: house.control.responses,
    conversations: house.control.conversations,
    file: () => undefined,
    inspect: (request) => gateway.gate.inspect(request).request,
    generate,
    now: gateway.now,
    newId,
    log: log.part("responses"),
  });
  const lane = createInferenceLane({
    credentials,
    generate,
    embed: sideCalls.embed,
    responses,
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
    rejected(code) {
      house.rejections.set(code ?? "", (house.rejections.get(code ?? "") ?? 0) + 1);
    },
  });
  const app = createApp(lane, log.part("http"));
  await registerRoutes(app, house, (request, scope) => identify(request, credentials, scope));
  return app;
}
