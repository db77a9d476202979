import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { z } from "zod";
import { objectOf, textOf } from "./client.ts";
import { type Framework, PLACE, QUESTION, RESULT } from "./framework.ts";

const run = promisify(execFile);

/** Nobody's package: what the documentation shows in a shell. */
export function curl(url: string, apiKey: string, model: string): Framework {
  async function post(body: object): Promise<string> {
    const headers = [
      "-H",
      `authorization: Bearer ${apiKey}`,
      "-H",
      "content-type: application/json",
    ];
    const data = JSON.stringify({ model, ...body });
    const address = `${url}/v1/chat/completions`;
    const { stdout } = await run("curl", [
      "-sSN",
      "--fail-with-body",
      address,
      ...headers,
      "-d",
      data,
    ]);
    return stdout;
  }
  async function ask(messages: readonly unknown[], more: object = {}) {
    return Answer.parse(JSON.parse(await post({ messages, ...more }))).choices[0].message;
  }
  const user = { role: "user", content: QUESTION };
  const parameters = z.toJSONSchema(PLACE);
  return {
    name: "curl",
    plain: async () => textOf((await ask([user])).content),
    async streamed() {
      const stream = await post({ messages: [user], stream: true });
      const events = [...stream.matchAll(/^data: (.*)$/gm)].map(([, data = ""]) => data);
      if (events.pop() !== "[DONE]") throw new Error("the stream has no end");
      return events.map((data) => deltaOf(JSON.parse(data))).join("");
    },
    async tools() {
      const tools = [{ type: "function", function: { name: "weather", parameters } }];
      const message = await ask([user], { tools });
      const calls = message.tool_calls ?? [];
      const results = calls.map(({ id }) => ({ role: "tool", tool_call_id: id, content: RESULT }));
      const { content } = await ask([user, message, ...results], { tools });
      const asked = calls.map((call) => JSON.parse(call.function.arguments) as unknown);
      return { asked, text: textOf(content) };
    },
    async structured() {
      const format = { type: "json_schema", json_schema: { name: "place", schema: parameters } };
      const { content } = await ask([user], { response_format: format });
      return JSON.parse(textOf(content)) as unknown;
    },
  };
}

const Answer = z.looseObject({
  choices: z.tuple([
    z.looseObject({
      message: z.looseObject({
        content: z.string().nullish(),
        tool_calls: z
          .array(
            z.looseObject({ id: z.string(), function: z.looseObject({ arguments: z.string() }) }),
          )
          .nullish(),
      }),
    }),
  ]),
});

function deltaOf(event: unknown): string {
  const { choices } = objectOf(event);
  const [choice] = Array.isArray(choices) ? (choices as unknown[]) : [];
  return textOf(objectOf(objectOf(choice)["delta"])["content"]);
}
