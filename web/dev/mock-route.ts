import type { IncomingMessage, ServerResponse } from "node:http";

/** A refusal in the server's own envelope. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly body: string;
  readonly id: string;
}

/** What a route gives is sent as JSON; nothing is a 204. */
export type MockRoute = readonly [method: string, path: RegExp, route: (call: Call) => unknown];

export function missing(what: string): never {
  throw new Refusal(404, "not_found", `There is no such ${what}.`);
}
