import type { FastifyInstance } from "fastify";
import { WeirError } from "../../../core/errors.ts";
import type { Shelf } from "../../../watch/langsmith/shelf.ts";
import { pathId } from "./data-scope.ts";

/**
 * The bytes of examples' attachments. No key: SDKs fetch these links without one. Their ids are random,
 * and only who may read an example learns them.
 */
export function exampleBytesRoutes(
  app: FastifyInstance,
  { shelf }: { readonly shelf: Shelf },
): void {
  app.get("/api/v1/platform/attachments/:id", async (request, reply) => {
    const found = await shelf.bytes(pathId(request, "id"));
    if (!found) throw new WeirError("not_found", "There is no such attachment any more.");
    return reply
      .type(found.mimeType || "application/octet-stream")
      .header("content-disposition", "attachment")
      .header("cache-control", "private")
      .send(Buffer.from(found.bytes));
  });
}
