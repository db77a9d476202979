import { WeirError, messageOf } from "../core/errors.ts";

/** A failed write in words for the client when the disk is full; any other cause as it is. */
export function toFullError(cause: unknown): unknown {
  if (!/ENOSPC|EDQUOT|disk is full/i.test(messageOf(cause))) return cause;
  return new WeirError(
    "storage_full",
    "The server's disk is full, so nothing was kept. Delete files or old data there, then try again.",
    { cause },
  );
}
