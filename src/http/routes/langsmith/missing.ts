import type { FastifyInstance } from "fastify";
import { WeirError } from "../../../core/errors.ts";

/** What of the LangSmith API there is not here, in that API's own words. */
export function missingRoutes(app: FastifyInstance): void {
  for (const url of ["/api/v1/*", "/api/v2/*"]) {
    app.all(url, async ({ method, url: asked }) => {
      const path = asked.split("?")[0]?.slice(0, 200);
      throw new WeirError(
        "not_found",
        `There is no ${method} ${path} here. The part of the LangSmith API that Weir has is described in its guide, under "watch".`,
      );
    });
  }
}
