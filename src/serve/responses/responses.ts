/**
 * OpenAI's Responses API with its memory, in front of any model. `prepare` stands where a body is
 * read, and what it gives stands where a call is started:
 *
 *     const asked = responses.prepare(body, caller);       // throws what the client did wrong
 *     const { request, head, protocol } = asked;           // for the reply, as with any protocol
 *     const call = asked.start(context, reply);            // in the place of generate(…)
 *
 * What a request refers to (an earlier response, a conversation, items, files) is written out before
 * the call, so that no model needs a memory; the answer is kept after it, unless `store` is false.
 * Only what the guard let through is kept, a request that it blocked not at all.
 *
 * `background: true` answers at once and goes on without its client. It lives in this process: after
 * a restart what had not ended is marked as failed, since its prompt is kept only as the guard
 * changed it, and running it again could pay twice.
 *
 * All of this is synchronous, as SQLite is.
 */
import type { Caller } from "../../core/call.ts";
import type { GenerateRequest } from "../../core/chat.ts";
import type { AnswerHead, ClientProtocol } from "../../core/dialects/client-protocol.ts";
import {
  type ResponseObject,
  type ResponseStatus,
  echoOf,
  toResponseError,
} from "../../core/dialects/responses/answer.ts";
import { openAiResponses } from "../../core/dialects/responses/responses.ts";
import { WeirError, messageOf, toWeirError } from "../../core/errors.ts";
import { formatSse } from "../../core/sse.ts";
import type { CallContext, Reply, RunningCall } from "../gateway/needs.ts";
import { type Context, resolveContext } from "./context.ts";
import type { Follower } from "./event-ring.ts";
import { isObject, redactItems } from "./items.ts";
import type { KeptItem, KeptResponse, ResponsesNeeds } from "./needs.ts";
import { type Outcome, Run } from "./run.ts";
import { Runs } from "./runs.ts";

export interface PreparedResponse {
  readonly request: GenerateRequest;
  readonly head: AnswerHead;
  /** Bound to this one response. */
  readonly protocol: ClientProtocol;
  start(context: CallContext, reply: Reply): RunningCall;
}

export interface Responses {
  /** Throws invalid_request, not_found or conflict that names the field at fault. */
  prepare(body: unknown, caller: Caller): PreparedResponse;
  /** The following throw not_found for what is not this key's. */
  get(caller: Caller, id: string): ResponseObject;
  remove(caller: Caller, id: string): void;
  /** Ends a background response. Throws invalid_request for any other that has ended. */
  cancel(caller: Caller, id: string): ResponseObject;
  inputItems(caller: Caller, id: string): readonly KeptItem[];
  /** The stream's events after this number, now and later; gives the way to stop. */
  follow(caller: Caller, id: string, after: number, follower: Follower): () => void;
  /** Resolves once nothing runs in the background: what a server that drains waits for. */
  idle(): Promise<void>;
  /** Ends what runs in the background; it is kept as failed. */
  close(): void;
}

/** Most responses that are made at a time while one more may begin in the background. */
const MAX_RUNNING = 1000;

const LOST = new WeirError(
  "shutting_down",
  "The server stopped before this response was ready. Send the request again.",
);

/** Builds the room. What an earlier process left unfinished is marked as failed. */
export function createResponses(needs: ResponsesNeeds): Responses {
  const runs = new Runs();
  needs.responses.failUnfinished(toResponseError(LOST));
  return {
    ...createDesk(runs, needs),
    prepare: (body, caller) => prepare(isObject(body) ? body : {}, caller, runs, needs),
    idle: () => runs.idle(),
    close: () => runs.breakOff(LOST),
  };
}

/** What clients ask about responses that are there. */
function createDesk(
  runs: Runs,
  { responses }: ResponsesNeeds,
): Omit<Responses, "prepare" | "idle" | "close"> {
  function find({ keyId }: Caller, id: string): KeptResponse {
    const kept = responses.find(keyId, id);
    if (kept) return kept;
    throw new WeirError(
      "not_found",
      `There is no response ${id} here. It may have been deleted, be too old, or belong to another key.`,
    );
  }

  function get(caller: Caller, id: string): ResponseObject {
    const run = runs.background(caller.keyId, id);
    if (run) return run.answer.response();
    const { body, status } = find(caller, id);
    // Only `write` puts them there.
    const output = responses.items(id, "output") as ResponseObject["output"];
    return { ...body, id, status: status as ResponseStatus, output };
  }

  return {
    get,
    remove(caller, id) {
      runs.background(caller.keyId, id)?.stop();
      find(caller, id);
      runs.forget(id);
      responses.remove(caller.keyId, id);
    },
    cancel(caller, id) {
      runs.background(caller.keyId, id)?.stop();
      const response = get(caller, id);
      if (response.status === "cancelled") return response;
      throw new WeirError(
        "invalid_request",
        `The response ${id} has the status "${response.status}": only a background response that still runs can be cancelled.`,
      );
    },
    inputItems(caller, id) {
      find(caller, id);
      return responses.items(id, "input");
    },
    follow(caller, id, after, follower) {
      const ring = runs.withEvents(caller.keyId, id)?.ring;
      if (ring) return ring.follow(after, follower);
      const { lastEvent } = find(caller, id);
      const response = get(caller, id);
      if (lastEvent > after && response.status !== "cancelled") {
        const type = `response.${response.status}`;
        const event = { type, sequence_number: lastEvent, response };
        follower.write(formatSse(JSON.stringify(event), type));
      }
      follower.end();
      return () => undefined;
    },
  };
}

