/** How programs call the vendors of models, and how the price list does. Pure. */

const LISTED: Readonly<Record<string, string>> = {
  openai: "openai",
  azure: "azure",
  azure_openai: "azure",
  az_ai_openai: "azure",
  azure_ai_openai: "azure",
  az_ai_inference: "azure",
  azure_ai_inference: "azure",
  anthropic: "anthropic",
  google: "google",
  gemini: "google",
  google_genai: "google",
  google_generative_ai: "google",
  google_vertexai: "google",
  google_anthropic_vertex: "google",
  vertexai: "google",
  vertex_ai: "google",
  gcp_gemini: "google",
  gcp_gen_ai: "google",
  gcp_vertex_ai: "google",
  aws: "aws",
  aws_bedrock: "aws",
  bedrock: "aws",
  bedrock_converse: "aws",
  amazon_bedrock: "aws",
  mistral: "mistral",
  mistralai: "mistral",
  mistral_ai: "mistral",
  groq: "groq",
  together: "together",
  togetherai: "together",
  together_ai: "together",
  fireworks: "fireworks",
  fireworks_ai: "fireworks",
  openrouter: "openrouter",
  cohere: "cohere",
  deepseek: "deepseek",
  xai: "x-ai",
  x_ai: "x-ai",
  perplexity: "perplexity",
  moonshot: "moonshotai",
  moonshotai: "moonshotai",
  cerebras: "cerebras",
  voyageai: "voyageai",
  voyage: "voyageai",
  minimax: "minimax",
  novita: "novita",
  cloudflare: "cloudflare",
  zai: "zai",
  zhipuai: "zhipuai",
};

/** They answer from one's own machine: nobody bills by the token. */
const OWN_MACHINE = new Set(
  "ollama llama llama_cpp llamacpp llama_server lmstudio lm_studio vllm sglang tgi".split(" "),
);

/** They hand calls on, and call the models as their vendors do. */
const ROUTERS = new Set("litellm portkey helicone vercel ai_gateway langchain".split(" "));

/** What the list itself does not know a vendor by. */
const FAMILIES: readonly (readonly [RegExp, string])[] = [
  [
    /^(?:[a-z]{2,6}(?:-gov)?\.)?(?:anthropic|amazon|meta|mistral|cohere|ai21|deepseek|qwen)\./,
    "aws",
  ],
  [/^(?:text-embedding-(?:3|ada)|davinci|babbage|chatgpt-|tts-1|dall-e|omni-moderation)/, "openai"],
  [/^sonar/, "perplexity"],
  [/^(?:embed-|rerank-)/, "cohere"],
  [/^(?:text-embedding-00|text-multilingual-embedding)/, "google"],
  [/^grok/, "x-ai"],
];

export function isOwnMachine(provider: string | null): boolean {
  return provider !== null && OWN_MACHINE.has(plain(provider));
}

/** Where to look for a model in the list; `provider` undefined: the list is to find out by the name. */
export interface ListedName {
  readonly provider: string | undefined;
  readonly model: string;
}

/** The likeliest first; none where the provider is one that the list cannot know. */
export function listedNames(provider: string | null, name: string): readonly ListedName[] {
  const model = name.replace(/^models\//, "");
  const word = provider === null ? undefined : plain(provider);
  if (word !== undefined && word !== "" && !ROUTERS.has(word)) {
    const listed = LISTED[word];
    return listed === undefined ? [] : [{ provider: listed, model }];
  }
  const names: ListedName[] = [];
  const slash = model.indexOf("/");
  const vendor = slash > 0 ? LISTED[plain(model.slice(0, slash))] : undefined;
  if (vendor !== undefined) names.push({ provider: vendor, model: model.slice(slash + 1) });
  const family = FAMILIES.find(([pattern]) => pattern.test(model));
  if (family) names.push({ provider: family[1], model });
  names.push({ provider: undefined, model });
  return names;
}

function plain(provider: string): string {
  return provider
    .trim()
    .toLowerCase()
    .replaceAll(/[\s.-]+/g, "_");
}
