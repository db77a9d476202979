import { statfs } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { WeirError } from "../core/errors.ts";
import { formatBytes } from "./format-bytes.ts";

/** Throws WeirError unless a file of so many bytes has room where it is to be written. */
export async function checkRoom(to: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(dirname(resolve(to))).catch((cause: unknown) => {
    throw new WeirError("invalid_request", `There is no folder ${dirname(resolve(to))}.`, {
      cause,
    });
  });
  if (bavail * bsize >= bytes) return;
  throw new WeirError(
    "invalid_request",
    `The result needs ${formatBytes(bytes)}, and the disk of ${to} has ${formatBytes(bavail * bsize)} left.`,
  );
}
