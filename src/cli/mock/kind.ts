import type { Call, Reply } from "./call.ts";

/** How a double behaves; every field has a default. */
export interface MockOptions {
  /** 0 takes any free port. */
  readonly port: number;
  readonly tokens: number;
  readonly firstMs: number;
  readonly tokenMs: number;
  /** 0 to 1. */
  readonly failRate: number;
  /** A fault's name, or an HTTP status. */
  readonly fault: string;
  readonly reply: string | undefined;
  readonly kind: string;
  /** Checked in the vendor's own way when it is set; for Bedrock `ID:SECRET`, or one API key. */
  readonly apiKey: string | undefined;
  /** The release that is imitated, where releases differ in what they send. */
  readonly version: string | undefined;
  /** vLLM's development routes (sleep and the like) exist only with it. */
  readonly devMode: boolean;
  /** llama-server answers 503 while its model loads. */
  readonly isLoading: boolean;
}

/** What went wrong; each vendor says it in its own envelope. */
export interface Failure {
  readonly status: number;
  readonly message: string;
  /** What vendors name apart from the status. */
  readonly cause?: "context" | "filter";
  readonly code?: string;
  readonly param?: string;
}

/** One method on the paths that match; of several the first one answers. */
export interface Route {
  readonly method: "GET" | "POST" | "DELETE" | "HEAD";
  readonly path: RegExp;
  /** True for what asks the model: faults and counts are for these. */
  readonly generates?: boolean;
  answer(call: Call): Reply;
}

/** One vendor's wire format: its routes, its errors, its key. */
export interface Kind {
  readonly routes: readonly Route[];
  /** The vendor's refusal of a call without the right key. */
  readonly refusal: (call: Call, apiKey: string) => Reply | undefined;
  readonly error: (failure: Failure, call: Call) => Reply;
  /** The answer to a whole request whose generation failed half-way; an error 500 where a kind says nothing. */
  halfWay?(call: Call): Reply;
  /** The upstream model that is asked for; `body.model` where a kind says nothing. */
  modelOf?(call: Call): string;
}

/** Makes a kind with a state of its own. */
export type KindFactory = (options: MockOptions) => Kind;

/** Thrown by a route for what its vendor refuses. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly failure: Failure;

  constructor(status: number, message: string, more: Partial<Failure> = {}) {
    super(message);
    this.failure = { status, message, ...more };
  }
}

/** A route that answers POST and asks the model. */
export function generation(path: RegExp, answer: Route["answer"]): Route {
  return { method: "POST", path, generates: true, answer };
}

/** A route that answers GET. */
export function getter(path: RegExp, answer: Route["answer"]): Route {
  return { method: "GET", path, answer };
}

/** A route that answers POST and does not ask the model. */
export function poster(path: RegExp, answer: Route["answer"]): Route {
  return { method: "POST", path, answer };
}

/** Whether the call brings the key as most vendors want it. */
export function hasBearer({ headers }: Call, apiKey: string): boolean {
  return headers.authorization === `Bearer ${apiKey}`;
}