function prepare(
  body: Readonly<Record<string, unknown>>,
  caller: Caller,
  runs: Runs,
  needs: ResponsesNeeds,
): PreparedResponse {
  const context = resolveContext(body, caller, (id) => runs.isRunning(id), needs);
  const request = openAiResponses.request(context.body);
  const isBackground = body["background"] === true;
  if (isBackground) checkBackground(body, runs.size);
  const head: AnswerHead = {
    id: needs.newId(openAiResponses.idPrefix),
    created: Math.floor(needs.now() / 1000),
    model: request.model,
  };
  const run = new Run({
    head,
    caller,
    echo: echoOf(body),
    isStreamed: request.stream,
    isBackground,
    settled(run, outcome) {
      runs.over(head.id);
      if (body["store"] !== false) keep(run, outcome, context, needs);
    },
  });
  return {
    request,
    head,
    protocol: run.protocol,
    start(call, reply) {
      const begin = (into: Reply) => needs.generate(request, call, into);
      // Kept first: an id that was given must lead somewhere.
      const fault = isBackground ? keepQueued(run, context, needs) : undefined;
      if (fault) {
        reply.fail(fault);
        const nothing = () => undefined;
        return { cancel: nothing, resume: nothing, breakOff: nothing };
      }
      runs.add(head.id, run);
      if (isBackground) run.detach(reply, request.stream);
      else run.attach(reply);
      run.work(begin);
      return run;
    },
  };
}

function checkBackground(body: Readonly<Record<string, unknown>>, count: number): void {
  if (body["store"] === false) {
    throw new WeirError(
      "invalid_request",
      "A background response is fetched later, so it must be kept: leave out store, or set it to true.",
      { param: "background" },
    );
  }
  if (count >= MAX_RUNNING) {
    throw new WeirError(
      "rate_limited",
      `${MAX_RUNNING} responses are being made. Try again when some have ended.`,
      { param: "background", retryAfterMs: 5000 },
    );
  }
}

/** Writes down that a run will be; gives the reason when it cannot be kept. */
function keepQueued(run: Run, context: Context, needs: ResponsesNeeds): WeirError | undefined {
  try {
    write(run, context, kept(context, run, needs), needs);
    return undefined;
  } catch (cause) {
    needs.log.error("response_not_kept", { reason: messageOf(cause) });
    return toWeirError(cause);
  }
}

/** Writes down how a run ended. A store that fails costs the memory of this answer, not the answer. */
function keep(run: Run, outcome: Outcome, context: Context, needs: ResponsesNeeds): void {
  const error = typeof outcome === "object" ? outcome.error : undefined;
  // A client that got no more than an error status knows no id to come back with.
  if (error && !run.isBackground && !run.hasBegun) return;
  const isBlocked = error?.code === "blocked_by_guard";
  if (isBlocked && !run.isBackground) return;
  try {
    const input = isBlocked ? [] : kept(context, run, needs);
    write(run, context, input, needs);
    if (outcome !== "completed" || context.conversationId === null) return;
    const { output } = run.answer.response();
    needs.conversations.append(run.caller.keyId, context.conversationId, [...input, ...output]);
  } catch (cause) {
    needs.log.error("response_not_kept", { reason: messageOf(cause) });
  }
}

/** What came, as the guard let it through. */
function kept({ input }: Context, run: Run, { inspect }: ResponsesNeeds): readonly KeptItem[] {
  const { model, caller } = run;
  return redactItems(input, { model, inspect: (request) => inspect(request, caller) });
}

function write(
  { answer, caller }: Run,
  { previousId }: Context,
  input: readonly KeptItem[],
  { responses }: ResponsesNeeds,
): void {
  const { output, ...body } = answer.response();
  const { id, status } = body;
  // The spread of a Response keeps its fields, which TypeScript forgets for its open rest.
  const kept = body as KeptResponse["body"];
  const { lastNumber: lastEvent } = answer;
  responses.put({
    id,
    keyId: caller.keyId,
    status,
    previousId,
    body: kept,
    lastEvent,
    input,
    output,
  });
}
