import type { App } from "../http/app.ts";
import type { Authorise } from "../http/authorise.ts";
import { otlpRoutes } from "../http/routes/otlp.ts";
import type { House } from "./house.ts";

const MIB = 1024 * 1024;

/** What OpenTelemetry's exporters send. */
export function registerOtlpRoutes({ fastify }: App, house: House, authorise: Authorise): void {
  otlpRoutes(fastify, {
    authorise,
    traces: house.traces,
    maxBodyBytes: house.live.config.traces.maxBodyMiB * MIB,
    now: Date.now,
    log: house.log.part("http"),
  });
}
