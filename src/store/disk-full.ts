import { WeirError, messageOf } from "../core/errors.ts";

/** Whether a write failed because there was no room. */
export function isDiskFull(cause: unknown): boolean {
  return /ENOSPC|EDQUOT|disk is full/i.test(messageOf(cause));
}

/** A failed write in words for the client when the disk is full; any other cause as it is. */
export function toFullError(cause: unknown): unknown {
  if (!isDiskFull(cause)) return cause;
  return new WeirError(
    "storage_full",
    "The server's disk is full, so nothing was kept. Delete files or old data there, then try again.",
    { cause },
  );
}
