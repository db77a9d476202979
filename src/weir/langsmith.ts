import type { App } from "../http/app.ts";
import type { Authorise } from "../http/authorise.ts";
import { infoRoutes } from "../http/routes/langsmith/info.ts";
import { missingRoutes } from "../http/routes/langsmith/missing.ts";
import { speakLangSmith } from "../http/routes/langsmith/scope.ts";
import type { House } from "./house.ts";
import { langSmithData } from "./langsmith-data.ts";
import { langSmithRuns } from "./langsmith-runs.ts";
import { VERSION } from "./release.ts";

/**
 * The LangSmith API: what its SDKs write to and read from. Every route is registered under /api/v1 or
 * /api/v2; `canonicalTraceUrl` leads every other prefix there. None has a schema, so that none is in
 * /openapi.json: the API is described by its vendor.
 */
export function registerLangSmithRoutes(
  { fastify }: App,
  house: House,
  authorise: Authorise,
): void {
  const { maxBodyMiB } = house.live.config.traces;
  const speech = {
    log: house.log.part("http"),
    maxBodyBytes: maxBodyMiB * 1024 * 1024,
    noteRead: (read: Parameters<House["textReads"]["note"]>[0]) => house.textReads.note(read),
  };
  const runs = langSmithRuns(house, authorise);
  const data = langSmithData(house, authorise);
  // What needs no key.
  void fastify.register((routes, _options, ready) => {
    speakLangSmith(routes, speech);
    infoRoutes(routes, { version: VERSION });
    runs.withoutKey(routes);
    data.withoutKey(routes);
    missingRoutes(routes);
    ready();
  });
  // What needs one with the scope `traces`, which is asked before a body is read.
  void fastify.register((routes, _options, ready) => {
    speakLangSmith(routes, { ...speech, authorise });
    runs.withKey(routes);
    data.withKey(routes);
    ready();
  });
}
