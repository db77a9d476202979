import type { AzureConfig, BedrockConfig, RemoteConfig } from "../../config/targets.ts";
import { WeirError } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import type { Provider } from "../provider.ts";
import { addressOf } from "./address.ts";
import { type ProviderWire, httpProvider } from "./http-provider.ts";
import { openAiWire, rerankAt } from "./openai-wire.ts";

type Secret = (name: string) => string | undefined;

type Wire = ProviderWire;

/** What is particular to one kind of provider. Its own file is loaded when a target needs it. */
interface Kind {
  /** The path of its API, for a URL that has none. */
  readonly path: string;
  readonly wire: (base: string, config: RemoteConfig, secret: Secret) => Wire | Promise<Wire>;
  /** How the key is shown; as a bearer token unless said. */
  readonly keyHeaders?: (key: string) => Record<string, string>;
  readonly headers?: Readonly<Record<string, string>>;
}

const KINDS: Readonly<Record<RemoteConfig["provider"], Kind>> = {
  openai: { path: "/v1", wire: async (base) => (await import("./openai.ts")).openAiOwnWire(base) },
  "openai-compatible": {
    path: "/v1",
    wire: (base) => ranking(openAiWire("openai-compatible", base), base),
  },
  vllm: { path: "/v1", wire: async (base) => (await import("./vllm.ts")).vllmWire(base) },
  tgi: { path: "/v1", wire: async (base) => (await import("./tgi.ts")).tgiWire(base) },
  sglang: { path: "/v1", wire: async (base) => (await import("./sglang.ts")).sglangWire(base) },
  "llama-server": {
    path: "/v1",
    wire: async (base) => (await import("./llama-server.ts")).llamaServerWire(base),
  },
  ollama: { path: "", wire: async (base) => (await import("./ollama.ts")).ollamaWire(base) },
  "azure-openai": {
    path: "",
    wire: async (base, config) =>
      // The table's key says which of the configurations it is; so below.
      (await import("./azure-openai.ts")).azureWire(base, (config as AzureConfig).apiVersion),
    keyHeaders: (key) => ({ "api-key": key }),
  },
  anthropic: {
    path: "/v1",
    wire: async (base) => (await import("./anthropic.ts")).anthropicWire(base),
    keyHeaders: (key) => ({ "x-api-key": key }),
    headers: { "anthropic-version": "2023-06-01" },
  },
  gemini: {
    path: "/v1beta",
    wire: async (base) => (await import("./gemini.ts")).geminiWire(base),
    keyHeaders: (key) => ({ "x-goog-api-key": key }),
  },
  bedrock: {
    path: "",
    wire: async (base, config, secret) =>
      (await import("./bedrock.ts")).bedrockWire(base, config as BedrockConfig, secret),
  },
  mistral: { path: "/v1", wire: (base) => openAiWire("mistral", base) },
  groq: { path: "/openai/v1", wire: (base) => openAiWire("groq", base) },
  together: { path: "/v1", wire: (base) => ranking(openAiWire("together", base), base) },
  openrouter: { path: "/api/v1", wire: (base) => openAiWire("openrouter", base) },
};

function ranking(wire: Wire, base: string): Wire {
  return {
    ...wire,
    rerank: (ask, request, signal) => rerankAt(`${base}/rerank`, ask, request, signal),
  };
}

/** What a connection needs beside its target's configuration. */
export interface ConnectNeeds {
  readonly secret: Secret;
  /** What relative file names are relative to. */
  readonly folder: string;
  readonly log: Log;
}

/** The provider of a target that is reached by HTTP. Throws invalid_config for unusable certificates. */
export async function connect(
  config: RemoteConfig,
  { secret, folder, log }: ConnectNeeds,
): Promise<Provider> {
  const kind = KINDS[config.provider];
  const url = new URL(addressOf(config));
  const { tls } = config;
  if (tls && url.protocol !== "https:") {
    throw new WeirError(
      "invalid_config",
      `The target ${config.provider}/${config.model} has tls, but ${url.origin} is not https. Use an https:// URL, or leave tls out.`,
    );
  }
  const base = url.pathname === "/" ? kind.path : url.pathname.replace(/\/$/, "");
  const key = config.apiKeyEnv === undefined ? undefined : secret(config.apiKeyEnv);
  const showKey = kind.keyHeaders ?? ((key) => ({ authorization: `Bearer ${key}` }));
  return httpProvider({
    name: config.provider,
    url,
    headers: { ...kind.headers, ...config.headers, ...(key !== undefined && showKey(key)) },
    timeoutMs: config.timeout,
    firstContentMs: config.firstContent,
    answerMs: config.answer,
    stallMs: config.stall,
    wire: await kind.wire(base, config, secret),
    ...(tls && { tls: { tls, folder, log } }),
  });
}
