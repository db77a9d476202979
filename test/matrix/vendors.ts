import type { MockUpstream, SeenCall } from "../../src/cli/mock/upstream.ts";
import { objectOf, textOf } from "./client.ts";

/** The providers of the matrix: where each is, what it can, and where its API has what was asked. */
export interface Vendor {
  readonly name: string;
  /** The model's name there. */
  readonly model: string;
  /** Another one, where the first knows no completions. */
  readonly textModel?: string;
  /** Fields of its target in weir.yaml beside url and model. */
  readonly target?: string;
  /** The key that its double wants. */
  readonly apiKey?: string;
  /** A field of its answers that Weir does not know, where it has one. */
  readonly answerField?: string;
  /** Gives a text for its thoughts, or counts them only, or has none. */
  readonly thoughts: "shown" | "counted" | "none";
  /** Its proof of a thought, which must come back with the thought. */
  readonly signature?: string;
  /** The same where it is asked by the Responses API. */
  readonly sealed?: string;
  /** Whether an earlier thought's text goes back to it. */
  readonly rereads?: boolean;
}

const KEY = "mock-key";
const KEYED = { target: "apiKeyEnv: MOCK_KEY", apiKey: KEY };
const base64 = (text: string) => Buffer.from(text).toString("base64");

export const EMBEDDED = "llama";

export const VENDORS: readonly Vendor[] = [
  {
    name: "openai",
    model: "gpt-5",
    textModel: "gpt-3.5-turbo-instruct",
    ...KEYED,
    answerField: "service_tier",
    thoughts: "counted",
    sealed: base64("mock encrypted thought"),
  },
  {
    name: "azure-openai",
    model: "my-gpt-5",
    ...KEYED,
    answerField: "content_filter_results",
    thoughts: "counted",
  },
  { name: "openai-compatible", model: "local-model", ...KEYED, thoughts: "shown", rereads: true },
  {
    name: "vllm",
    model: "mock",
    ...KEYED,
    answerField: "token_ids",
    thoughts: "shown",
    rereads: true,
  },
  {
    name: "sglang",
    model: "mock",
    ...KEYED,
    answerField: "matched_stop",
    thoughts: "shown",
    rereads: true,
  },
  {
    name: "llama-server",
    model: "mock",
    ...KEYED,
    answerField: "timings",
    thoughts: "shown",
    rereads: true,
  },
  { name: "ollama", model: "llama3.2", ...KEYED, thoughts: "shown", rereads: true },
  { name: "tgi", model: "mock/tgi-model", ...KEYED, thoughts: "none" },
  {
    name: "anthropic",
    model: "claude-sonnet-4-5",
    ...KEYED,
    answerField: "cache_creation",
    thoughts: "shown",
    rereads: true,
    signature: base64("mock signature of a thought"),
  },
  {
    name: "gemini",
    model: "gemini-3-flash-preview",
    ...KEYED,
    thoughts: "shown",
    signature: base64("mock thought signature"),
  },
  {
    name: "bedrock",
    model: "anthropic.claude-sonnet-4-5-20250929-v1:0",
    target: "region: us-east-1",
    apiKey: "AKIDMOCK:mock-secret",
    thoughts: "shown",
    rereads: true,
    signature: base64("mock signature of a thought"),
  },
  { name: "mistral", model: "mistral-small-latest", ...KEYED, thoughts: "shown", rereads: true },
  {
    name: "groq",
    model: "llama-3.3-70b-versatile",
    ...KEYED,
    answerField: "x_groq",
    thoughts: "shown",
    rereads: true,
  },
  {
    name: "together",
    model: "meta-llama/Llama-3.3-70B-Instruct-Turbo",
    ...KEYED,
    answerField: "seed",
    thoughts: "shown",
    rereads: true,
  },
  {
    name: "openrouter",
    model: "mock/model",
    ...KEYED,
    answerField: "native_finish_reason",
    signature: base64("mock signature of a routed thought"),
    thoughts: "shown",
    rereads: true,
  },
  { name: EMBEDDED, model: "demo", thoughts: "none" },
];

/** What the keys of the targets are called in the environment. */
export const ENVIRONMENT = {
  MOCK_KEY: KEY,
  AWS_ACCESS_KEY_ID: "AKIDMOCK",
  AWS_SECRET_ACCESS_KEY: "mock-secret",
};

/** The faults that each vendor has a model for, called `VENDOR-FAULT`. */
const FAULTS = ["429", "500", "401", "mid-error"];

/** The models of weir.yaml: each vendor's own, and one for each of its faults. */
export function configOf(
  vendors: readonly Vendor[],
  doubles: ReadonlyMap<string, MockUpstream>,
): string {
  const lines = vendors.flatMap(({ name, model, textModel, target }) => {
    const double = doubles.get(name);
    if (!double) return [`  ${name}: { targets: [{ provider: llama, file: demo }] }`];
    const row = (called: string, upstream: string, ...more: string[]) => {
      const fields = [`provider: ${name}`, `url: "${double.url}"`, `model: "${upstream}"`, ...more];
      if (target !== undefined) fields.push(target);
      return `  ${called}: { targets: [{ ${fields.join(", ")} }] }`;
    };
    return [
      row(name, model),
      row(`${name}-text`, textModel ?? model),
      // Some are not told the model's name: their doubles hear of the fault by a header.
      ...FAULTS.map((fault) =>
        row(`${name}-${fault}`, "mock", `headers: { x-mock-fault: "${fault}" }`),
      ),
    ];
  });
  return `models:\n${lines.join("\n")}\n`;
}

