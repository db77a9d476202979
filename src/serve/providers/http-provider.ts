import type { ChatRequest, GenerateRequest } from "../../core/chat.ts";
import type { UpstreamDialect } from "../../core/dialects/upstream-dialect.ts";
import { WeirError, toWeirError } from "../../core/errors.ts";
import type {
  Attempt,
  AttemptListener,
  EngineControls,
  ForwardListener,
  Forwarded,
  Provider,
  ProviderFacts,
  ProviderHealth,
  RerankRequest,
  Reranking,
  Tokens,
  UpstreamTrace,
} from "../provider.ts";
import { fanOut } from "./fan-out.ts";
import { canSendPlainly, leanTransport } from "./lean-client.ts";
import { type WholeAnswer, sendWhole } from "./send-whole.ts";
import type { Outgoing, Sending, Transport } from "./transport.ts";
import { undiciTransport } from "./undici-transport.ts";
import { type UpstreamTlsOptions, tlsConnector } from "./upstream-tls.ts";
import { UpstreamAttempt } from "./upstream-attempt.ts";
import { toTransportError, toUpstreamError } from "./upstream-error.ts";

export interface HttpProviderOptions {
  /** As shown to people: `openai`, `vllm`. */
  readonly name: string;
  readonly url: URL;
  /** On every request. */
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly firstContentMs: number;
  /** For the head of an answer that is not streamed. */
  readonly answerMs: number;
  readonly stallMs: number;
  readonly connections?: number;
  /** For https: certificates of one's own. */
  readonly tls?: Pick<UpstreamTlsOptions, "tls" | "folder" | "log">;
  readonly wire: ProviderWire;
}

/** What one kind of upstream is asked, and where. Paths are whole. */
export interface ProviderWire {
  /** Which dialect answers this request, and where its paths begin. */
  generation(request: GenerateRequest): {
    readonly dialect: UpstreamDialect;
    readonly base: string;
  };
  /** Whether `n` answers can be asked for at once. */
  readonly manyAnswers: boolean;
  /** Names of the client's headers that go along when it speaks the same dialect. */
  readonly relayedHeaders?: readonly string[];
  /** Adds what proves who asks, for each message anew: AWS's signature. */
  sign?(message: Outgoing): Outgoing;
  embed?: (ask: Ask, ...rest: Parameters<Provider["embed"]>) => ReturnType<Provider["embed"]>;
  rerank?: (ask: Ask, request: RerankRequest, signal: AbortSignal) => Promise<Reranking>;
  tokens?: (ask: Ask) => Tokens;
  /** Absent: counted by `tokens`, where there are. */
  countTokens?: (ask: Ask, request: ChatRequest, signal: AbortSignal) => Promise<number>;
  facts?: (ask: Ask, signal: AbortSignal) => Promise<ProviderFacts>;
  controls?: (ask: Ask) => EngineControls;
  /** Where forwarded paths begin; absent: nothing is forwarded. */
  readonly forwardBase?: string;
}

export interface Question extends Omit<Outgoing, "body"> {
  readonly body?: Readonly<Record<string, unknown>>;
}

/** Asks the upstream something beside generation. */
export interface Ask {
  /** Its whole answer: parsed JSON, or the text where it is none. Throws WeirErrors only. */
  (message: Question, signal: AbortSignal): Promise<unknown>;
  /** The status that someone without the key gets for a GET. Throws WeirErrors only. */
  statusWithoutKey(path: string, signal: AbortSignal): Promise<number>;
}

/** A server that is reached by HTTP, whatever it speaks. */
export function httpProvider(options: HttpProviderOptions): Provider {
  const { name, wire } = options;
  const line = openLine(options);
  const ask = createAsk(line);
  const generateOne = createGenerate(line, options);
  const tokens = wire.tokens?.(ask);
  return {
    name,
    sendsAtTurnEnd: line.transport.sendsAtTurnEnd,
    generate: wire.manyAnswers ? generateOne : fanOut(generateOne),
    async embed(request, signal) {
      if (!wire.embed) throw cannot(name, "make embeddings");
      return wire.embed(ask, request, signal);
    },
    async countTokens(request, signal) {
      if (wire.countTokens) return wire.countTokens(ask, request, signal);
      const { model, messages } = request;
      // A template writes tools too: without them the count would be too low, and say so to nobody.
      if (!tokens || request.tools || request.foreignTools) return undefined;
      return (await tokens.tokenize({ model, messages }, signal)).length;
    },
    ...(wire.rerank && { rerank: wire.rerank.bind(undefined, ask) }),
    ...(tokens && { tokens }),
    ...(wire.facts && { facts: wire.facts.bind(undefined, ask) }),
    ...(wire.controls && { controls: wire.controls(ask) }),
    ...(wire.forwardBase !== undefined && { forward: createForward(line, wire.forwardBase) }),
    health(): ProviderHealth {
      if (line.lastFailure === undefined) return { state: "ready" };
      return { state: "unknown", detail: line.lastFailure };
    },
    underWay: () => line.transport.underWay,
    close: () => line.transport.close(),
  };
}

