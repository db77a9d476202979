import { type Command, UsageError, text } from "../command.ts";
import { FAULTS } from "../mock/faults.ts";
import { KIND_NAMES } from "../mock/kind-names.ts";

/** `weir mock`: a double of any vendor's API, to develop, test and rehearse failures against. */
export const mock: Command = {
  name: "mock",
  summary: "Run a double of an upstream's API, with faults on demand",
  options: {
    as: { type: "string", value: "KIND", help: "whose API it speaks (openai-compatible)" },
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
      value: "FAULT",
      help: "how they fail (status)",
    },
    reply: { type: "string", value: "TEXT", help: "the answer's text (numbered words)" },
    "key-env": {
      type: "string",
      value: "NAME",
      help: "the variable with the key that callers need (none)",
    },
    version: { type: "string", value: "VERSION", help: "the release it imitates (the newest)" },
    "dev-mode": { type: "boolean", help: "vllm: with its development routes (/sleep and others)" },
    loading: { type: "boolean", help: "llama-server: as while its model loads" },
  },
  detail: `
Kinds: ${KIND_NAMES.join(", ")}
Faults: ${FAULTS.join(", ")}, or an HTTP status

A call can ask for its own fault with the header x-mock-fault: FAULT, or with its model's name:
status-429, mid-error, break and so on, anywhere in it; ctx-64 has a window of 64 tokens.
For bedrock the key is ID:SECRET, or an API key without a colon.
Use it from weir.yaml: { provider: openai-compatible, url: http://127.0.0.1:9100, model: mock }`,
  async run(values, _positionals, { print, env }) {
    const number = (name: string, fallback: number) => {
      const value = Number(text(values, name) ?? fallback);
      if (Number.isNaN(value) || value < 0)
        throw new UsageError(`--${name} is a number, 0 or more`);
      return value;
    };
    const kind = text(values, "as") ?? "openai-compatible";
    if (!KIND_NAMES.some((name) => name === kind))
      throw new UsageError(`--as ${kind}: use one of ${KIND_NAMES.join(", ")}`);
    const keyName = text(values, "key-env");
    const apiKey = keyName === undefined ? undefined : env[keyName];
    if (keyName !== undefined && !apiKey)
      throw new UsageError(`--key-env ${keyName}: no such variable is set`);
    // Fifteen APIs that no other command needs in memory.
    const { createMockUpstream } = await import("../mock/upstream.ts");
    const upstream = await createMockUpstream({
      kind,
      apiKey,
      version: text(values, "version"),
      devMode: values["dev-mode"] === true,
      isLoading: values["loading"] === true,
      port: number("port", 9100),
      tokens: number("tokens", 32),
      firstMs: number("first-ms", 0),
      tokenMs: number("token-ms", 0),
      failRate: number("fail-rate", 0),
      fault: text(values, "fault") ?? "status",
      reply: text(values, "reply"),
    });
    const name = kind === "openai-compatible" ? "A fake upstream" : `A double of ${kind}`;
    print(`${name} listens at ${upstream.url} (Ctrl-C ends it)`);
    await new Promise<void>((resolve) => {
      process.once("SIGINT", resolve);
      process.once("SIGTERM", resolve);
    });
    await upstream.close();
    return 0;
  },
};
