import type { ChatRequest, EmbedRequest, Usage } from "../../core/chat.ts";
import type { Embeddings, RerankRequest, Reranking, Tokenizable } from "../provider.ts";
import { estimateTokens } from "./estimate.ts";
import type { CallContext, GatewayNeeds, Target } from "./needs.ts";
import type { Router } from "./routing/router.ts";
import { cannot, sideCall } from "./side-call.ts";

/** What a model puts around each text. */
const TOKENS_PER_TEXT = 8;
const NO_USAGE: Usage = { inputTokens: 0, outputTokens: 0 };

export interface TokenCount {
  readonly tokens: number;
  /** Counted from characters, because the model shows no tokens. */
  readonly isEstimated: boolean;
}

type Needs = GatewayNeeds & { readonly router: Router };

/** The calls beside generation. All throw a WeirError and nothing else. */
export interface SideCalls {
  readonly embed: SideCallOf<EmbedRequest, Embeddings>;
  readonly rerank: SideCallOf<RerankRequest, Reranking>;
  readonly tokenize: SideCallOf<Tokenizable, readonly number[]>;
  readonly detokenize: SideCallOf<Detokenizable, string>;
  /** How long a prompt is, as its model counts; an estimate where that model does not tell. */
  readonly countTokens: SideCallOf<ChatRequest, TokenCount>;
}

export interface Detokenizable {
  readonly model: string;
  readonly tokens: readonly number[];
}

type SideCallOf<Asked, Answer> = (
  asked: Asked,
  context: CallContext,
  signal: AbortSignal,
) => Promise<Answer>;

export function createSideCalls(needs: Needs): SideCalls {
  return {
    embed: by(needs, {
      tokens: ({ input }) => atMost(input),
      ask: ({ provider }, asked, signal) => provider.embed(asked, signal),
      usageOf: ({ usage }) => usage,
    }),
    rerank: by(needs, {
      // The query is read again with every document.
      tokens: ({ query, documents }) => atMost([...documents, ...documents.map(() => query)]),
      async ask({ provider }, asked, signal) {
        if (!provider.rerank) throw cannot(provider, "rank documents");
        return provider.rerank(asked, signal);
      },
      usageOf: ({ usage }) => usage,
    }),
    tokenize: by(needs, {
      async ask({ provider }, asked, signal) {
        if (!provider.tokens) throw cannot(provider, "show its tokens");
        return provider.tokens.tokenize(asked, signal);
      },
    }),
    detokenize: by(needs, {
      async ask({ provider }, { model, tokens }, signal) {
        if (!provider.tokens?.detokenize) throw cannot(provider, "turn tokens into text");
        return provider.tokens.detokenize(model, tokens, signal);
      },
    }),
    countTokens: by(needs, {
      async ask({ provider }, asked, signal) {
        const tokens = await provider.countTokens?.(asked, signal);
        if (tokens !== undefined) return { tokens, isEstimated: false };
        return { tokens: estimateTokens(asked), isEstimated: true };
      },
    }),
  };
}

/** One kind of side call: what it reserves, what it asks a target, what it used. */
interface Kind<Asked, Answer> {
  readonly tokens?: (asked: Asked) => number;
  readonly ask: (target: Target, asked: Asked, signal: AbortSignal) => Promise<Answer>;
  readonly usageOf?: (answer: Answer) => Usage;
}

function by<Asked extends { readonly model: string }, Answer>(
  needs: Needs,
  { tokens = () => 0, ask, usageOf = () => NO_USAGE }: Kind<Asked, Answer>,
): SideCallOf<Asked, Answer> {
  return (asked, context, signal) => {
    const call = {
      model: asked.model,
      signal,
      tokens: tokens(asked),
      ask: (target: Target) => ask(target, { ...asked, model: target.model }, signal),
      usageOf,
    };
    return sideCall(call, context, needs);
  };
}

/** A token of text has at least one byte. */
function atMost(texts: readonly (string | readonly number[])[]): number {
  return texts.reduce(
    (sum, text) =>
      sum + TOKENS_PER_TEXT + (typeof text === "string" ? Buffer.byteLength(text) : text.length),
    0,
  );
}
