import { z } from "zod";

/** The bodies of Anthropic's Messages API, as clients send them. Unknown fields are kept. */

const CacheControl = z.looseObject({
  type: z.literal("ephemeral"),
  ttl: z.enum(["5m", "1h"]).nullish(),
});

const marked = { cache_control: CacheControl.nullish() };

const Source = z.discriminatedUnion(
  "type",
  [
    z.looseObject({ type: z.literal("base64"), media_type: z.string(), data: z.string() }),
    z.looseObject({ type: z.literal("url"), url: z.string() }),
    z.looseObject({ type: z.literal("text"), data: z.string() }),
    z.looseObject({ type: z.literal("content") }),
    z.looseObject({ type: z.literal("file"), file_id: z.string() }),
  ],
  { error: 'expected "type" to be one of base64, url, text, content, file' },
);

const TextBlock = z.looseObject({ type: z.literal("text"), text: z.string(), ...marked });

const ToolResult = z.looseObject({
  type: z.literal("tool_result"),
  tool_use_id: z.string().min(1),
  is_error: z.boolean().nullish(),
  ...marked,
});

/** The blocks that have a canonical word and hold no other, by their type. */
const FLAT = {
  text: TextBlock,
  image: z.looseObject({ type: z.literal("image"), source: Source, ...marked }),
  document: z.looseObject({
    type: z.literal("document"),
    source: Source,
    title: z.string().nullish(),
    ...marked,
  }),
  tool_use: z.looseObject({
    type: z.literal("tool_use"),
    id: z.string().min(1),
    name: z.string().min(1),
    input: z.unknown(),
    signature: z.string().nullish(),
    ...marked,
  }),
  thinking: z.looseObject({
    type: z.literal("thinking"),
    thinking: z.string(),
    signature: z.string().nullish(),
  }),
  redacted_thinking: z.looseObject({ type: z.literal("redacted_thinking"), data: z.string() }),
};

/** A block that only Anthropic knows: a server tool's call, its result, whatever comes next year. */
export interface OtherBlock {
  readonly type: "other";
  readonly value: Readonly<Record<string, unknown>> & { readonly type: string };
}
export type TextBlock = z.infer<typeof TextBlock>;
export type ToolResultBlock = z.infer<typeof ToolResult> & {
  readonly content?: readonly Block[] | null | undefined;
};
export type Block =
  | TextBlock
  | z.infer<typeof FLAT.image>
  | z.infer<typeof FLAT.document>
  | z.infer<typeof FLAT.tool_use>
  | ToolResultBlock
  | z.infer<typeof FLAT.thinking>
  | z.infer<typeof FLAT.redacted_thinking>
  | OtherBlock;

const BLOCKS: Readonly<Record<string, z.ZodType>> = {
  ...FLAT,
  tool_result: ToolResult.extend({ content: z.lazy(() => Blocks.nullish()) }),
};

// A union of the known blocks and any other would name the whole block at fault, not its field.
const Block = z
  .looseObject({ type: z.string("expected a block's type, such as text") })
  .transform((value, context): Block => {
    const schema = Object.hasOwn(BLOCKS, value.type) ? BLOCKS[value.type] : undefined;
    if (!schema) return { type: "other", value };
    const result = schema.safeParse(value);
    if (result.success) return result.data as Block;
    for (const { message, path } of result.error.issues) {
      context.addIssue({ code: "custom", message, path: [...path] });
    }
    return z.NEVER;
  });

const asBlocks = (value: unknown): unknown =>
  typeof value === "string" ? [{ type: "text", text: value }] : value;

/** A string is one text block: so a block at fault keeps its own path in the error. */
const Blocks: z.ZodType<Block[]> = z.preprocess(
  asBlocks,
  z.array(Block, "expected a string or an array of content blocks"),
);
const SystemBlocks = z.preprocess(
  asBlocks,
  z.array(TextBlock, "expected a string or an array of text blocks"),
);

const Message = z.looseObject({
  role: z.enum(["user", "assistant", "system"], "expected user, assistant or system"),
  content: Blocks,
});
export type WireMessage = z.infer<typeof Message>;

const CustomTool = z.looseObject({
  type: z.literal("custom").nullish(),
  name: z.string().min(1),
  description: z.string().nullish(),
  input_schema: z.record(z.string(), z.unknown()),
  strict: z.boolean().nullish(),
  ...marked,
});
export type CustomTool = z.infer<typeof CustomTool>;
/** A tool that Anthropic defines, named by its version: `web_search_20250305`. */
export type ServerTool = Readonly<Record<string, unknown>> & { readonly type: string };

const Tool = z
  .looseObject({ type: z.string().nullish() })
  .transform((value, context): CustomTool | ServerTool => {
    if (value.type != null && value.type !== "custom") return { ...value, type: value.type };
    const result = CustomTool.safeParse(value);
    if (result.success) return result.data;
    for (const { message, path } of result.error.issues) {
      context.addIssue({ code: "custom", message, path: [...path] });
    }
    return z.NEVER;
  });

const ToolChoice = z.looseObject({
  type: z.enum(["auto", "any", "tool", "none"], "expected auto, any, tool or none"),
  name: z.string().nullish().describe("with type tool: which"),
  disable_parallel_tool_use: z.boolean().nullish(),
});

const Thinking = z.looseObject({
  type: z.string().describe("enabled, adaptive or disabled"),
  budget_tokens: z.int().min(1).nullish().describe("with type enabled: the most to think"),
  display: z.string().nullish(),
});

const Format = z.looseObject({
  type: z.literal("json_schema"),
  schema: z.record(z.string(), z.unknown()),
});

const prompt = {
  model: z.string().min(1).describe("a model name from weir.yaml"),
  messages: z.array(Message).min(1, "messages must have at least one message"),
  system: SystemBlocks.nullish(),
  tools: z.array(Tool).nullish(),
  tool_choice: ToolChoice.nullish(),
  thinking: Thinking.nullish(),
  output_config: z
    .looseObject({ effort: z.string().nullish(), format: Format.nullish() })
    .nullish(),
  output_format: Format.nullish().describe("the older place of output_config.format"),
};

/** What `POST /v1/messages` takes. */
export const AnthropicMessagesBody = z.looseObject({
  ...prompt,
  max_tokens: z
    .int("max_tokens must be a whole number")
    .min(1, "max_tokens must be at least 1")
    .describe("required by this protocol"),
  stream: z.boolean().nullish(),
  stop_sequences: z.array(z.string()).max(16).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  top_k: z.int().min(0).nullish(),
  metadata: z.looseObject({ user_id: z.string().nullish() }).nullish(),
});
export type AnthropicMessagesBody = z.infer<typeof AnthropicMessagesBody>;

/** What `POST /v1/messages/count_tokens` takes. */
export const AnthropicCountTokensBody = z.looseObject(prompt);
export type AnthropicCountTokensBody = z.infer<typeof AnthropicCountTokensBody>;
