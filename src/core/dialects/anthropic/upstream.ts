import type { UpstreamDialect } from "../upstream-dialect.ts";
import { createAnswerReader } from "./upstream-answer.ts";
import { toUpstreamBody } from "./upstream-body.ts";

/** Anthropic's Messages API as an upstream, below a base that ends in `/v1`. */
export const anthropicUpstream: UpstreamDialect = {
  dialect: "anthropic-messages",
  framing: "sse",
  path: () => "/messages",
  body: toUpstreamBody,
  reader: createAnswerReader,
};
