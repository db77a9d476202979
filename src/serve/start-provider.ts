import { isAbsolute, resolve } from "node:path";
import { type LlamaConfig, type RemoteConfig, TargetConfig } from "../config/targets.ts";
import type { Log } from "../core/log.ts";
import type { Engine } from "./engine/engine.ts";
import type { Provider } from "./provider.ts";

/** What a target's provider is started with. */
export interface StartNeeds {
  /** What relative file names are relative to. */
  readonly folder: string;
  /** The built-in model's file, for `file: demo`. */
  readonly demoModel: string;
  readonly secret: (name: string) => string | undefined;
  readonly log: Log;
  /** Engines that run in another process, by their ids; absent: they run for this one. */
  readonly engines?: { readonly url: string; readonly secret: string };
}

/** What runs for a target. */
export interface Running {
  readonly provider: Provider;
  /** Set for the embedded engine. */
  readonly engine: Engine | undefined;
}

/** Makes engines that nobody has started yet, of a given name each. */
type MakeEngine = (name: string) => Engine;

/** Each kind of provider is loaded when the first target needs it: a server pays for what it uses. */
export async function startProvider(config: TargetConfig, needs: StartNeeds): Promise<Running> {
  if (config.provider === "llama" && needs.engines) return reachEngine(needs.engines, needs);
  if (config.provider === "llama") return startEngine(config, needs);
  return { provider: await connectTo(config, needs), engine: undefined };
}

async function startEngine(config: LlamaConfig, needs: StartNeeds): Promise<Running> {
  const make = await engineMaker(config, needs);
  const engine = make(fileLabel(config.file));
  engine.start().catch((cause: unknown) => {
    needs.log.error("model_not_loaded", { file: config.file, reason: String(cause) });
  });
  return { provider: engine, engine };
}

export async function engineMaker(
  config: LlamaConfig,
  { folder, demoModel, log }: StartNeeds,
): Promise<MakeEngine> {
  const { createEngine } = await import("./engine/engine.ts");
  const file = config.file === "demo" ? demoModel : config.file;
  return (name) =>
    createEngine({
      name,
      file: isAbsolute(file) ? file : resolve(folder, file),
      slots: config.slots,
      contextTokens: config.context,
      kvType: config.kvType,
      queueLimit: config.queue,
      ...(config.sha256 !== undefined && { sha256: config.sha256 }),
      ...(config.threads !== undefined && { threads: config.threads }),
      ...(config.gpuLayers !== undefined && { gpuLayers: config.gpuLayers }),
      log: log.part("engine"),
    });
}

/** An engine of another process of this server. It has its own limits of time and size. */
async function reachEngine(
  { url, secret }: NonNullable<StartNeeds["engines"]>,
  needs: StartNeeds,
): Promise<Running> {
  const { connect } = await import("./providers/connect.ts");
  const config = TargetConfig.parse({
    provider: "openai-compatible",
    url,
    apiKeyEnv: "ENGINE_ROOM",
    model: "-",
    timeout: "1d",
    firstContent: "1h",
    stall: "1h",
  }) as RemoteConfig; // as it says
  return { provider: await connect(config, { ...needs, secret: () => secret }), engine: undefined };
}

async function connectTo(config: RemoteConfig, needs: StartNeeds): Promise<Provider> {
  const { secret, log } = needs;
  const { connect } = await import("./providers/connect.ts");
  const { apiKeyEnv, provider, model } = config;
  // A server of one's own at an address of one's own may want no key.
  const needsKey = apiKeyEnv !== undefined && !("url" in config && config.url?.startsWith("http:"));
  if (needsKey && secret(apiKeyEnv) === undefined) {
    log.warn("api_key_missing", { provider, model, apiKeyEnv });
  }
  return connect(config, needs);
}

export function fileLabel(file: string): string {
  return file.replace(/^.*[\\/]/, "").replace(/\.gguf$/i, "");
}
