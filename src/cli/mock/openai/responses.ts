import { type Ask, PLAIN_ASK, type Script, fragmentsOf, textOf, think } from "../brain.ts";
import {
  type Frame,
  type Json,
  isBase64,
  numberOf,
  objectOf,
  objectsOf,
  ok,
  sse,
  stringOf,
  stringsOf,
} from "../call.ts";
import { type MockOptions, Refused, type Route, generation } from "../kind.ts";
import { OPENAI } from "./dialect.ts";

/** `POST /v1/responses`: output items whole, or as typed events with sequence numbers. */
export function responsesRoute(options: MockOptions): Route {
  return generation(/\/responses$/, ({ body }) => {
    if (body["input"] === undefined)
      throw new Refused(400, "Missing required parameter: 'input'.", {
        param: "input",
        code: "missing_required_parameter",
      });
    const script = think(askOfResponses(body), options);
    if (body["stream"] !== true) return ok(responseOf(body, script, "completed"), OPENAI.headers);
    const failed = { type: "error", code: "server_error", message: "mock failure", param: null };
    return {
      headers: OPENAI.headers,
      format: {
        contentType: "text/event-stream; charset=utf-8",
        error: sse({ ...failed, sequence_number: 99 }, "error"),
        malformed: "event: response.created\ndata: {not json\n\n",
      },
      frames: framesOf(body, script),
    };
  });
}

function askOfResponses(body: Json): Ask {
  const input = objectsOf(body["input"]);
  checkThoughts(input, body);
  const format = objectOf(objectOf(body["text"])["format"]);
  const choice = body["tool_choice"];
  const named = stringOf(objectOf(choice)["name"]);
  const images = input
    .flatMap(({ content }) => objectsOf(content))
    .filter(({ type }) => type === "input_image");
  for (const { image_url: url } of images) {
    const [, data] = /^data:image\/[a-z+.-]+;base64,(.*)$/s.exec(String(url)) ?? [];
    if (data === undefined ? !/^https?:/.test(String(url)) : !isBase64(data))
      throw new Refused(400, "Invalid 'input[0].content[0].image_url'.", {
        code: "invalid_image_url",
        param: "input",
      });
  }
  return {
    ...PLAIN_ASK,
    model: stringOf(body["model"]) ?? "",
    characters: JSON.stringify([body["instructions"] ?? "", body["input"]]).length,
    tools: objectsOf(body["tools"])
      .filter(({ type }) => type === "function")
      .map(({ name, parameters }) => ({ name: String(name), schema: parameters })),
    toolChoice:
      named === undefined
        ? choice === "none" || choice === "required"
          ? choice
          : "auto"
        : { name: named },
    parallelAllowed: body["parallel_tool_calls"] !== false,
    lastIsToolResult: input.at(-1)?.["type"] === "function_call_output",
    ...(format["type"] === "json_schema" ? { schema: format["schema"] } : {}),
    ...(format["type"] === "json_object" ? { schema: true } : {}),
    images: images.length,
    wantsReasoning: body["reasoning"] != null,
    maxTokens: numberOf(body["max_output_tokens"]),
  };
}

function responseOf(body: Json, script: Script, status: "in_progress" | "completed"): Json {
  const isDone = status === "completed";
  const isCut = isDone && script.finish === "length";
  const { input, output, cached, reasoning } = script.usage;
  return {
    id: "resp_mock",
    object: "response",
    created_at: 1_700_000_000,
    status: isCut ? "incomplete" : status,
    background: false,
    error: null,
    incomplete_details: isCut ? { reason: "max_output_tokens" } : null,
    instructions: body["instructions"] ?? null,
    max_output_tokens: body["max_output_tokens"] ?? null,
    model: body["model"],
    output: isDone ? itemsOf(body, script) : [],
    parallel_tool_calls: body["parallel_tool_calls"] ?? true,
    previous_response_id: body["previous_response_id"] ?? null,
    reasoning: { effort: null, summary: null, ...objectOf(body["reasoning"]) },
    service_tier: "default",
    store: body["store"] ?? true,
    temperature: body["temperature"] ?? 1,
    text: body["text"] ?? { format: { type: "text" } },
    tool_choice: body["tool_choice"] ?? "auto",
    tools: body["tools"] ?? [],
    top_p: body["top_p"] ?? 1,
    truncation: "disabled",
    usage: isDone
      ? {
          input_tokens: input,
          input_tokens_details: { cached_tokens: cached, cache_write_tokens: 0 },
          output_tokens: output,
          output_tokens_details: { reasoning_tokens: reasoning },
          total_tokens: input + output,
        }
      : null,
    user: null,
    metadata: body["metadata"] ?? {},
  };
}

function itemsOf(body: Json, script: Script): Json[] {
  const wantsSummary = objectOf(body["reasoning"])["summary"] !== undefined;
  const summary = wantsSummary ? [{ type: "summary_text", text: script.reasoning.join("") }] : [];
  const sealed = wants(body, "reasoning.encrypted_content") ? { encrypted_content: SEALED } : {};
  const reasoning = { id: "rs_mock", type: "reasoning", summary, ...sealed };
  const message = {
    id: "msg_mock",
    type: "message",
    status: script.finish === "length" ? "incomplete" : "completed",
    role: "assistant",
    content: [outputText(textOf(script), logprobsOf(body, script.pieces), searches(body))],
  };
  const calls = script.toolCalls.map(({ id, name, arguments: text }, index) => ({
    id: `fc_mock_${index}`,
    type: "function_call",
    status: "completed",
    call_id: id,
    name,
    arguments: text,
  }));
  const said = calls.length > 0 ? calls : [message];
  const searched = searches(body) && calls.length === 0 ? [SEARCH, ...said] : said;
  return script.reasoning.length > 0 ? [reasoning, ...searched] : searched;
}

