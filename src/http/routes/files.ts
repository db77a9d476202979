import multipart, { type Multipart } from "@fastify/multipart";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { parseBody } from "../../core/dialects/parse-body.ts";
import { WeirError } from "../../core/errors.ts";
import {
  type Files,
  type KeptFile,
  MAX_FILE_BYTES,
  type PendingContent,
} from "../../serve/files/files.ts";
import type { Authorise } from "../authorise.ts";
import { PageQuery, pageOf, toPage } from "../page.ts";

export interface FilesRoutesNeeds {
  readonly authorise: Authorise;
  readonly files: Files;
}

const tag = "Files";

const Purpose = z.enum(["assistants", "batch", "fine-tune", "vision", "user_data", "evals"], {
  error: 'send a purpose before or after the file: "batch", "user_data", …',
});
const Fields = z.looseObject({
  purpose: Purpose,
  "expires_after[anchor]": z.literal("created_at").optional(),
  "expires_after[seconds]": z.coerce.number().int().min(3600).max(2_592_000).optional(),
});
const FileObject = z.object({
  id: z.string(),
  object: z.literal("file"),
  bytes: z.int(),
  created_at: z.int(),
  expires_at: z.int().nullable(),
  filename: z.string(),
  purpose: z.string(),
  status: z.literal("processed"),
});
const Deleted = z.object({ id: z.string(), object: z.literal("file"), deleted: z.literal(true) });
const ListQuery = PageQuery.extend({
  purpose: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(10_000).default(10_000),
});

interface OfOne {
  Params: { id: string };
}

/** Files: uploaded, listed, fetched, deleted. Uploads are read in a scope of their own. */
export function fileRoutes(app: FastifyInstance, needs: FilesRoutesNeeds): void {
  const { authorise, files } = needs;
  void app.register(async (scope) => uploadRoute(scope, needs));
  app.get<{ Querystring: z.infer<typeof ListQuery> }>(
    "/v1/files",
    {
      schema: {
        summary: "The files of this key",
        tag,
        querystring: ListQuery,
        response: { 200: pageOf(FileObject) },
      },
    },
    async ({ raw, query }) => {
      const all = files.list(authorise(raw, "inference"));
      const wanted = all.filter(
        ({ purpose }) => query.purpose === undefined || purpose === query.purpose,
      );
      return toPage(wanted.map(toWire), query);
    },
  );
  app.get<OfOne>(
    "/v1/files/:id",
    { schema: { summary: "What is known of a file", tag, response: { 200: FileObject } } },
    async ({ raw, params }) => toWire(files.find(authorise(raw, "inference"), params.id)),
  );
  app.get<OfOne>(
    "/v1/files/:id/content",
    { schema: { summary: "A file's content", tag, content: { 200: "application/octet-stream" } } },
    async ({ raw, params }, reply) => {
      const caller = authorise(raw, "inference");
      const { bytes } = files.find(caller, params.id);
      return reply
        .type("application/octet-stream")
        .header("content-length", bytes)
        .header("content-disposition", "attachment")
        .send(files.read(caller, params.id));
    },
  );
  app.delete<OfOne>(
    "/v1/files/:id",
    { schema: { summary: "Delete a file", tag, response: { 200: Deleted } } },
    async ({ raw, params: { id } }) => {
      files.remove(authorise(raw, "inference"), id);
      return { id, object: "file", deleted: true };
    },
  );
}

async function uploadRoute(app: FastifyInstance, { authorise, files }: FilesRoutesNeeds) {
  await app.register(multipart, {
    limits: { fileSize: MAX_FILE_BYTES + 1, files: 1, fields: 10, fieldSize: 10_000, parts: 11 },
    throwFileSizeLimit: false,
  });
  app.post(
    "/v1/files",
    {
      bodyLimit: MAX_FILE_BYTES + 1024 * 1024,
      schema: {
        summary: "Upload a file",
        sends: {
          "multipart/form-data": z.looseObject({
            file: z.string().meta({ format: "binary" }),
            purpose: z.string().describe("`batch` for a batch's input, `user_data` for a prompt"),
            "expires_after[seconds]": z.string().optional(),
          }),
        },
        tag,
        response: { 200: FileObject },
      },
      // A key is checked before a body is read.
      onRequest: async ({ raw }) => void authorise(raw, "inference"),
    },
    async (request) => {
      const caller = authorise(request.raw, "inference");
      const { content, filename, fields } = await readForm(request, files);
      try {
        const label = parseBody(Fields, fields);
        const expiresAfterSeconds = label["expires_after[seconds]"];
        const { purpose } = label;
        return toWire(await files.add(caller, content, { purpose, filename, expiresAfterSeconds }));
      } catch (cause) {
        await content.discard();
        throw cause;
      }
    },
  );
}

interface Form {
  readonly content: PendingContent;
  readonly filename: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Takes a form's parts in whatever order they come; the file's content goes to the disk at once. */
async function readForm(request: FastifyRequest, files: Files): Promise<Form> {
  if (!request.isMultipart()) {
    throw new WeirError("invalid_request", "Send the file as multipart/form-data.", {
      param: "file",
    });
  }
  const fields: Record<string, unknown> = {};
  let found: { content: PendingContent; filename: string } | undefined;
  try {
    for await (const part of request.parts() as AsyncIterable<Multipart>) {
      if (part.type === "field") fields[part.fieldname] = part.value;
      else if (part.fieldname === "file") {
        const filename = part.filename || "file";
        found = { content: await files.receive(part.file), filename };
      } else part.file.resume();
    }
  } catch (cause) {
    await found?.content.discard();
    throw cause;
  }
  if (found) return { ...found, fields };
  throw new WeirError("invalid_request", 'file: the form has no part "file"', { param: "file" });
}

function toWire({ id, bytes, createdAt, expiresAt, filename, purpose }: KeptFile) {
  return {
    id,
    object: "file" as const,
    bytes,
    created_at: Math.floor(createdAt / 1000),
    expires_at: expiresAt === null ? null : Math.floor(expiresAt / 1000),
    filename,
    purpose,
    status: "processed" as const,
  };
}
