import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type Call, type Json, type Reply, objectOf, stringOf } from "./call.ts";
import { type Delivery, deliver } from "./deliver.ts";
import { faultFor, replyFor } from "./faults.ts";
import { type Failure, type Kind, type MockOptions, Refused, type Route } from "./kind.ts";
import { kindNamed } from "./kinds.ts";

export type { MockOptions } from "./kind.ts";

/** A double that listens; its owner closes it. */
export interface MockUpstream {
  readonly url: string;
  /** The bodies of the generation requests so far. */
  readonly requests: Body[];
  /** Every request so far. */
  readonly calls: SeenCall[];
  /** Answers that were written to their end. */
  readonly finished: () => number;
  /** Answers that wait for their reader now. */
  readonly stalled: () => number;
  /** Generations whose client left before their end. */
  readonly aborted: () => number;
  /** From now on no answer goes beyond its first piece before the function that this gives is called. */
  hold(): () => void;
  close(): Promise<void>;
}

/** A request as it arrived; `body` is parsed JSON, or the text that it was. */
export interface SeenCall {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: unknown;
}

/** A request's body, with the fields that tests look at most. */
export interface Body {
  readonly model?: string;
  readonly stream?: boolean;
  readonly stream_options?: { include_usage?: boolean };
  readonly n?: number;
  readonly max_tokens?: number;
  readonly input?: string | readonly unknown[];
  readonly [field: string]: unknown;
}

const DEFAULTS: MockOptions = {
  port: 0,
  tokens: 8,
  firstMs: 0,
  tokenMs: 0,
  failRate: 0,
  fault: "status",
  reply: undefined,
  kind: "openai-compatible",
  apiKey: undefined,
  version: undefined,
  devMode: false,
  isLoading: false,
};

/** An upstream that answers as a vendor's API does, and can fail in the ways that upstreams fail. */
export async function createMockUpstream(
  options: Partial<MockOptions> = {},
): Promise<MockUpstream> {
  const settings = { ...DEFAULTS, ...options };
  const kind = kindNamed(settings.kind)(settings);
  const requests: Body[] = [];
  const calls: SeenCall[] = [];
  let aborted = 0;
  let finished = 0;
  let stalled = 0;
  let held: Promise<void> | undefined;

  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const { call, seen } = await readCall(request);
    calls.push(seen);
    if (call.method !== "GET") {
      requests.push(call.body);
      response.on("close", () => {
        if (response.writableFinished) finished += 1;
        else aborted += 1;
      });
    }
    const { reply, fault } = answer(kind, call, settings);
    const waiting: Delivery["waiting"] = (change) => void (stalled += change);
    const heldNow = () => (call.method === "GET" ? undefined : held);
    await deliver(reply, response, { ...settings, fault, waiting, held: heldNow });
  };

  const server = createServer((request, response) => {
    void serve(request, response).catch(() => response.destroy());
  });
  server.listen(settings.port, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    calls,
    aborted: () => aborted,
    finished: () => finished,
    stalled: () => stalled,
    hold() {
      const { promise, resolve } = Promise.withResolvers<void>();
      held = promise;
      return () => {
        held = undefined;
        resolve();
      };
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The answer, and the fault that is to spoil it on its way out. */
function answer(
  kind: Kind,
  call: Call,
  settings: MockOptions,
): { reply: Reply; fault?: string | undefined } {
  const refusal = settings.apiKey === undefined ? undefined : kind.refusal(call, settings.apiKey);
  if (refusal !== undefined) return { reply: refusal };
  const matching = kind.routes.filter(({ path }) => path.test(call.path));
  const route = matching.find(({ method }) => method === call.method);
  if (route === undefined) {
    const failure: Failure =
      matching.length > 0
        ? { status: 405, message: "Method Not Allowed" }
        : { status: 404, message: "Not Found" };
    return { reply: kind.error(failure, call) };
  }
  return route.generates
    ? generate(route, kind, call, settings)
    : { reply: ask(route, kind, call) };
}

function generate(
  route: Route,
  kind: Kind,
  call: Call,
  settings: MockOptions,
): { reply: Reply; fault?: string | undefined } {
  const model = kind.modelOf?.(call) ?? stringOf(call.body["model"]) ?? "";
  const fault = faultFor(call, model, settings);
  const failed = fault === undefined ? undefined : replyFor(fault, kind, call);
  if (failed !== undefined) return { reply: failed };
  const reply = ask(route, kind, call);
  // A whole answer has no middle: its error comes instead of it.
  const isError = fault === "mid-error" || fault === "error-first";
  if (isError && "body" in reply && reply.status === 200)
    return {
      reply: kind.halfWay?.(call) ?? kind.error({ status: 500, message: "mock failure 500" }, call),
    };
  return { reply, fault };
}

function ask(route: Route, kind: Kind, call: Call): Reply {
  try {
    return route.answer(call);
  } catch (error) {
    if (error instanceof Refused) return kind.error(error.failure, call);
    throw error;
  }
}

async function readCall(request: IncomingMessage): Promise<{ call: Call; seen: SeenCall }> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer); // no encoding was set
  const raw = Buffer.concat(chunks);
  const { method = "GET", url: target = "/", headers } = request;
  const { pathname, searchParams: query } = new URL(target, "http://mock");
  const path = decodeURIComponent(pathname);
  const body = parsed(raw);
  const call = { method, path, query, target, headers, body: objectOf(body), raw };
  return { call, seen: { method, path: target, headers, body } };
}

function parsed(raw: Buffer): unknown {
  const text = raw.toString("utf8");
  try {
    return text === "" ? {} : (JSON.parse(text) as Json);
  } catch {
    return text; // a form, or what its vendor will find wrong
  }
}
