import { traceable } from "langsmith/traceable";
import { wrapOpenAI } from "langsmith/wrappers";
import OpenAI from "openai";

const client = wrapOpenAI(new OpenAI());
const ask = async (question) => {
  const messages = [{ role: "user", content: question }];
  return (await client.chat.completions.create({ model: "chat", messages })).choices[0].message;
};
console.log(await traceable(ask, { name: "support-bot" })("What is a KV cache?"));
