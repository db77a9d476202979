import type { Origin } from "../../core/call.ts";
import type { Detector, Finding } from "../detector.ts";
import { linePlaceOf, readingsOf } from "../normalize/readings.ts";
import { createLiteralFinder } from "./literal-finder.ts";

const NAME = "injection.role_tokens";

/**
 * Tokens by which models' templates part roles and turns, as readings spell them: in small letters, and
 * with the plain forms of DeepSeek's wide bars.
 */
const TOKENS: readonly string[] = [
  // ChatML: Qwen, Hermes, SmolLM
  "<|im_start|>",
  "<|im_end|>",
  "<|im_sep|>",
  // Llama 3 and 4
  "<|begin_of_text|>",
  "<|start_header_id|>",
  "<|end_header_id|>",
  "<|header_start|>",
  "<|header_end|>",
  "<|eot_id|>",
  "<|eom_id|>",
  "<|eot|>",
  "<|python_tag|>",
  // Llama 2, Mistral
  "[inst]",
  "[/inst]",
  "<<sys>>",
  "<</sys>>",
  "[system_prompt]",
  "[/system_prompt]",
  "[available_tools]",
  "[tool_calls]",
  "[tool_results]",
  // Gemma
  "<start_of_turn>",
  "<end_of_turn>",
  // DeepSeek
  "<|begin\u2581of\u2581sentence|>",
  "<|end\u2581of\u2581sentence|>",
  "<|tool\u2581calls\u2581begin|>",
  "<|tool\u2581outputs\u2581begin|>",
  // DeepSeek, Phi, Zephyr, GLM
  "<|system|>",
  "<|user|>",
  "<|assistant|>",
  "<|observation|>",
  "<|end|>",
  "<|endoftext|>",
  // Harmony (gpt-oss)
  "<|start|>",
  "<|channel|>",
  "<|message|>",
  "<|call|>",
  "<|return|>",
  "<|constrain|>",
  // Command R
  "<|start_of_turn_token|>",
  "<|end_of_turn_token|>",
  "<|system_token|>",
  "<|chatbot_token|>",
  // Granite
  "<|start_of_role|>",
  "<|end_of_role|>",
];

/** What the finder knows are ASCII texts: DeepSeek's blocks stand for any character. */
const FINDER = createLiteralFinder([
  "<|",
  "[inst]",
  "[/inst]",
  "<<sys",
  "<</sys",
  "[system_prompt]",
  "[/system",
  "[available_tools]",
  "[tool_",
  "_of_turn>",
  "human:",
  "assistant:",
  "system",
  "### ",
  '"role"',
  "'role'",
]);

/** A token followed by a role, or a turn that is whole: nobody writes about tokens in this way. */
const TURN =
  /<\|im_start\|>\s{0,4}(?:system|user|assistant|developer|tool)\b|<\|(?:start_header_id|header_start|start_of_role|start)\|>\s{0,4}(?:system|user|assistant|developer|ipython|tool)\b|<start_of_turn>\s{0,4}(?:user|model|system)\b|<\|(?:system|assistant|user)\|>\s{0,4}\n|<<sys>>\s{0,4}[^\s<]|\[inst\]\s{0,4}[^\s[\]]|<\|channel\|>(?:analysis|commentary|final)|<\|start_of_turn_token\|><\|/;

/** Turns that are only written as such: people paste chats, too. */
const WRITTEN: readonly [pattern: RegExp, confidence: number][] = [
  [/\n[ \t]{0,4}\n[ \t]{0,4}(?:system|developer) ?:[ \t]{0,4}\S/, 0.6],
  [/\n[ \t]{0,4}\n[ \t]{0,4}human:[ \t]{0,4}[^\n]{0,400}\n[ \t\n]{0,8}assistant:/, 0.5],
  [
    /(?:^|\n)[ \t]{0,4}<\/?(?:system|system[_-]prompt|system[_-]message|developer[_-]message)>/,
    0.6,
  ],
  [
    /(?:^|\n)#{2,4} ?(?:system|new instructions?|system prompt|system message) ?:?[ \t]{0,4}\n/,
    0.6,
  ],
  [/["']role["']\s{0,4}:\s{0,4}["'](?:system|developer)["']/, 0.4],
];

/**
 * Forged turns: tokens of chat templates (ChatML, Llama, Mistral, Gemma, DeepSeek, Qwen, Phi, Harmony,
 * Command R, Granite), and turns written as text, in what a user or a document says. Looks at every
 * reading of the text, hidden ones too. A whole forged turn counts 0.9; a token alone 0.85 in documents,
 * where it has no business, and 0.7 from users, who may ask about it. Any language; one pass a reading.
 */
export const roleTokens: Detector = {
  name: NAME,
  category: "injection",
  inspect(text, origin = "user") {
    for (const reading of readingsOf(text)) {
      const { lines } = reading;
      if (!mayHoldAny(lines)) continue;
      const found = strongest(lines, origin);
      if (!found) continue;
      const place = linePlaceOf(reading, found.start, found.end);
      return [{ detector: NAME, category: "injection", confidence: found.confidence, ...place }];
    }
    return [];
  },
};

function mayHoldAny(lines: string): boolean {
  let isAny = false;
  FINDER.each(lines, () => (isAny = true));
  return isAny;
}

function strongest(
  lines: string,
  origin: Origin,
): Pick<Finding, "start" | "end" | "confidence"> | undefined {
  const turn = TURN.exec(lines);
  if (turn) return { start: turn.index, end: turn.index + turn[0].length, confidence: 0.9 };
  for (const token of TOKENS) {
    const start = lines.indexOf(token);
    if (start < 0) continue;
    const confidence = origin === "user" ? 0.7 : 0.85;
    return { start, end: start + token.length, confidence };
  }
  for (const [pattern, confidence] of WRITTEN) {
    const hit = pattern.exec(lines);
    if (hit) return { start: hit.index, end: hit.index + hit[0].length, confidence };
  }
  return undefined;
}
