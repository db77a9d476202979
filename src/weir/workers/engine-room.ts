import { randomBytes } from "node:crypto";
import { Overload } from "../../config/listener.ts";
import type { Caller } from "../../core/call.ts";
import { modelNotFound } from "../../core/errors.ts";
import { LaneServer } from "../../http/lane-server.ts";
import { createInferenceLane } from "../../http/lane/inference.ts";
import { createTraffic } from "../../http/lane/traffic.ts";
import { listen } from "../../http/listen.ts";
import type { Catalogue } from "../../serve/catalogue.ts";
import { startCall } from "../../serve/gateway/call.ts";
import type { GatewayNeeds, RoutedModel } from "../../serve/gateway/needs.ts";
import type { Router } from "../../serve/gateway/routing/router.ts";
import { createSideCalls } from "../../serve/gateway/side-calls.ts";
import type { Gateway } from "../gateway.ts";
import type { House } from "../house.ts";
import { toLaneNeeds } from "../lane-needs.ts";
import { listenerOptions } from "../listener.ts";
import type { EngineRoom } from "./messages.ts";

const CALLER: Caller = { keyId: "worker", keyName: "worker", scopes: ["inference"] };

/**
 * The embedded engines for the workers of this server, on loopback and for whoever knows the secret.
 * What a call needs beside an answer was done by the worker: nothing is limited, guarded or recorded
 * here a second time.
 */
export async function openEngineRoom(
  house: House,
  gateway: Gateway,
  stack: AsyncDisposableStack,
): Promise<EngineRoom> {
  const secret = `wr-${randomBytes(24).toString("hex")}`;
  const plain = plainGateway(house, gateway);
  const accessLog = { open: () => undefined, settled: () => undefined, add: () => undefined };
  const lane = createInferenceLane({
    ...toLaneNeeds(house, {
      gateway: plain,
      generate: (request, context, reply) => startCall(request, context, reply, plain),
      sideCalls: createSideCalls(plain),
      responses: { prepare: () => unasked() },
    }),
    credentials: {
      key: (sent) => (sent === secret ? CALLER : undefined),
      session: () => undefined,
    },
    traffic: createTraffic({
      limits: () => UNLIMITED,
      sample: () => ({ heapShare: 0, lagMs: 0 }),
      accessLog,
    }),
    visitors: { enter: () => undefined, wrongKey: () => undefined },
    // Workers end first: what they still ask belongs to calls that may end.
    isLeaving: () => false,
    isDraining: () => false,
    rejected: () => undefined,
  });
  const options = { ...listenerOptions(house, undefined), accessLog, isLeaving: () => false };
  const server = new LaneServer(lane, options, (_request, response) => {
    response.writeHead(404).end();
  });
  const url = await listen({ server }, "127.0.0.1", 0);
  stack.defer(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url, secret };
}

const UNLIMITED = Overload.parse({ maxCalls: Number.MAX_SAFE_INTEGER, maxHeapPercent: 100 });

function unasked(): never {
  throw modelNotFound("", []);
}

/** The call path with one engine for each model, and nothing around it. */
function plainGateway({ catalogue, router }: House, gateway: Gateway): PlainGateway {
  const { now, monotonic, later, random } = gateway;
  return {
    router,
    now,
    monotonic,
    later,
    random,
    models: { find: enginesOf(catalogue) },
    admission: { reserve: () => ({ headers: {}, settle: () => undefined }) },
    gate: {
      inspect: (request) => ({
        request,
        findings: [],
        blocked: undefined,
        openOutput: () => undefined,
      }),
    },
    recorder: { record: () => undefined, active: () => undefined },
  };
}

type PlainGateway = GatewayNeeds & { readonly router: Router };

/** Engines that the configuration does not name any more are remembered up to so many. */
const MOST_BEFORE = 32;

/**
 * Finds engines by their targets' identity. Workers hear of a changed configuration a moment later than
 * this process: what they still ask of an engine that has gone, its successor in the same model answers, or
 * itself, since it ends only when it has been quiet for a while.
 */
function enginesOf(catalogue: Catalogue): (id: string) => RoutedModel {
  const before = new Map<string, RoutedModel>();

  function remember(id: string, engine: RoutedModel): RoutedModel {
    const [oldest] = before.keys();
    if (oldest !== undefined && before.size >= MOST_BEFORE && !before.has(id))
      before.delete(oldest);
    before.set(id, engine);
    return { ...engine, name: id };
  }

  for (const { identity, model } of engineTargets(catalogue)) remember(identity, model);
  return (id) => {
    const engines = engineTargets(catalogue);
    const found = engines.find(({ identity }) => identity === id);
    if (found) return remember(id, found.model);
    const known = before.get(id);
    if (!known) throw modelNotFound(id, []);
    const successor = engines.find(({ model }) => model.name === known.name);
    return { ...(successor?.model ?? known), name: successor?.identity ?? id };
  };
}

/** Each as a model with this one target, and the further replicas of it. */
function engineTargets(catalogue: Catalogue): { identity: string; model: RoutedModel }[] {
  return catalogue.names().flatMap((name) => {
    const shadow = catalogue.shadow(name)?.target;
    const next = catalogue.candidate(name)?.own ?? [];
    const all = [...catalogue.targets(name), ...(shadow ? [shadow] : []), ...next];
    const own = all.filter(({ engine, replicaOf }) => engine && replicaOf === undefined);
    const model = catalogue.find(name);
    const scaled = catalogue.scaled.find(name)?.replicas?.first;
    return own.map((target) => ({
      identity: target.identity,
      model: {
        ...model,
        targets: [target],
        elastic: target === scaled ? model.elastic : undefined,
      },
    }));
  });
}
