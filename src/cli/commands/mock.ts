import { createMockUpstream } from "../mock/upstream.ts";
import { type Command, UsageError, text } from "../command.ts";

/** `weir mock`: a fake OpenAI-compatible upstream, to develop, test and rehearse failures against. */
export const mock: Command = {
  name: "mock",
  summary: "Run a fake OpenAI-compatible upstream, with faults on demand",
  options: {
    port: { type: "string", short: "p", value: "PORT", help: "the port to listen on (9100)" },
    tokens: { type: "string", value: "N", help: "tokens of an answer (32)" },
    "first-ms": { type: "string", value: "MS", help: "the wait before the first token (0)" },
    "token-ms": { type: "string", value: "MS", help: "the wait between tokens (0)" },
    "fail-rate": {
      type: "string",
      value: "SHARE",
      help: "the share of calls that fail, 0 to 1 (0)",
    },
    fault: {
      type: "string",
      value: "KIND",
      help: "how they fail: status, refuse, break, stall, malformed, empty (status)",
    },
    reply: { type: "string", value: "TEXT", help: "the answer's text (numbered words)" },
  },
  detail: `
A call can ask for its own fault with the header x-mock-fault: KIND.
Use it from weir.yaml: { provider: openai-compatible, url: http://127.0.0.1:9100, model: mock }`,
  async run(values, _positionals, { print }) {
    const number = (name: string, fallback: number) => {
      const value = Number(text(values, name) ?? fallback);
      if (Number.isNaN(value) || value < 0)
        throw new UsageError(`--${name} is a number, 0 or more`);
      return value;
    };
    const upstream = await createMockUpstream({
      port: number("port", 9100),
      tokens: number("tokens", 32),
      firstMs: number("first-ms", 0),
      tokenMs: number("token-ms", 0),
      failRate: number("fail-rate", 0),
      fault: text(values, "fault") ?? "status",
      reply: text(values, "reply"),
    });
    print(`A fake upstream listens at ${upstream.url} (Ctrl-C ends it)`);
    await new Promise<void>((resolve) => {
      process.once("SIGINT", resolve);
      process.once("SIGTERM", resolve);
    });
    await upstream.close();
    return 0;
  },
};
