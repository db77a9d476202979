import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { WeirError, messageOf } from "../../../core/errors.ts";
import { parseWire } from "../../../watch/langsmith/wire-json.ts";
import { uuidOf } from "../../../watch/langsmith/uuid.ts";
import { askedAll, askedCount, asked, sentBytes } from "./scope.ts";
import { parseBody } from "../../../core/dialects/parse-body.ts";

/** What the routes of datasets, prompts and queues read of a request. */

/** A UUID of the path. Throws invalid_request naming it. */
export function pathId({ params }: FastifyRequest, name: string): string {
  const sent = (params as Record<string, string | undefined>)[name]; // as the route names them
  const id = uuidOf(sent);
  if (id !== undefined) return id;
  throw new WeirError("invalid_request", `${name}: "${(sent ?? "").slice(0, 80)}" is no UUID.`, {
    param: name,
    status: 422,
  });
}

export function pathText({ params }: FastifyRequest, name: string): string {
  return (params as Record<string, string | undefined>)[name] ?? ""; // as the route names them
}

/** The body as the schema has it; nothing sent is an empty object. */
export function sentAs<T>(request: FastifyRequest, schema: z.ZodType<T>): T {
  return parseBody(schema, sentWire(request) ?? {});
}

/** The body's JSON, as Python writes it too; undefined where nothing was sent. */
export function sentWire(request: FastifyRequest): unknown {
  const bytes = sentBytes(request);
  if (bytes.length === 0) return undefined;
  try {
    return parseWire(bytes.toString("utf8"));
  } catch (cause) {
    throw new WeirError("invalid_request", `The body ${messageOf(cause)}.`, { cause });
  }
}

export const MOST = 1000;

export function askedPage(request: FastifyRequest, otherwise = 100) {
  return {
    limit: askedCount(request, "limit", { otherwise, most: MOST }),
    offset: askedCount(request, "offset", { otherwise: 0, most: Number.MAX_SAFE_INTEGER }),
  };
}

/** UUIDs of the query; undefined where there are none. */
export function askedIds(request: FastifyRequest, name: string): string[] | undefined {
  const sent = askedAll(request, name);
  if (sent.length === 0) return undefined;
  return sent.map((text) => {
    const id = uuidOf(text);
    if (id !== undefined) return id;
    throw new WeirError("invalid_request", `${name}: "${text.slice(0, 80)}" is no UUID.`, {
      param: name,
      status: 422,
    });
  });
}

/** Every value of the query, undefined where there is none. */
export function askedSome(request: FastifyRequest, name: string): readonly string[] | undefined {
  const values = askedAll(request, name).filter((value) => value !== "");
  return values.length === 0 ? undefined : values;
}

const Fields = z.record(z.string(), z.unknown());

/** A JSON object of the query. */
export function askedFields(request: FastifyRequest, name: string) {
  const text = asked(request, name);
  if (text === undefined || text === "") return undefined;
  try {
    return Fields.parse(JSON.parse(text));
  } catch (cause) {
    throw new WeirError("invalid_request", `${name}: must be a JSON object.`, {
      param: name,
      cause,
    });
  }
}

/** Cursors are where the next page begins. */
export function offsetOf(cursor: string | undefined): number {
  if (cursor === undefined || cursor === "") return 0;
  const offset = Number(cursor);
  if (Number.isSafeInteger(offset) && offset >= 0) return offset;
  throw new WeirError("invalid_request", "cursor: is none that was given here.", {
    param: "cursor",
  });
}
