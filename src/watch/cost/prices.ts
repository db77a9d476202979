/** What tokens cost, from the public price list that ships in @pydantic/genai-prices. */

/** Nano-dollars for one token; may be a fraction. */
export interface TokenPrice {
  readonly input: number;
  readonly output: number;
  readonly cached: number;
  /** What is put into the upstream's cache, where that has a price of its own. */
  readonly cacheWrite?: number;
}

/** A dollar for a million tokens is a thousand nano-dollars a token. */
const NANOS_PER_MTOK_DOLLAR = 1000;

/** Our providers by their names in the list. What runs on one's own machines has no list price. */
const LISTED: Readonly<Record<string, string>> = {
  openai: "openai",
  "azure-openai": "azure",
  anthropic: "anthropic",
  gemini: "google",
  bedrock: "aws",
  mistral: "mistral",
  groq: "groq",
  together: "together",
  openrouter: "openrouter",
};

/**
 * The list price of a provider's model, or undefined when the list does not have it. The list takes
 * 20 MB of memory: it is loaded only when somebody asks.
 */
export async function listPrice(provider: string, model: string): Promise<TokenPrice | undefined> {
  const providerId = LISTED[provider];
  if (providerId === undefined) return undefined;
  const { calcPrice } = await import("@pydantic/genai-prices");
  const found = calcPrice({ input_tokens: 1, output_tokens: 1 }, model, { providerId });
  if (!found) return undefined;
  const input = perToken(found.model_price["input_mtok"]);
  const output = perToken(found.model_price["output_mtok"]);
  if (input === undefined || output === undefined) return undefined;
  const cached = perToken(found.model_price["cache_read_mtok"]) ?? input;
  const cacheWrite = perToken(found.model_price["cache_write_mtok"]);
  return { input, output, cached, ...(cacheWrite !== undefined && { cacheWrite }) };
}

/** Tiered prices are taken at their first tier: prompts short of the long-context threshold. */
function perToken(price: number | { readonly base: number } | undefined): number | undefined {
  const dollars = typeof price === "object" ? price.base : price;
  return dollars === undefined ? undefined : dollars * NANOS_PER_MTOK_DOLLAR;
}
