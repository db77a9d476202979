import type { UpstreamDialect } from "../upstream-dialect.ts";
import { createAnswerReader } from "./upstream-answer.ts";
import { toUpstreamBody } from "./upstream-body.ts";

/** Ollama by its own routes, below its root. */
export const ollamaUpstream: UpstreamDialect = {
  dialect: "ollama",
  framing: "ndjson",
  path: ({ kind }) => (kind === "chat" ? "/api/chat" : "/api/generate"),
  body: toUpstreamBody,
  reader: createAnswerReader,
};
