import { StringDecoder } from "node:string_decoder";
import { type Dispatcher, Pool } from "undici";
import type { ChatEvent, GenerateRequest } from "../../core/chat.ts";
import {
  parseUpstreamAnswer,
  parseUpstreamEmbeddings,
  toUpstreamBody,
} from "../../core/dialects/openai/upstream.ts";
import { WeirError, messageOf } from "../../core/errors.ts";
import { type SseParser, createSseParser } from "../../core/sse.ts";
import type {
  Attempt,
  AttemptListener,
  Embeddings,
  Provider,
  ProviderHealth,
} from "../provider.ts";
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

const MAX_ERROR_BYTES = 64 * 1024;
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/**
 * Any server that speaks OpenAI's dialect. Uses undici's `dispatch` with a handler of our own: on
 * this path `fetch` costs seven times as much CPU (see docs/decisions).
 */
export function openAiCompatible(options: OpenAiCompatibleOptions): Provider {
  const url = new URL(options.url);
  const base = url.pathname === "/" ? "/v1" : url.pathname.replace(/\/$/, "");
  const pool = new Pool(url.origin, {
    connections: options.connections ?? 256,
    pipelining: 1,
    headersTimeout: options.firstContentMs,
    bodyTimeout: options.stallMs,
    connectTimeout: Math.min(options.firstContentMs, 10_000),
  });
  const headers = {
    "content-type": "application/json",
    ...(options.apiKey && { authorization: `Bearer ${options.apiKey}` }),
  };
  let lastFailure: string | undefined;

  return {
    name: options.name,
    generate(request, listener) {
      const path = request.kind === "chat" ? "/chat/completions" : "/completions";
      const attempt = new UpstreamAttempt(request, options, {
        ...listener,
        events: (events) => listener.events(events),
        done() {
          lastFailure = undefined;
          listener.done();
        },
        failed(error) {
          lastFailure = error.message;
          listener.failed(error);
        },
      });
      const body = JSON.stringify(toUpstreamBody(request));
      pool.dispatch({ path: base + path, method: "POST", headers, body }, attempt);
      return attempt;
    },
    async embed({ model, input, dimensions }, signal) {
      const body = JSON.stringify({ model, input, dimensions });
      const call = { path: `${base}/embeddings`, method: "POST" as const, headers, body, signal };
      try {
        return await embed(pool, call, options.name);
      } catch (cause) {
        throw toTransportError(options.name, cause);
      }
    },
    health(): ProviderHealth {
      if (lastFailure === undefined) return { state: "ready" };
      return { state: "unknown", detail: lastFailure };
    },
    close: () => pool.destroy(),
  };
}

async function embed(
  pool: Pool,
  call: Dispatcher.RequestOptions,
  name: string,
): Promise<Embeddings> {
  const { statusCode, headers, body } = await pool.request(call);
  if (statusCode >= 400) {
    throw toUpstreamError(name, statusCode, { headers, body: await body.text() });
  }
  return parseUpstreamEmbeddings(await body.json());
}

/** One request to the upstream: undici's callbacks in, the listener's out. */
class UpstreamAttempt implements Attempt, Dispatcher.DispatchHandler {
  private readonly request: GenerateRequest;
  private readonly listener: AttemptListener;
  private readonly name: string;
  private readonly deadline: NodeJS.Timeout;
  private readonly decoder = new StringDecoder("utf8");
  private controller: Dispatcher.DispatchController | undefined;
  private sse: SseParser | undefined;
  private status = 0;
  private headers: Record<string, string | string[] | undefined> = {};
  private text = "";
  private batch: ChatEvent[] = [];
  private finished = 0;
  private sawDone = false;
  private isOver = false;
  private isPaused = false;

  constructor(
    request: GenerateRequest,
    { name, timeoutMs }: OpenAiCompatibleOptions,
    listener: AttemptListener,
  ) {
    this.request = request;
    this.listener = listener;
    this.name = name;
    this.deadline = setTimeout(() => this.timedOut(timeoutMs), timeoutMs);
  }

  pause(): void {
    this.isPaused = true;
    this.controller?.pause();
  }

  resume(): void {
    this.isPaused = false;
    this.controller?.resume();
  }

  cancel(): void {
    if (!this.over()) return;
    this.controller?.abort(new WeirError("client_closed", "The call was canceled."));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    // Canceled while it waited for a connection: it must not reach the upstream.
    if (this.isOver) controller.abort(new WeirError("client_closed", "The call was canceled."));
    else if (this.isPaused) controller.pause();
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return;
    this.status = status;
    this.headers = headers;
    const type = String(headers["content-type"] ?? "");
    if (status < 300 && type.startsWith("text/event-stream")) {
      this.sse = createSseParser(({ data }) => this.tookData(data));
    }
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.isOver) return;
    const text = this.decoder.write(chunk);
    if (!this.sse) {
      this.text += text;
      const limit = this.status < 300 ? MAX_ANSWER_BYTES : MAX_ERROR_BYTES;
      if (this.text.length > limit) this.broke("sent an answer without end");
      return;
    }
    try {
      this.sse.push(text);
    } catch (cause) {
      this.failed(cause instanceof WeirError ? cause : this.failure(messageOf(cause), cause));
    }
    this.flush();
  }

  onResponseEnd(): void {
    if (this.isOver) return;
    if (this.status >= 300) {
      const { headers, text } = this;
      this.failed(toUpstreamError(this.name, this.status, { headers, body: text }));
      return;
    }
    if (!this.sse) this.readWhole();
    if (this.isOver) return;
    const isComplete = this.finished >= this.request.n || (this.sawDone && this.finished > 0);
    if (!isComplete) this.broke(this.sawDone ? "ended without an answer" : "broke off its answer");
    else if (this.over()) this.listener.done();
  }

  onResponseError(_controller: Dispatcher.DispatchController, cause: Error): void {
    this.failed(toTransportError(this.name, cause));
  }

  private tookData(data: string): void {
    if (this.isOver) return;
    if (data === "[DONE]") {
      this.sawDone = true;
      return;
    }
    this.take(parseUpstreamAnswer(data));
  }

  private readWhole(): void {
    try {
      this.take(parseUpstreamAnswer(this.text));
    } catch (cause) {
      this.failed(cause instanceof WeirError ? cause : this.failure(messageOf(cause), cause));
    }
    this.flush();
  }

  private take(events: readonly ChatEvent[]): void {
    for (const event of events) {
      if (event.type === "finish") this.finished += 1;
      this.batch.push(event);
    }
  }

  private flush(): void {
    if (this.batch.length === 0 || this.isOver) return;
    const { batch } = this;
    this.batch = [];
    this.listener.events(batch);
  }

  private timedOut(afterMs: number): void {
    this.failed(
      new WeirError("provider_timed_out", `${this.name} took longer than ${afterMs / 1000} s.`),
    );
  }

  private broke(what: string): void {
    this.failed(this.failure(`${this.name} ${what}.`));
  }

  private failure(message: string, cause?: unknown): WeirError {
    return new WeirError("provider_failed", message, { cause });
  }

  private failed(error: WeirError): void {
    if (!this.over()) return;
    this.controller?.abort(error);
    this.listener.failed(error);
  }

  /** Marks the end; false when it had come before. */
  private over(): boolean {
    if (this.isOver) return false;
    this.isOver = true;
    clearTimeout(this.deadline);
    return true;
  }
}
