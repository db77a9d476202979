import type { FastifyInstance } from "fastify";
import type { Caller } from "../../core/call.ts";
import type { Authorise } from "../authorise.ts";
import {
  FileContents,
  Freed,
  LibraryList,
  LibraryRef,
  Measurements,
  type LibraryMeasurement,
} from "../library-schemas.ts";

export interface LibraryNeeds {
  readonly authorise: Authorise;
  readonly list: () => Promise<LibraryList>;
  /** Throws not_found, and invalid_request where the file cannot be read. */
  readonly contents: (ref: string) => Promise<FileContents>;
  /** Throws conflict where weir.yaml serves it. */
  readonly remove: (ref: string) => Promise<unknown>;
  readonly clean: () => number;
  readonly measurements: () => LibraryMeasurement[];
  readonly dropMeasurement: (id: string) => void;
  /** Writes down who did what to which model. */
  readonly note: (event: string, by: Caller, subject: string) => void;
}

const tag = "Library";

/** The model files of this server: what there is, what is in one, and making room. */
export function libraryRoutes(app: FastifyInstance, needs: LibraryNeeds): void {
  const { authorise, note } = needs;
  app.get(
    "/admin/v1/library",
    { schema: { summary: "The model files here", tag, response: { 200: LibraryList } } },
    (request) => {
      authorise(request.raw, "viewer");
      return needs.list();
    },
  );
  app.get<{ Querystring: LibraryRef }>(
    "/admin/v1/library/file",
    {
      schema: {
        summary: "What is in a model file",
        tag,
        querystring: LibraryRef,
        response: { 200: FileContents },
      },
    },
    (request) => {
      authorise(request.raw, "viewer");
      return needs.contents(request.query.ref);
    },
  );
  app.delete<{ Querystring: LibraryRef }>(
    "/admin/v1/library/file",
    { schema: { summary: "Take a model out of the library", tag, querystring: LibraryRef } },
    async (request, reply) => {
      const caller = authorise(request.raw, "operator");
      const { ref } = request.query;
      await needs.remove(ref);
      note("model_removed", caller, ref);
      return reply.code(204).send();
    },
  );
  app.post(
    "/admin/v1/library/clean",
    { schema: { summary: "Delete what no model has", tag, response: { 200: Freed } } },
    async (request) => {
      const caller = authorise(request.raw, "operator");
      const freedBytes = needs.clean();
      note("library_cleaned", caller, `${freedBytes} bytes`);
      return { freedBytes };
    },
  );
  registerMeasurements(app, needs);
}

function registerMeasurements(app: FastifyInstance, needs: LibraryNeeds): void {
  const { authorise, note } = needs;
  app.get(
    "/admin/v1/library/measurements",
    { schema: { summary: "What was measured", tag, response: { 200: Measurements } } },
    async (request) => {
      authorise(request.raw, "viewer");
      return { measurements: needs.measurements() };
    },
  );
  app.delete<{ Params: { id: string } }>(
    "/admin/v1/library/measurements/:id",
    { schema: { summary: "Forget a measurement", tag } },
    async (request, reply) => {
      const caller = authorise(request.raw, "operator");
      needs.dropMeasurement(request.params.id);
      note("measurement_removed", caller, request.params.id);
      return reply.code(204).send();
    },
  );
}
