import type { BedrockConfig } from "../../config/targets.ts";
import type { EmbedRequest } from "../../core/chat.ts";
import {
  readEmbeddings,
  toEmbedBodies,
  toEmbedPath,
} from "../../core/dialects/bedrock/embeddings.ts";
import { bedrockUpstream } from "../../core/dialects/bedrock/upstream.ts";
import type { Embeddings } from "../provider.ts";
import { addressOf } from "./address.ts";
import type { Ask, ProviderWire } from "./http-provider.ts";
import { type AwsCredentials, signAws } from "./sigv4.ts";
import type { Outgoing } from "./transport.ts";

type Secret = (name: string) => string | undefined;

/** Amazon Bedrock's Converse API, with signed requests or a Bedrock API key. */
export function bedrockWire(base: string, config: BedrockConfig, secret: Secret): ProviderWire {
  const credentials = config.apiKeyEnv === undefined ? credentialsOf(config, secret) : undefined;
  const address = addressOf(config);
  const sign = (message: Outgoing): Outgoing => {
    if (!credentials) return message;
    const { method = "POST", path, body = "", headers } = message;
    const url = new URL(path, address);
    const request = { method, url, body, region: config.region, service: "bedrock" };
    return { ...message, headers: { ...headers, ...signAws(request, credentials, new Date()) } };
  };
  return {
    generation: () => ({ dialect: bedrockUpstream, base }),
    manyAnswers: false,
    sign,
    embed: (ask, request, signal) => embed(base, ask, request, signal),
  };
}

function credentialsOf(config: BedrockConfig, secret: Secret): AwsCredentials | undefined {
  const accessKeyId = secret(config.accessKeyEnv);
  const secretAccessKey = secret(config.secretKeyEnv);
  const sessionToken = secret(config.sessionTokenEnv);
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  return { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) };
}

/** Titan takes one text at a time: they are asked for side by side. */
async function embed(
  base: string,
  ask: Ask,
  request: EmbedRequest,
  signal: AbortSignal,
): Promise<Embeddings> {
  const path = base + toEmbedPath(request);
  const bodies = toEmbedBodies(request);
  const answers = await Promise.all(bodies.map((body) => ask({ path, body }, signal)));
  const read = answers.map((answer) => readEmbeddings(answer));
  const inputTokens = read.reduce((sum, { usage }) => sum + usage.inputTokens, 0);
  return {
    vectors: read.flatMap(({ vectors }) => vectors),
    usage: { inputTokens, outputTokens: 0 },
  };
}
