import { think } from "../brain.ts";
import { type Call, type Json, type Reply, ok } from "../call.ts";
import { type MockOptions, type Route, generation, getter } from "../kind.ts";
import { askOfChat } from "./chat-ask.ts";
import { write } from "./chat-write.ts";
import type { Dialect } from "./dialect.ts";
import { embeddings } from "./embeddings.ts";

/** A chat or completion in a dialect. */
export function converse(
  dialect: Dialect,
  options: MockOptions,
  call: Call,
  isChat: boolean,
): Reply {
  dialect.check(call.body, call);
  const ask = askOfChat(call.body, dialect);
  const thought = think(ask, options);
  const script = dialect.adapt?.(thought, call.body) ?? thought;
  return write({ dialect, body: call.body, ask, script, isChat });
}

/** The routes that the whole family has: chat, completions, embeddings. */
export function familyRoutes(dialect: Dialect, options: MockOptions): Route[] {
  return [
    generation(/\/chat\/completions$/, (call) => converse(dialect, options, call, true)),
    generation(/(?<!\/chat)\/completions$/, (call) => converse(dialect, options, call, false)),
    generation(/\/embeddings$/, ({ body }) =>
      embeddings(body, dialect.headers, dialect.embeddingExtras),
    ),
  ];
}

/** The list of models in OpenAI's format, and each by its name. */
export function modelRoutes(modelsOf: () => readonly Json[]): Route[] {
  return [
    getter(/\/models$/, () => ok({ object: "list", data: modelsOf() })),
    getter(/\/models\/.+$/, ({ path }) => {
      const id = path.slice(path.indexOf("/models/") + "/models/".length);
      return ok(modelsOf().find((model) => model["id"] === id) ?? { ...modelsOf()[0], id });
    }),
  ];
}
