import type { RemoteConfig } from "../../config/targets.ts";

/** Where a target is reached. */
export function addressOf(config: RemoteConfig): string {
  if (config.provider !== "bedrock") return config.url;
  return config.url ?? `https://bedrock-runtime.${config.region}.amazonaws.com`;
}
