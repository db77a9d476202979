import type { UpstreamDialect } from "../upstream-dialect.ts";
import { createAnswerReader } from "./upstream-answer.ts";
import { toPath, toUpstreamBody } from "./upstream-body.ts";

/** Google's Gemini API as an upstream, below a base that ends in `/v1beta`. */
export const geminiUpstream: UpstreamDialect = {
  dialect: "gemini",
  framing: "sse",
  path: toPath,
  body: toUpstreamBody,
  reader: createAnswerReader,
};
