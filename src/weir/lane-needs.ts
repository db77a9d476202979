import { createHeartbeats } from "../http/lane/heartbeats.ts";
import type { LaneNeeds } from "../http/lane/inference.ts";
import { createResumables } from "../http/lane/resumable.ts";
import type { Services } from "./services.ts";
import type { CallHouse } from "./house.ts";

type LaneServices = Pick<Services, "generate"> &
  Pick<LaneNeeds, "responses"> & {
    readonly gateway: Pick<Services["gateway"], "now" | "monotonic">;
    readonly sideCalls: Pick<Services["sideCalls"], "embed">;
  };

/** What the fast lane asks for, from the parts that have it. */
export function toLaneNeeds(house: CallHouse, services: LaneServices): LaneNeeds {
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
