import { type Json, type Reply, numberOf, ok } from "../call.ts";
import { Refused } from "../kind.ts";

/** Embeddings in OpenAI's format, as numbers or as base64 of little-endian floats; `more` is added. */
export function embeddings(
  body: Json,
  headers: Readonly<Record<string, string>> = {},
  more: Json = {},
): Reply {
  const inputs = inputsOf(body["input"]);
  if (inputs.length === 0)
    throw new Refused(400, "Missing required parameter: 'input'.", {
      param: "input",
      code: "missing_required_parameter",
    });
  const vector = vectorOf(numberOf(body["dimensions"]) ?? 3);
  const embedding = body["encoding_format"] === "base64" ? asBase64(vector) : vector;
  return ok(
    {
      ...more,
      object: "list",
      model: body["model"],
      data: inputs.map((_, index) => ({ object: "embedding", index, embedding })),
      usage: { prompt_tokens: inputs.length, total_tokens: inputs.length },
    },
    headers,
  );
}

/** A vector of length one. */
export function vectorOf(dimensions: number): number[] {
  return Array.from({ length: dimensions }, (_, index) => [0.6, 0.8][index] ?? 0);
}

/** A list of texts, one text, a list of tokens (one input), or lists of tokens. */
function inputsOf(input: unknown): unknown[] {
  if (typeof input === "string") return [input];
  if (!Array.isArray(input)) return [];
  return typeof input[0] === "number" ? [input] : input;
}

function asBase64(vector: readonly number[]): string {
  return Buffer.from(Float32Array.from(vector).buffer).toString("base64");
}
