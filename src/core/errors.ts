/** Every failure that can leave Weir: what it is called, what HTTP says, whether trying again helps. */
export const ERRORS = {
  invalid_config: { status: 500, type: "server_error", retry: false },
  invalid_request: { status: 400, type: "invalid_request_error", retry: false },
  context_length_exceeded: { status: 400, type: "invalid_request_error", retry: false },
  unsupported_parameter: { status: 400, type: "invalid_request_error", retry: false },
  unauthorized: { status: 401, type: "authentication_error", retry: false },
  forbidden: { status: 403, type: "permission_error", retry: false },
  blocked_by_guard: { status: 403, type: "invalid_request_error", retry: false },
  held_for_review: { status: 403, type: "invalid_request_error", retry: false },
  approval_needed: { status: 403, type: "invalid_request_error", retry: false },
  blocked_by_provider: { status: 400, type: "invalid_request_error", retry: false },
  not_found: { status: 404, type: "invalid_request_error", retry: false },
  model_not_found: { status: 404, type: "invalid_request_error", retry: false },
  method_not_allowed: { status: 405, type: "invalid_request_error", retry: false },
  request_timed_out: { status: 408, type: "invalid_request_error", retry: true },
  conflict: { status: 409, type: "invalid_request_error", retry: false },
  request_too_large: { status: 413, type: "invalid_request_error", retry: false },
  headers_too_large: { status: 431, type: "invalid_request_error", retry: false },
  overloaded: { status: 429, type: "rate_limit_error", retry: true },
  rate_limited: { status: 429, type: "rate_limit_error", retry: true },
  budget_exceeded: { status: 429, type: "insufficient_quota", retry: false },
  engine_busy: { status: 429, type: "rate_limit_error", retry: true },
  client_closed: { status: 499, type: "client_closed_request", retry: false },
  internal: { status: 500, type: "server_error", retry: false },
  provider_failed: { status: 502, type: "server_error", retry: true },
  engine_crashed: { status: 503, type: "server_error", retry: true },
  model_unavailable: { status: 503, type: "server_error", retry: true },
  shutting_down: { status: 503, type: "server_error", retry: true },
  guard_failed: { status: 503, type: "server_error", retry: true },
  storage_unavailable: { status: 503, type: "server_error", retry: true },
  provider_timed_out: { status: 504, type: "server_error", retry: true },
  deadline_exceeded: { status: 504, type: "server_error", retry: false },
  storage_full: { status: 507, type: "server_error", retry: false },
} as const satisfies Record<string, { status: number; type: string; retry: boolean }>;

export type ErrorCode = keyof typeof ERRORS;

export interface WeirErrorOptions extends ErrorOptions {
  /** The request field at fault, as OpenAI's envelope names it (`messages[2].role`). */
  readonly param?: string;
  /** How long the caller should wait before it tries again; becomes `retry-after`. */
  readonly retryAfterMs?: number;
  /** The HTTP status that an upstream gave, when it differs from the table's. */
  readonly status?: number;
  /** More headers for the answer, as the limits that refused it. */
  readonly headers?: Readonly<Record<string, string>>;
}

export class WeirError extends Error {
  override readonly name = "WeirError";
  readonly code: ErrorCode;
  readonly param: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>> | undefined;

  constructor(code: ErrorCode, message: string, options: WeirErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.param = options.param;
    this.retryAfterMs = options.retryAfterMs;
    this.status = options.status ?? ERRORS[code].status;
    this.headers = options.headers;
  }

  /** Whether the same request may succeed elsewhere or later. */
  get retryable(): boolean {
    return ERRORS[this.code].retry;
  }
}

/** What is safe to tell a caller of any thrown value: WeirErrors speak for themselves, the rest is hidden. */
export function toWeirError(cause: unknown): WeirError {
  if (cause instanceof WeirError) return cause;
  return new WeirError("internal", "Weir failed on this request; its log has the reason.", {
    cause,
  });
}

/** The message of any thrown value, for logs and for a `cause` shown to an operator. */
export function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** The same words wherever an unknown model is asked for. */
export function modelNotFound(name: string, names: readonly string[]): WeirError {
  const there = names.length === 1 ? "There is" : "There are";
  const list = names.length === 0 ? "There is none at all." : `${there}: ${names.join(", ")}.`;
  const message = `There is no model "${name}" here. ${list} Models are added in weir.yaml.`;
  return new WeirError("model_not_found", message, { param: "model" });
}
