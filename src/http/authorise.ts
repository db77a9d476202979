import type { IncomingMessage } from "node:http";
import type { Caller, Scope } from "../core/call.ts";

/** Finds who sent a request and checks that they may; throws unauthorized or forbidden. */
export type Authorise = (request: IncomingMessage, scope: Scope) => Caller;
