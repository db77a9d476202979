import { WeirError, messageOf } from "../../core/errors.ts";
import type { ThreadError } from "./messages.ts";

export function packError(cause: unknown): ThreadError {
  if (!(cause instanceof WeirError)) return { message: messageOf(cause) };
  const { message, code, param, status, retryAfterMs } = cause;
  return {
    message,
    code,
    status,
    ...(param !== undefined && { param }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}

export function unpackError({ message, code, ...options }: ThreadError): Error {
  return code === undefined ? new Error(message) : new WeirError(code, message, options);
}
