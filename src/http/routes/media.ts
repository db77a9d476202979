import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { Caller } from "../../core/call.ts";
import type { CallContext } from "../../serve/gateway/needs.ts";
import type { ForwardCall } from "../../serve/gateway/forward.ts";
import { parseBody } from "../../core/dialects/parse-body.ts";
import { WeirError } from "../../core/errors.ts";
import type { Authorise } from "../authorise.ts";
import { findField, withField } from "../multipart-field.ts";
import { asking } from "../side-context.ts";

/** Where a prompt is going, and who sends it there. */
export interface MediaPlace {
  readonly route: string;
  readonly model: string;
  readonly caller: Caller;
}

export interface MediaNeeds {
  readonly authorise: Authorise;
  readonly forward: (call: ForwardCall, context: CallContext) => Promise<void>;
  /** The text as the guard lets it pass. Throws blocked_by_guard. */
  readonly inspect: (text: string, to: MediaPlace) => string;
  readonly maxBodyBytes: number;
}

const model = z.string().min(1).describe("a model name from weir.yaml");
const bytes = z.string().meta({ format: "binary" });
const JSON_TYPE = "application/json";
const FORM = "multipart/form-data";
const Heard = { [FORM]: z.looseObject({ model, file: bytes, prompt: z.string().optional() }) };
const Drawn = { [FORM]: z.looseObject({ model, image: bytes, prompt: z.string().optional() }) };

/** What each does, and what is sent there; beyond these fields it is the upstream's business. */
const ROUTES: Readonly<Record<string, [summary: string, sends: Record<string, z.ZodType>]>> = {
  "/audio/speech": [
    "Read a text aloud",
    { [JSON_TYPE]: z.looseObject({ model, input: z.string(), voice: z.string().optional() }) },
  ],
  "/audio/transcriptions": ["Write down what is said", Heard],
  "/audio/translations": ["Write down in English what is said", Heard],
  "/images/generations": [
    "Draw a picture",
    { [JSON_TYPE]: z.looseObject({ model, prompt: z.string() }) },
  ],
  "/images/edits": ["Change a picture", Drawn],
  "/images/variations": ["Draw a picture like another", Drawn],
};
/** Where people's own words stand. */
const PROMPTS = ["prompt", "input", "instructions"];
const JsonBody = z.looseObject({ model: z.string().min(1) });

/**
 * Sound and pictures, handed to the model's target as they came but for the model's name: what is in
 * them stays between the client and the upstream. Prompts pass the guard.
 */
export function mediaRoutes(app: FastifyInstance, needs: MediaNeeds): void {
  void app.register((routes, _options, ready) => {
    routes.removeAllContentTypeParsers();
    routes.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => {
      done(null, body);
    });
    for (const [path, [summary, sends]] of Object.entries(ROUTES)) {
      routes.post<{ Body: Buffer }>(
        `/v1${path}`,
        {
          bodyLimit: needs.maxBodyBytes,
          schema: {
            summary,
            tag: "Inference",
            sends,
            content: { 200: "application/octet-stream" },
          },
        },
        (request, reply) => handle(path, request, reply, needs),
      );
    }
    ready();
  });
}

async function handle(
  path: string,
  request: FastifyRequest<{ Body: Buffer }>,
  reply: FastifyReply,
  { authorise, forward, inspect }: MediaNeeds,
): Promise<FastifyReply> {
  const { context, signal } = asking(authorise, request, reply);
  const contentType = request.headers["content-type"] ?? "";
  const look: Look = (text, model) =>
    inspect(text, { route: `/v1${path}`, model, caller: context.caller });
  const { model, write } = /^multipart\/form-data/i.test(contentType)
    ? readMultipart(request.body, contentType, look)
    : readJson(request.body, look);
  const { raw } = reply;
  const call: ForwardCall = {
    model,
    signal,
    message: (name) => ({ path, contentType, body: write(name) }),
    onResume: (resume) => void raw.on("drain", resume),
    reply: {
      head(status, type) {
        reply.hijack();
        raw.writeHead(status, {
          "x-weir-trace-id": context.traceId,
          ...(type !== "" && { "content-type": type }),
        });
      },
      data: (chunk) => raw.write(Buffer.from(chunk)),
      end: () => raw.end(),
      broke: () => raw.destroy(),
    },
  };
  try {
    await forward(call, context);
  } catch (cause) {
    if (!raw.headersSent) throw cause;
  }
  return reply;
}

interface ReadBody {
  readonly model: string;
  /** The body with the model's name upstream. */
  readonly write: (model: string) => Buffer;
}

/** A prompt to a model as the guard lets it pass. */
type Look = (text: string, model: string) => string;

function readMultipart(body: Buffer, contentType: string, look: Look): ReadBody {
  const field = findField(body, contentType, "model");
  if (!field) {
    throw new WeirError("invalid_request", 'The form has no field "model".', { param: "model" });
  }
  const prompt = findField(body, contentType, "prompt");
  const seen = prompt && look(prompt.value, field.value);
  // Later places first, so that the earlier ones stay where they are.
  const isChanged = prompt && seen !== undefined && seen !== prompt.value;
  const changes = isChanged ? [{ field: prompt, value: seen }] : [];
  return {
    model: field.value,
    write: (model) =>
      [...changes, { field, value: model }]
        .toSorted((a, b) => b.field.start - a.field.start)
        .reduce((bytes, { field, value }) => withField(bytes, field, value), body),
  };
}

function readJson(bytes: Buffer, look: Look): ReadBody {
  let parsed: unknown;
  try {
    parsed = JSON.parse(bytes.toString("utf8"));
  } catch {
    throw new WeirError("invalid_request", "The body is neither JSON nor multipart/form-data.");
  }
  const body = { ...parseBody(JsonBody, parsed) };
  for (const name of PROMPTS) {
    const text = body[name];
    if (typeof text === "string") body[name] = look(text, body.model);
  }
  const write = (model: string) => Buffer.from(JSON.stringify({ ...body, model }));
  return { model: body.model, write };
}