/** Bounds a mistake; how many calls a target gets is for its `concurrency` to say. */
const MOST_CONNECTIONS = 16_384;

/** The way to one upstream, and how it went last. */
interface Line {
  readonly name: string;
  readonly transport: Transport;
  readonly sign: (message: Outgoing) => Outgoing;
  lastFailure: string | undefined;
}

function openLine(options: HttpProviderOptions): Line {
  const { name, wire } = options;
  const sign = (message: Outgoing) => wire.sign?.(message) ?? message;
  return { name, transport: openTransport(options), sign, lastFailure: undefined };
}

function createAsk({ name, transport, sign }: Line): Ask {
  async function send(message: Outgoing, signal: AbortSignal): Promise<WholeAnswer> {
    try {
      return await sendWhole(transport, message, signal);
    } catch (cause) {
      throw signal.aborted ? canceled(cause) : toTransportError(name, cause);
    }
  }

  async function ask({ body, ...message }: Question, signal: AbortSignal): Promise<unknown> {
    const outgoing = sign({ ...message, ...(body && { body: JSON.stringify(body) }) });
    const { head, bytes } = await send(outgoing, signal);
    const text = bytes.toString("utf8");
    if (head.status >= 300) throw toUpstreamError(name, head, text);
    // Some name no type for their JSON; a metrics page never begins so.
    return head.contentType.includes("json") || /^\s*[{[]/.test(text) ? parsed(text) : text;
  }

  return Object.assign(ask, {
    async statusWithoutKey(path: string, signal: AbortSignal) {
      const headers = { authorization: "" };
      return (await send({ path, method: "GET", headers }, signal)).head.status;
    },
  });
}

function createGenerate(line: Line, { wire, timeoutMs, answerMs }: HttpProviderOptions) {
  const { name, transport, sign } = line;
  const settled = (failure: string | undefined): void => {
    line.lastFailure = failure;
  };
  return (request: GenerateRequest, listener: AttemptListener, trace?: UpstreamTrace): Attempt => {
    try {
      const { dialect, base } = wire.generation(request);
      const written = dialect.body(request);
      const target = { name, timeoutMs, settled, dialect };
      const message = {
        path: base + dialect.path(request),
        body: JSON.stringify(written.body),
        // An answer that is not streamed has its head when it is whole.
        headMs: request.stream ? undefined : answerMs,
        headers: relayedHeaders(request, dialect, wire.relayedHeaders),
        trace,
      };
      const attempt = new UpstreamAttempt(target, dialect.reader(request), listener, written);
      attempt.start(transport.send(sign(message), attempt));
      return attempt;
    } catch (cause) {
      return refused(toWeirError(cause), listener);
    }
  };
}

function createForward({ name, transport, sign }: Line, base: string) {
  return ({ path, contentType, body }: Forwarded, listener: ForwardListener): Sending => {
    const message = { path: base + path, body, headers: { "content-type": contentType } };
    return transport.send(sign(message), {
      head: ({ status, contentType }) => listener.head(status, contentType),
      data: (chunk) => listener.data(chunk),
      flush: () => undefined,
      end: () => listener.done(),
      failed: (cause) => listener.failed(toTransportError(name, cause)),
    });
  };
}

/** Our own client for plain `http://`; TLS and whatever is unusual stay with undici. */
function openTransport(options: HttpProviderOptions): Transport {
  const { url, headers } = options;
  const settings = {
    url,
    headers: { "content-type": "application/json", ...headers },
    connections: options.connections ?? MOST_CONNECTIONS,
    connectMs: Math.min(options.firstContentMs, 10_000),
    headMs: options.firstContentMs,
    stallMs: options.stallMs,
  };
  if (canSendPlainly(settings)) return leanTransport(settings);
  const { connectMs } = settings;
  const connect = options.tls && tlsConnector({ ...options.tls, connectMs, now: Date.now });
  return undiciTransport(settings, connect);
}

function relayedHeaders(
  { source }: GenerateRequest,
  { dialect }: UpstreamDialect,
  names: readonly string[] = [],
): Record<string, string> | undefined {
  const { headers } = source ?? {};
  if (!headers || source?.dialect !== dialect) return undefined;
  const found = names.flatMap((name) => (headers[name] ? [[name, headers[name]]] : []));
  return found.length > 0 ? Object.fromEntries(found) : undefined;
}

/** An attempt that never went out; its listener hears so after `generate` has returned. */
function refused(error: WeirError, listener: AttemptListener): Attempt {
  let isOver = false;
  queueMicrotask(() => {
    if (!isOver) listener.failed(error);
  });
  const nothing = () => undefined;
  return { pause: nothing, resume: nothing, cancel: () => void (isOver = true) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new WeirError("provider_failed", "The upstream sent something that is not JSON.", {
      cause,
    });
  }
}

function canceled(cause: unknown): WeirError {
  return new WeirError("client_closed", "The client left before the end.", { cause });
}

function cannot(name: string, what: string): WeirError {
  return new WeirError("unsupported_parameter", `${name} cannot ${what}. Ask another model.`);
}
