import { type WeirError, toWeirError } from "./errors.ts";

/**
 * Asks, and goes on with the answer: at once where it is there, later where it is promised. A promise
 * that is already kept would still cost the hot path a turn. What either throws goes to `failed`.
 */
export function whenKnown<T>(
  ask: () => T | Promise<T>,
  next: (value: T) => void,
  failed: (error: WeirError) => void,
): void {
  try {
    const value = ask();
    if (value instanceof Promise) {
      void continued(value, next, failed);
    } else next(value);
  } catch (cause) {
    failed(toWeirError(cause));
  }
}

async function continued<T>(
  value: Promise<T>,
  next: (value: T) => void,
  failed: (error: WeirError) => void,
): Promise<void> {
  try {
    next(await value);
  } catch (cause) {
    failed(toWeirError(cause));
  }
}
