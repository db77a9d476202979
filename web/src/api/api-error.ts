import { asText, at } from "./json.ts";

/** A request that failed: what the server said, or why it could not be asked. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  /** 0 when no answer came at all. */
  readonly status: number;
  readonly code: string;
  readonly requestId: string | null;

  constructor(
    message: string,
    facts: { status: number; code: string; requestId?: string | null },
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.status = facts.status;
    this.code = facts.code;
    this.requestId = facts.requestId ?? null;
  }
}

/** Reads the error envelope; an answer in another shape (a proxy's page) still gives a sentence. */
export function toApiError(status: number, body: unknown): ApiError {
  const error = at(body, "error");
  return new ApiError(asText(at(error, "message")) ?? `The server answered with HTTP ${status}.`, {
    status,
    code: asText(at(error, "code")) ?? asText(at(error, "type")) ?? "unexpected_answer",
    requestId: asText(at(error, "request_id")),
  });
}

/** What a failed `fetch` means to a reader: the server could not be reached. */
export function unreachable(cause: unknown): ApiError {
  return new ApiError("Weir does not answer.", { status: 0, code: "unreachable" }, { cause });
}

/** One sentence on what helps, for the failures that a dashboard user can do something about. */
export function adviceFor(error: ApiError): string {
  switch (error.code) {
    case "unreachable":
      return "Check that the server is running and that this address still leads to it.";
    case "unauthorized":
      return "The session has ended. Sign in again.";
    case "forbidden":
      return "An administrator can give you the role, or a key that has the scope.";
    case "storage_unavailable":
      return "Nothing was changed. Try again once the database is back.";
    case "rate_limited":
    case "engine_busy":
      return "Wait a moment and try again.";
    case "budget_exceeded":
      return "The budget is used up. Raise the limit in weir.yaml, or wait until it renews.";
    case "context_length_exceeded":
      return "Shorten the conversation: edit the last message, or start a new chat.";
    case "model_not_found":
      return "Choose a model that weir.yaml names; the Models page lists them.";
    case "model_unavailable":
    case "engine_crashed":
      return "See the model's state on the Models page; Weir restarts an engine by itself.";
    default:
      return error.status >= 500 ? "The server's log has the reason. Trying again may help." : "";
  }
}