/** What a hosted tool leaves behind: an item of its own, and a citation in the text. */
const SEARCH: Json = {
  id: "ws_mock",
  type: "web_search_call",
  status: "completed",
  action: { type: "search", query: "mock" },
};
const CITATION: Json = {
  type: "url_citation",
  url: "https://example.com/weir",
  title: "Weirs",
  start_index: 0,
  end_index: 4,
};

function searches(body: Json): boolean {
  return objectsOf(body["tools"]).some(({ type }) => String(type).startsWith("web_search"));
}

function* framesOf(body: Json, script: Script): Generator<Frame> {
  let count = 0;
  const event = (type: string, data: Json, hasContent = false): Frame => {
    const bytes = sse({ type, sequence_number: count, ...data }, type);
    count += 1;
    return { bytes, hasContent };
  };
  const started = responseOf(body, script, "in_progress");
  yield event("response.created", { response: started });
  yield event("response.in_progress", { response: started });
  for (const [index, item] of itemsOf(body, script).entries()) {
    const at = { output_index: index };
    const empty =
      item["type"] === "message"
        ? { content: [] }
        : item["type"] === "reasoning"
          ? { summary: [] }
          : item["type"] === "function_call"
            ? { arguments: "" }
            : {};
    yield event("response.output_item.added", {
      ...at,
      item: { ...item, ...empty, ...(item["status"] ? { status: "in_progress" } : {}) },
    });
    for (const [type, data] of insideOf(item, script, body))
      yield event(type, { item_id: item["id"], ...at, ...data }, type.endsWith(".delta"));
    yield event("response.output_item.done", { ...at, item });
  }
  const type = script.finish === "length" ? "response.incomplete" : "response.completed";
  yield event(type, { response: responseOf(body, script, "completed") });
}

/** The events between an item's start and its end. */
function* insideOf(item: Json, script: Script, body: Json): Generator<[string, Json]> {
  if (item["type"] === "message") {
    const at = { content_index: 0 };
    const text = textOf(script);
    yield ["response.content_part.added", { ...at, part: outputText("") }];
    for (const delta of script.pieces)
      yield ["response.output_text.delta", { ...at, delta, logprobs: logprobsOf(body, [delta]) }];
    const logprobs = logprobsOf(body, script.pieces);
    if (searches(body)) {
      const noted = { annotation_index: 0, annotation: CITATION };
      yield ["response.output_text.annotation.added", { ...at, ...noted }];
    }
    yield ["response.output_text.done", { ...at, text, logprobs }];
    const part = outputText(text, logprobs, searches(body));
    yield ["response.content_part.done", { ...at, part }];
  } else if (item["type"] === "function_call") {
    const text = String(item["arguments"]);
    for (const delta of fragmentsOf(text))
      yield ["response.function_call_arguments.delta", { delta }];
    yield ["response.function_call_arguments.done", { name: item["name"], arguments: text }];
  } else if (item["type"] === "reasoning") {
    const [part] = objectsOf(item["summary"]);
    if (part === undefined) return;
    const at = { summary_index: 0 };
    yield ["response.reasoning_summary_part.added", { ...at, part: { ...part, text: "" } }];
    for (const delta of script.reasoning)
      yield ["response.reasoning_summary_text.delta", { ...at, delta }];
    yield ["response.reasoning_summary_text.done", { ...at, text: part["text"] }];
    yield ["response.reasoning_summary_part.done", { ...at, part }];
  }
}

function outputText(text: string, logprobs: readonly Json[] = [], isCited = false): Json {
  return { type: "output_text", text, annotations: isCited ? [CITATION] : [], logprobs };
}

function wants({ include }: Json, what: string): boolean {
  return stringsOf(include).includes(what);
}

function logprobsOf(body: Json, pieces: readonly string[]): Json[] {
  if (!wants(body, "message.output_text.logprobs")) return [];
  return pieces.map((token) => ({
    token,
    logprob: -0.25,
    bytes: [...Buffer.from(token)],
    top_logprobs: [],
  }));
}

/** What only this server can open again. */
const SEALED = Buffer.from("mock encrypted thought").toString("base64");

/** Thoughts come back as they went, or by the id of an answer that was stored. */
function checkThoughts(input: readonly Json[], { store }: Json): void {
  for (const { type, id, encrypted_content: sealed } of input) {
    if (type !== "reasoning") continue;
    if (sealed != null && sealed !== SEALED)
      throw new Refused(
        400,
        `The encrypted content for item ${String(id)} could not be verified.`,
        {
          code: "invalid_encrypted_content",
        },
      );
    if (sealed == null && store === false)
      throw new Refused(
        404,
        `Item with id '${String(id)}' not found. Items are not persisted when \`store\` is set to false.`,
        { param: "input" },
      );
  }
}
