import { parseUpstreamEmbeddings, toUpstreamBody } from "../../core/dialects/openai/upstream.ts";
import type { Provider, ProviderHealth } from "../provider.ts";
import { canSendPlainly, leanTransport } from "./lean-client.ts";
import { postWhole } from "./post-whole.ts";
import type { Transport } from "./transport.ts";
import { undiciTransport } from "./undici-transport.ts";
import { UpstreamAttempt } from "./upstream-attempt.ts";
import { toTransportError, toUpstreamError } from "./upstream-error.ts";

export interface OpenAiCompatibleOptions {
  /** As shown to people: `openai`, `vllm`. */
  readonly name: string;
  /** With or without a path; without one `/v1` is added. */
  readonly url: string;
  readonly apiKey?: string | undefined;
  readonly timeoutMs: number;
  readonly firstContentMs: number;
  readonly stallMs: number;
  readonly connections?: number;
}

/** Any server that speaks OpenAI's dialect. */
export function openAiCompatible(options: OpenAiCompatibleOptions): Provider {
  const { name, timeoutMs } = options;
  const url = new URL(options.url);
  const base = url.pathname === "/" ? "/v1" : url.pathname.replace(/\/$/, "");
  const transport = openTransport(url, options);
  let lastFailure: string | undefined;
  const settled = (failure: string | undefined): void => {
    lastFailure = failure;
  };

  return {
    name,
    generate(request, listener) {
      const path = request.kind === "chat" ? "/chat/completions" : "/completions";
      const attempt = new UpstreamAttempt({ name, timeoutMs, settled }, request, listener);
      const body = JSON.stringify(toUpstreamBody(request));
      attempt.start(transport.post(base + path, body, attempt));
      return attempt;
    },
    async embed({ model, input, dimensions }, signal) {
      const body = JSON.stringify({ model, input, dimensions });
      try {
        const { head, text } = await postWhole(transport, `${base}/embeddings`, body, signal);
        if (head.status >= 400) throw toUpstreamError(name, head, text);
        return parseUpstreamEmbeddings(JSON.parse(text));
      } catch (cause) {
        throw toTransportError(name, cause);
      }
    },
    health(): ProviderHealth {
      if (lastFailure === undefined) return { state: "ready" };
      return { state: "unknown", detail: lastFailure };
    },
    close: () => transport.close(),
  };
}

/** Our own client for plain `http://`; TLS and whatever is unusual stay with undici. */
function openTransport(url: URL, options: OpenAiCompatibleOptions): Transport {
  const settings = {
    url,
    headers: {
      "content-type": "application/json",
      ...(options.apiKey && { authorization: `Bearer ${options.apiKey}` }),
    },
    connections: options.connections ?? 256,
    connectMs: Math.min(options.firstContentMs, 10_000),
    headMs: options.firstContentMs,
    stallMs: options.stallMs,
  };
  return canSendPlainly(settings) ? leanTransport(settings) : undiciTransport(settings);
}
