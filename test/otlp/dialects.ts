/** What instrumentation libraries write on a model call's span, each in its own words. */
import type { Attributes } from "@opentelemetry/api";

/** The GenAI conventions of 2026: content as JSON on the span. */
export const GENAI: Attributes = {
  "gen_ai.operation.name": "chat",
  "gen_ai.provider.name": "openai",
  "gen_ai.request.model": "gpt-5-mini",
  "gen_ai.response.model": "gpt-5-mini-2026-01-01",
  "gen_ai.response.finish_reasons": ["stop"],
  "gen_ai.request.temperature": 0.2,
  "gen_ai.request.stream": true,
  "gen_ai.conversation.id": "thread-1",
  "gen_ai.prompt.name": "greeter",
  "gen_ai.prompt.version": "7",
  "gen_ai.usage.input_tokens": 120,
  "gen_ai.usage.output_tokens": 45,
  "gen_ai.usage.cache_read.input_tokens": 100,
  "gen_ai.usage.reasoning.output_tokens": 30,
  "gen_ai.response.time_to_first_chunk": 0.25,
  "server.address": "api.openai.com",
  "gen_ai.system_instructions": '[{"type":"text","content":"Be brief."}]',
  "gen_ai.input.messages": JSON.stringify([
    { role: "user", parts: [{ type: "text", content: "Weather in Oslo?" }] },
    {
      role: "assistant",
      parts: [{ type: "tool_call", id: "c1", name: "weather", arguments: { city: "Oslo" } }],
    },
    { role: "tool", parts: [{ type: "tool_call_response", id: "c1", response: "rain" }] },
  ]),
  "gen_ai.output.messages": JSON.stringify([
    {
      role: "assistant",
      parts: [
        { type: "reasoning", content: "Rain was told." },
        { type: "text", content: "It rains." },
      ],
      finish_reason: "stop",
    },
  ]),
};

/** Before 1.37: numbered attributes, and other names for the same counts. */
export const GENAI_OLD: Attributes = {
  "gen_ai.system": "anthropic",
  "gen_ai.request.model": "claude-3-haiku",
  "gen_ai.prompt.0.role": "system",
  "gen_ai.prompt.0.content": "Be brief.",
  "gen_ai.prompt.1.role": "user",
  "gen_ai.prompt.1.content": "Hi",
  "gen_ai.completion.0.role": "assistant",
  "gen_ai.completion.0.content": "Hello",
  "gen_ai.completion.0.finish_reason": "end_turn",
  "gen_ai.completion.0.tool_calls.0.id": "t1",
  "gen_ai.completion.0.tool_calls.0.name": "wave",
  "gen_ai.completion.0.tool_calls.0.arguments": '{"hand":"left"}',
  "gen_ai.usage.prompt_tokens": 12,
  "gen_ai.usage.completion_tokens": 3,
};

export const OPENINFERENCE: Attributes = {
  "openinference.span.kind": "LLM",
  "llm.model_name": "gpt-4o",
  "llm.provider": "openai",
  "llm.invocation_parameters": '{"temperature":0.7}',
  "llm.input_messages.0.message.role": "user",
  "llm.input_messages.0.message.contents.0.message_content.type": "text",
  "llm.input_messages.0.message.contents.0.message_content.text": "What is this?",
  "llm.input_messages.0.message.contents.1.message_content.type": "image",
  "llm.input_messages.0.message.contents.1.message_content.image.image.url": "https://x/y.png",
  "llm.output_messages.0.message.role": "assistant",
  "llm.output_messages.0.message.content": "A weir.",
  "llm.output_messages.0.message.tool_calls.0.tool_call.id": "t9",
  "llm.output_messages.0.message.tool_calls.0.tool_call.function.name": "show",
  "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments": "{}",
  "llm.token_count.prompt": 900,
  "llm.token_count.completion": 4,
  "llm.token_count.total": 904,
  "llm.token_count.prompt_details.cache_read": 512,
  "llm.cost.total": 0.0025,
  "session.id": "s-1",
  "user.id": "ann",
  metadata: '{"team":"blue","nested":{"a":1}}',
  "tag.tags": ["beta", "eu"],
  "input.value": "not looked at",
};

