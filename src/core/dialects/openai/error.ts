import { ERRORS, type WeirError } from "../../errors.ts";

/** OpenAI's error envelope. */
export function formatError(error: WeirError, requestId?: string): string {
  return JSON.stringify({
    error: {
      message: error.message,
      type: ERRORS[error.code].type,
      code: error.code,
      param: error.param ?? null,
      ...(requestId !== undefined && { request_id: requestId }),
    },
  });
}
