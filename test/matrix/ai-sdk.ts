import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { type LanguageModel, Output, generateText, isStepCount, streamText, tool } from "ai";
import { type Framework, PLACE, QUESTION, RESULT } from "./framework.ts";

/** The AI SDK in front of any of its models. */
function sdk(name: string, model: LanguageModel): Framework {
  const base = { model, maxRetries: 0, maxOutputTokens: 2000 };
  return {
    name,
    async plain() {
      return (await generateText({ ...base, prompt: QUESTION })).text;
    },
    async streamed() {
      let text = "";
      for await (const piece of streamText({ ...base, prompt: QUESTION }).textStream) text += piece;
      return text;
    },
    async tools(isStreamed) {
      const asked: unknown[] = [];
      const weather = tool({
        description: "Tells the weather.",
        inputSchema: PLACE,
        execute(input) {
          asked.push(input);
          return RESULT;
        },
      });
      const loop = { ...base, prompt: QUESTION, tools: { weather }, stopWhen: isStepCount(3) };
      const text = isStreamed ? await streamText(loop).text : (await generateText(loop)).text;
      return { asked, text };
    },
    async structured() {
      const output = Output.object({ schema: PLACE });
      return (await generateText({ ...base, prompt: QUESTION, output })).output;
    },
  };
}

export function aiSdks(url: string, apiKey: string, model: string): Framework[] {
  const openai = createOpenAI({ baseURL: `${url}/v1`, apiKey });
  const anthropic = createAnthropic({ baseURL: `${url}/v1`, apiKey });
  return [
    sdk("ai-sdk openai chat", openai.chat(model)),
    sdk("ai-sdk openai responses", openai.responses(model)),
    sdk("ai-sdk anthropic", anthropic(model)),
  ];
}
