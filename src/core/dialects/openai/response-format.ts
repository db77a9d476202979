import { z } from "zod";
import type { ResponseFormat } from "../../chat.ts";

/** In what form an answer is wanted, as OpenAI's clients say it. Pure. */

export const Format = z.discriminatedUnion("type", [
  z.looseObject({ type: z.literal("text") }),
  z.looseObject({ type: z.literal("json_object") }),
  z.looseObject({
    type: z.literal("json_schema"),
    json_schema: z.looseObject({
      name: z.string().default("answer"),
      description: z.string().nullish(),
      schema: z.record(z.string(), z.unknown()).nullish(),
      strict: z.boolean().nullish(),
    }),
  }),
]);

export function toFormat(format: z.infer<typeof Format>): ResponseFormat {
  if (format.type !== "json_schema") return { type: format.type };
  const { name, schema, description, strict } = format.json_schema;
  return {
    type: "json_schema",
    name,
    schema: schema ?? {},
    ...(description != null && { description }),
    ...(strict != null && { strict }),
  };
}
