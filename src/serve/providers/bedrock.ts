import type { BedrockConfig } from "../../config/targets.ts";
import { bedrockUpstream } from "../../core/dialects/bedrock/upstream.ts";
import type { ProviderWire } from "./http-provider.ts";
import { signAws } from "./sigv4.ts";
import { addressOf } from "./address.ts";

/** Amazon Bedrock's Converse API, with signed requests or a Bedrock API key. */
export function bedrockWire(
  base: string,
  config: BedrockConfig,
  secret: (name: string) => string | undefined,
): ProviderWire {
  return { generation: () => ({ dialect: bedrockUpstream, base }), manyAnswers: false };
}
