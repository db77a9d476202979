import { z } from "zod";

/**
 * The Responses API's request body. What may be written in two ways is made one before it is checked
 * (a text is a list of one part, a message needs no type), so that errors name the field at fault.
 * Items and parts that are not known here are kept whole as `foreign`.
 */

type Loose = Record<string, unknown>;

function isObject(value: unknown): value is Loose {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Wraps an object whose type is none of `known`: its fields are nobody's business here. */
function wrapForeign(value: unknown, known: ReadonlySet<string>): unknown {
  if (!isObject(value) || typeof value["type"] !== "string" || known.has(value["type"])) {
    return value;
  }
  return { type: "foreign", what: value["type"], value };
}

const Foreign = z.object({ type: z.literal("foreign"), what: z.string(), value: z.unknown() });
const text = <T extends string>(type: T) => z.object({ type: z.literal(type), text: z.string() });

const PARTS = [
  text("input_text"),
  text("output_text"),
  text("text"),
  text("summary_text"),
  text("reasoning_text"),
  z.object({ type: z.literal("refusal"), refusal: z.string() }),
  z.object({
    type: z.literal("input_image"),
    image_url: z.string().nullish(),
    file_id: z.string().nullish(),
    detail: z.string().nullish(),
  }),
  z.object({
    type: z.literal("input_file"),
    file_data: z.string().nullish(),
    file_url: z.string().nullish(),
    file_id: z.string().nullish(),
    filename: z.string().nullish(),
  }),
  z.object({
    type: z.literal("input_audio"),
    input_audio: z.object({ data: z.string(), format: z.string() }),
  }),
] as const;
const PART_TYPES = new Set<string>(PARTS.map(({ shape }) => shape.type.value));

const Part = z.preprocess(
  (value) => wrapForeign(value, PART_TYPES),
  z.discriminatedUnion("type", [...PARTS, Foreign], { error: "expected a part with a type" }),
);
export type Part = z.infer<typeof Part>;

const Content = z.preprocess(
  (value) => (typeof value === "string" ? [{ type: "input_text", text: value }] : value),
  z.array(Part, "expected a string or an array of parts"),
);

const ITEMS = [
  z.object({
    type: z.literal("message"),
    role: z.enum(["system", "developer", "user", "assistant"]),
    content: Content,
  }),
  z.object({
    type: z.literal("function_call"),
    call_id: z.string(),
    name: z.string(),
    arguments: z.string(),
    signature: z.string().nullish(),
  }),
  z.object({ type: z.literal("function_call_output"), call_id: z.string(), output: Content }),
  z.object({
    type: z.literal("reasoning"),
    id: z.string().nullish(),
    summary: Content.nullish(),
    content: Content.nullish(),
    encrypted_content: z.string().nullish(),
  }),
] as const;
const ITEM_TYPES = new Set<string>(ITEMS.map(({ shape }) => shape.type.value));

const Item = z.preprocess(
  (value) =>
    isObject(value) && value["type"] == null && value["role"] !== undefined
      ? { ...value, type: "message" }
      : wrapForeign(value, ITEM_TYPES),
  z.discriminatedUnion("type", [...ITEMS, Foreign], {
    error: "expected an item with a type, or a message with a role",
  }),
);
export type Item = z.infer<typeof Item>;

/** What the model gets to read, as a list of items. */
export const Input = z.preprocess(
  (value) =>
    typeof value === "string" ? [{ type: "message", role: "user", content: value }] : value,
  z.array(Item, "expected a string or an array of items"),
);

const FunctionTool = z.object({
  type: z.literal("function"),
  name: z.string().min(1),
  description: z.string().nullish(),
  parameters: z.record(z.string(), z.unknown()).nullish(),
  strict: z.boolean().nullish(),
});
const Tool = z.preprocess(
  (value) => wrapForeign(value, new Set(["function"])),
  z.discriminatedUnion("type", [FunctionTool, Foreign], { error: "expected a tool with a type" }),
);
export type Tool = z.infer<typeof Tool>;

const CHOICES = [
  z.object({ type: z.literal("mode"), mode: z.enum(["auto", "none", "required"]) }),
  z.object({ type: z.literal("function"), name: z.string() }),
  z.object({
    type: z.literal("allowed_tools"),
    mode: z.enum(["auto", "required"]),
    tools: z.array(z.looseObject({ type: z.string(), name: z.string().optional() })),
  }),
] as const;
const CHOICE_TYPES = new Set<string>(CHOICES.map(({ shape }) => shape.type.value));
const ToolChoice = z.preprocess(
  (value) =>
    typeof value === "string" ? { type: "mode", mode: value } : wrapForeign(value, CHOICE_TYPES),
  z.discriminatedUnion("type", [...CHOICES, Foreign], { error: "expected a tool choice" }),
);

const Format = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text") }),
  z.object({ type: z.literal("json_object") }),
  z.object({
    type: z.literal("json_schema"),
    name: z.string().default("answer"),
    schema: z.record(z.string(), z.unknown()),
    description: z.string().nullish(),
    strict: z.boolean().nullish(),
  }),
]);

/** Up to 16 short texts that a client hangs on a thing to find it again. */
export const Metadata = z
  .record(z.string().max(64), z.string().max(512))
  .refine((value) => Object.keys(value).length <= 16, "at most 16 pairs");

export const ResponsesBody = z.looseObject({
  model: z.string().min(1).describe("a model name from weir.yaml"),
  input: Input.optional().describe("a text, or a list of items"),
  instructions: z.string().nullish(),
  tools: z.array(Tool).nullish(),
  tool_choice: ToolChoice.nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  text: z.looseObject({ format: Format.nullish() }).nullish(),
  reasoning: z
    .looseObject({
      effort: z.enum(["none", "minimal", "low", "medium", "high", "xhigh"]).nullish(),
      summary: z.enum(["auto", "concise", "detailed"]).nullish(),
      generate_summary: z.enum(["auto", "concise", "detailed"]).nullish(),
    })
    .nullish(),
  max_output_tokens: z.int().min(1, "max_output_tokens must be at least 1").nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  top_logprobs: z.int().min(0).max(20).nullish(),
  include: z.array(z.string()).nullish(),
  metadata: Metadata.nullish(),
  store: z.boolean().nullish().describe("false: nothing is kept of this call"),
  previous_response_id: z.string().nullish(),
  conversation: z.union([z.string(), z.looseObject({ id: z.string() })]).nullish(),
  background: z.boolean().nullish(),
  stream: z.boolean().nullish(),
  truncation: z.enum(["auto", "disabled"]).nullish(),
  user: z.string().nullish(),
  safety_identifier: z.string().nullish(),
});
export type ResponsesBody = z.infer<typeof ResponsesBody>;

/** The body as clients write it, for the API's description: before what has two forms is made one. */
export const WrittenResponsesBody = ResponsesBody.extend({
  input: z
    .union([z.string(), z.array(z.looseObject({ type: z.string().optional() }))])
    .optional()
    .describe("a text, or a list of items: messages, function calls and their outputs, thoughts"),
  tools: z.array(z.looseObject({ type: z.string() })).nullish(),
  tool_choice: z
    .union([z.enum(["auto", "none", "required"]), z.looseObject({ type: z.string() })])
    .nullish(),
});
