import type { UpstreamDialect } from "../upstream-dialect.ts";
import { createAnswerReader } from "./upstream-answer.ts";
import { toPath, toUpstreamBody } from "./upstream-body.ts";

/** Bedrock's Converse API as an upstream, below the endpoint of a region. */
export const bedrockUpstream: UpstreamDialect = {
  dialect: "bedrock-converse",
  framing: "aws-event-stream",
  path: toPath,
  body: toUpstreamBody,
  reader: createAnswerReader,
};
