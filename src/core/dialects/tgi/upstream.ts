import type { UpstreamDialect } from "../upstream-dialect.ts";
import { createAnswerReader } from "./upstream-answer.ts";
import { toUpstreamBody } from "./upstream-body.ts";

/** Text Generation Inference by its own routes, below its root: completions only. */
export const tgiGenerateUpstream: UpstreamDialect = {
  dialect: "tgi",
  framing: "sse",
  path: ({ stream }) => (stream ? "/generate_stream" : "/generate"),
  body: toUpstreamBody,
  reader: createAnswerReader,
};