/** A generation as the vendor's double got it, at the vendor's own places. */
export interface Seen {
  readonly model: unknown;
  readonly system: unknown;
  readonly temperature: unknown;
  readonly stop: unknown;
  readonly maxTokens: unknown;
  readonly tools: readonly unknown[];
  readonly prompt: unknown;
  readonly body: Readonly<Record<string, unknown>>;
}

function objectsOf(value: unknown): Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.map(objectOf) : [];
}

/** Reads a request as the vendor's documentation describes it. */
export function seenBy(vendor: string, call: SeenCall): Seen {
  const body = objectOf(call.body);
  const path = decodeURIComponent(call.path);
  switch (vendor) {
    case "anthropic":
      return seenByAnthropic(body);
    case "gemini":
      return seenByGemini(path, body);
    case "bedrock":
      return seenByBedrock(path, body);
    case "ollama":
      return seenByOllama(body);
  }
  if (vendor === "tgi" && path.startsWith("/generate")) return seenByTgi(body);
  if (path.includes("/responses")) return seenByResponses(body);
  const messages = objectsOf(body["messages"]);
  const [first] = messages;
  return {
    model: vendor === "azure-openai" ? /\/deployments\/([^/]+)\//.exec(path)?.[1] : body["model"],
    system: ["system", "developer"].includes(textOf(first?.["role"])) ? first?.["content"] : "",
    temperature: body["temperature"],
    stop: body["stop"],
    maxTokens:
      body[
        /^(openai|azure-openai|groq)$/.test(vendor) && messages.length > 0
          ? "max_completion_tokens"
          : "max_tokens"
      ],
    tools: objectsOf(body["tools"]).map(({ function: tool }) => objectOf(tool)["name"]),
    prompt: body["prompt"] ?? messages.at(-1)?.["content"],
    body,
  };
}

function seenByResponses(body: Seen["body"]): Seen {
  return {
    model: body["model"],
    system: body["instructions"],
    temperature: body["temperature"],
    stop: undefined, // it has none
    maxTokens: body["max_output_tokens"],
    tools: objectsOf(body["tools"]).map(({ name }) => name),
    prompt: body["input"],
    body,
  };
}

function seenByAnthropic(body: Seen["body"]): Seen {
  const { system } = body;
  return {
    model: body["model"],
    system: typeof system === "string" ? system : objectsOf(system)[0]?.["text"],
    temperature: body["temperature"],
    stop: body["stop_sequences"],
    maxTokens: body["max_tokens"],
    tools: objectsOf(body["tools"]).map(({ name }) => name),
    prompt: objectsOf(body["messages"]).at(-1)?.["content"],
    body,
  };
}

function seenByGemini(path: string, body: Seen["body"]): Seen {
  const config = objectOf(body["generationConfig"]);
  const [tools] = objectsOf(body["tools"]);
  return {
    model: /\/models\/([^:]+):/.exec(path)?.[1],
    system: objectsOf(objectOf(body["systemInstruction"])["parts"])[0]?.["text"],
    temperature: config["temperature"],
    stop: config["stopSequences"],
    maxTokens: config["maxOutputTokens"],
    tools: objectsOf(tools?.["functionDeclarations"]).map(({ name }) => name),
    prompt: objectsOf(objectsOf(body["contents"]).at(-1)?.["parts"])[0]?.["text"],
    body,
  };
}

function seenByBedrock(path: string, body: Seen["body"]): Seen {
  const config = objectOf(body["inferenceConfig"]);
  const { tools } = objectOf(body["toolConfig"]);
  return {
    model: /\/model\/(.+)\/converse/.exec(path)?.[1],
    system: objectsOf(body["system"])[0]?.["text"],
    temperature: config["temperature"],
    stop: config["stopSequences"],
    maxTokens: config["maxTokens"],
    tools: objectsOf(tools).map(({ toolSpec }) => objectOf(toolSpec)["name"]),
    prompt: objectsOf(objectsOf(body["messages"]).at(-1)?.["content"])[0]?.["text"],
    body,
  };
}

function seenByOllama(body: Seen["body"]): Seen {
  const options = objectOf(body["options"]);
  const messages = objectsOf(body["messages"]);
  return {
    model: body["model"],
    system: messages[0]?.["role"] === "system" ? messages[0]["content"] : "",
    temperature: options["temperature"],
    stop: options["stop"],
    maxTokens: options["num_predict"],
    tools: objectsOf(body["tools"]).map(({ function: tool }) => objectOf(tool)["name"]),
    prompt: body["prompt"] ?? messages.at(-1)?.["content"],
    body,
  };
}

/** A server of one model: nobody names it. */
function seenByTgi(body: Seen["body"]): Seen {
  const parameters = objectOf(body["parameters"]);
  return {
    model: "mock/tgi-model",
    system: "",
    temperature: parameters["temperature"],
    stop: parameters["stop"],
    maxTokens: parameters["max_new_tokens"],
    tools: [],
    prompt: body["inputs"],
    body,
  };
}

/** Every string in a JSON value, and every object. */
export function walk(value: unknown, visit: (part: unknown) => void): void {
  visit(value);
  if (typeof value !== "object" || value === null) return;
  for (const part of Object.values(value)) walk(part, visit);
}
