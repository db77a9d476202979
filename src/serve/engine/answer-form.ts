/** How a model writes what is not plain text, as its chat template shows. */
export interface AnswerForm {
  /** How it calls tools: in tags, as one JSON object, or as a JSON array. */
  readonly calls: "tags" | "object" | "array";
  /** What it names a call's arguments. */
  readonly argumentsName: "arguments" | "parameters";
  /** Whether it thinks between `<think>` and `</think>`. */
  readonly thinks: boolean;
}

/** The text that begins and ends a call in tags: Hermes', Qwen's and many others' way. */
export const CALL_TAGS = ["<tool_call>", "</tool_call>"] as const;
export const THINK_TAGS = ["<think>", "</think>"] as const;

/** Reads the form from a template's source. */
export function answerFormOf(source: string): AnswerForm {
  // Llama 3's templates speak of an ipython environment, and of parameters.
  const isLlama = /ipython|python_tag/.test(source) && /"parameters"/.test(source);
  const calls = source.includes(CALL_TAGS[0])
    ? "tags"
    : source.includes("[TOOL_CALLS]")
      ? "array"
      : "object";
  return {
    calls,
    argumentsName: isLlama ? "parameters" : "arguments",
    thinks: source.includes(THINK_TAGS[1]),
  };
}
