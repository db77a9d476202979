import { WeirError } from "../../core/errors.ts";

/** Why a checkpoint cannot be converted: said before anything is written. */
export function refusal(message: string, cause?: unknown): WeirError {
  return new WeirError("invalid_config", message, { cause });
}

/** A name from a file, short enough for a message. */
export function quote(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
}
