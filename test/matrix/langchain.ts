import { ChatAnthropic } from "@langchain/anthropic";
import type { BaseLanguageModelInput } from "@langchain/core/language_models/base";
import type { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { type AIMessageChunk, type BaseMessageLike, ToolMessage } from "@langchain/core/messages";
import type { Runnable } from "@langchain/core/runnables";
import { tool } from "@langchain/core/tools";
import { ChatOpenAI } from "@langchain/openai";
import { type Framework, PLACE, QUESTION, RESULT } from "./framework.ts";

/** LangChain in front of any of its chat models. */
function chain(name: string, model: BaseChatModel): Framework {
  return {
    name,
    async plain() {
      return (await model.invoke(QUESTION)).text;
    },
    async streamed() {
      let text = "";
      for await (const piece of await model.stream(QUESTION)) text += piece.text;
      return text;
    },
    async tools(isStreamed) {
      const weather = tool(() => RESULT, {
        name: "weather",
        description: "Tells the weather.",
        schema: PLACE,
      });
      const bound = model.bindTools?.([weather]);
      if (!bound) throw new Error("the model binds no tools");
      const first = isStreamed ? await gathered(bound) : await bound.invoke(QUESTION);
      const calls = first.tool_calls ?? [];
      const results = calls.map(
        ({ id = "" }) => new ToolMessage({ content: RESULT, tool_call_id: id }),
      );
      const turn: BaseMessageLike[] = [["human", QUESTION], first, ...results];
      const { text } = await bound.invoke(turn);
      return { asked: calls.map(({ args }) => args as unknown), text };
    },
    structured: () => model.withStructuredOutput(PLACE).invoke(QUESTION),
  };
}

/** The chunks of one answer as one message. */
async function gathered(model: Runnable<BaseLanguageModelInput, AIMessageChunk>) {
  let all: AIMessageChunk | undefined;
  for await (const piece of await model.stream(QUESTION)) all = all?.concat(piece) ?? piece;
  if (!all) throw new Error("nothing came");
  return all;
}

export function langChains(url: string, apiKey: string, model: string): Framework[] {
  const openai = new ChatOpenAI({
    model,
    apiKey,
    maxRetries: 0,
    configuration: { baseURL: `${url}/v1` },
  });
  const anthropic = new ChatAnthropic({ model, apiKey, maxRetries: 0, anthropicApiUrl: url });
  return [chain("langchain openai", openai), chain("langchain anthropic", anthropic)];
}
