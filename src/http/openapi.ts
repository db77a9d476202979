import type { FastifySchema } from "fastify";
import { z } from "zod";
import { AnthropicMessagesBody } from "../core/dialects/anthropic/body.ts";
import { WrittenResponsesBody } from "../core/dialects/responses/body.ts";
import { ChatCompletionBody } from "../core/dialects/openai/chat-request.ts";
import { CompletionBody } from "../core/dialects/openai/completion-request.ts";
import { EmbeddingBody } from "../core/dialects/openai/embedding.ts";
import { ErrorBody } from "./admin-schemas.ts";

/** One endpoint of the API, as its route was registered. */
export interface Operation {
  readonly method: string;
  readonly path: string;
  readonly summary: string;
  readonly tag: string;
  readonly body?: z.ZodType | undefined;
  /** For bodies that no schema checks on their way in: by content type. */
  readonly sends?: Readonly<Record<string, z.ZodType>> | undefined;
  readonly query?: z.ZodType | undefined;
  readonly answers: Readonly<Record<string, z.ZodType | string>>;
}

declare module "fastify" {
  /** What our routes say of themselves; schemas are zod's. */
  interface FastifySchema {
    summary?: string;
    tag?: string;
    /** What may be sent where the route reads the body itself, by content type. */
    sends?: Readonly<Record<string, z.ZodType>>;
    /** For answers that are no JSON: their content type by status. */
    content?: Readonly<Record<number, string>>;
  }
}

/** Fastify types its schemas as unknown; every one in this house is zod's. */
interface ZodSchemas {
  readonly body?: z.ZodType;
  readonly querystring?: z.ZodType;
  readonly response?: Readonly<Record<number, z.ZodType>>;
}

export function toOperation(method: string, url: string, schema: FastifySchema): Operation {
  const { summary = "", tag = "", content, sends } = schema;
  const { body, querystring, response } = schema as ZodSchemas;
  return {
    method: method.toLowerCase(),
    path: url.replaceAll(/:(\w+)/g, "{$1}").replace("*", "{name}"),
    summary,
    tag,
    body,
    sends,
    query: querystring,
    answers: { ...content, ...response },
  };
}

const Streamable = z
  .record(z.string(), z.unknown())
  .describe("the protocol's answer, or its stream of server-sent events");

/** The fast lane's endpoints, which no framework registers. */
export const INFERENCE_OPERATIONS: readonly Operation[] = [
  {
    method: "post",
    path: "/v1/chat/completions",
    summary: "Answer a chat, whole or as a stream of server-sent events",
    tag: "Inference",
    body: ChatCompletionBody,
    answers: { 200: Streamable },
  },
  {
    method: "post",
    path: "/v1/completions",
    summary: "Continue a text, whole or as a stream of server-sent events",
    tag: "Inference",
    body: CompletionBody,
    answers: { 200: Streamable },
  },
  {
    method: "post",
    path: "/v1/messages",
    summary: "Answer a chat in Anthropic's protocol",
    tag: "Inference",
    body: AnthropicMessagesBody,
    answers: { 200: Streamable },
  },
  {
    method: "post",
    path: "/v1/responses",
    summary: "Answer in OpenAI's Responses protocol, with what was said before",
    tag: "Inference",
    body: WrittenResponsesBody,
    answers: { 200: Streamable },
  },
  {
    method: "get",
    path: "/v1/streams/{id}",
    summary: "Take up a stream that was opened with x-weir-resume: 1, after Last-Event-ID",
    tag: "Inference",
    answers: { 200: "text/event-stream" },
  },
  {
    method: "post",
    path: "/v1/embeddings",
    summary: "Turn texts into vectors",
    tag: "Inference",
    body: EmbeddingBody,
    answers: { 200: Streamable },
  },
];

/** The OpenAPI 3.1 document, made from the same schemas that check the requests. */
export function toOpenApi(
  operations: readonly Operation[],
  version: string,
): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of [...INFERENCE_OPERATIONS, ...operations]) {
    if (operation.method === "head") continue;
    (paths[operation.path] ??= {})[operation.method] = toOpenApiOperation(operation);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Weir",
      version,
      description: "Serve, watch, guard and ship language models.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    security: [{ key: [] }],
    paths,
    components: {
      securitySchemes: { key: { type: "http", scheme: "bearer", description: "An API key, wk-…" } },
      schemas: { Error: schemaOf(ErrorBody, "output") },
    },
  };
}

function toOpenApiOperation(operation: Operation) {
  const { path, summary, tag, body, query, answers } = operation;
  const sent = body ? { "application/json": body } : operation.sends;
  const inPath = Array.from(path.matchAll(/\{(\w+)\}/g), ([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  return {
    summary,
    tags: [tag],
    parameters: [...inPath, ...(query ? queryParameters(query) : [])],
    ...(sent && {
      requestBody: {
        required: true,
        content: Object.fromEntries(
          Object.entries(sent).map(([type, one]) => [type, { schema: schemaOf(one, "input") }]),
        ),
      },
    }),
    responses: {
      ...Object.fromEntries(
        Object.entries(answers).map(([status, answer]) => [status, toResponse(answer)]),
      ),
      default: {
        description: "What went wrong and what to do",
        content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } },
      },
    },
  };
}

function toResponse(answer: z.ZodType | string): Record<string, unknown> {
  if (typeof answer === "string") return { description: "OK", content: { [answer]: {} } };
  return {
    description: "OK",
    content: { "application/json": { schema: schemaOf(answer, "output") } },
  };
}

function queryParameters(query: z.ZodType): Record<string, unknown>[] {
  const { properties = {}, required = [] } = schemaOf(query, "input") as {
    properties?: Record<string, unknown>;
    required?: string[];
  }; // z.toJSONSchema of an object
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: "query",
    required: required.includes(name),
    schema,
  }));
}

function schemaOf(schema: z.ZodType, io: "input" | "output"): Record<string, unknown> {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  return rest;
}