export const OPENLLMETRY: Attributes = {
  "traceloop.span.kind": "workflow",
  "traceloop.entity.name": "answer_question",
  "traceloop.workflow.name": "answer_question",
  "traceloop.entity.input": '{"args":[],"kwargs":{"question":"Why?"}}',
  "traceloop.entity.output": '"Because."',
  "traceloop.association.properties.user_id": "ben",
  "traceloop.association.properties.session_id": "s-2",
  "traceloop.association.properties.plan": "gold",
};

export const OPENLLMETRY_MODEL: Attributes = {
  "llm.request.type": "chat",
  "gen_ai.system": "OpenAI",
  "gen_ai.request.model": "gpt-4o-mini",
  "gen_ai.prompt.0.role": "user",
  "gen_ai.prompt.0.content": "Why?",
  "gen_ai.completion.0.role": "assistant",
  "gen_ai.completion.0.content": "Because.",
  "gen_ai.completion.0.finish_reason": "stop",
  "gen_ai.usage.input_tokens": 5,
  "gen_ai.usage.cache_read_input_tokens": 3,
  "gen_ai.usage.output_tokens": 2,
  "llm.usage.total_tokens": 7,
  "llm.is_streaming": false,
};

export const VERCEL: Attributes = {
  "operation.name": "ai.streamText.doStream checkout",
  "resource.name": "checkout",
  "ai.operationId": "ai.streamText.doStream",
  "ai.model.provider": "openai.chat",
  "ai.model.id": "gpt-4o",
  "ai.telemetry.functionId": "checkout",
  "ai.telemetry.metadata.userId": "cat",
  "ai.telemetry.metadata.sessionId": "s-3",
  "ai.prompt.messages": JSON.stringify([
    { role: "system", content: "Be brief." },
    { role: "user", content: [{ type: "text", text: "Buy" }] },
    {
      role: "assistant",
      content: [{ type: "tool-call", toolCallId: "c2", toolName: "buy", input: { id: 4 } }],
    },
  ]),
  "ai.response.text": "Bought.",
  "ai.response.toolCalls": '[{"toolCallId":"c3","toolName":"pay","input":{"sum":2}}]',
  "ai.response.finishReason": "tool-calls",
  "ai.response.msToFirstChunk": 87.5,
  "ai.usage.inputTokens": 40,
  "ai.usage.outputTokens": 8,
  "ai.usage.cachedInputTokens": 16,
  "gen_ai.system": "openai.chat",
  "gen_ai.request.model": "gpt-4o",
  "gen_ai.usage.input_tokens": 40,
};

export const LANGSMITH: Attributes = {
  "langsmith.span.id": "0199b000-0000-7000-8000-000000000002",
  "langsmith.trace.id": "0199b000-0000-7000-8000-000000000001",
  "langsmith.span.parent_id": "0199b000-0000-7000-8000-000000000001",
  "langsmith.span.dotted_order":
    "20260101T000000000000Z0199b000-0000-7000-8000-000000000001.20260101T000000000001Z0199b000-0000-7000-8000-000000000002",
  "langsmith.span.kind": "llm",
  "langsmith.span.tags": "one, two",
  "langsmith.trace.session_name": "prod",
  "langsmith.metadata.ls_model_name": "gpt-4o",
  "langsmith.metadata.thread_id": "t-4",
  "langsmith.usage_metadata": JSON.stringify({
    input_tokens: 9,
    output_tokens: 1,
    total_tokens: 10,
    input_token_details: { cache_read: 4 },
  }),
  "gen_ai.prompt": '{"messages":[{"role":"user","content":"Hi"}]}',
  "gen_ai.completion": '{"generations":[[{"text":"Hello"}]]}',
};

/** vLLM's span of a request. */
export const VLLM: Attributes = {
  "gen_ai.response.model": "Qwen/Qwen3-8B",
  "gen_ai.request.id": "chatcmpl-1",
  "gen_ai.request.temperature": 0.7,
  "gen_ai.request.max_tokens": 64,
  "gen_ai.request.n": 1,
  "gen_ai.usage.num_sequences": 1,
  "gen_ai.usage.prompt_tokens": 20,
  "gen_ai.usage.completion_tokens": 10,
  "gen_ai.latency.time_in_queue": 0.5,
  "gen_ai.latency.time_to_first_token": 0.75,
  "gen_ai.latency.e2e": 2,
  "gen_ai.latency.time_in_model_prefill": 0.2,
};
