import { randomBytes, randomUUID } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { WeirError, messageOf } from "../core/errors.ts";

const FILE = "guard.key";
const KEY_BYTES = 32;

/**
 * What this server's guard makes marks and fingerprints with: 32 bytes in its data folder, made by
 * whoever comes first. Whoever has the database alone can test no text against it. Throws invalid_config.
 */
export function guardKey(dataFolder: string): Buffer {
  const path = join(dataFolder, FILE);
  try {
    const key = readKey(path) ?? makeKey(dataFolder, path);
    if (key.length === KEY_BYTES) return key;
  } catch (cause) {
    throw new WeirError("invalid_config", `${path} cannot be used: ${messageOf(cause)}.`, {
      cause,
    });
  }
  throw new WeirError(
    "invalid_config",
    `${path} is no key of ${KEY_BYTES} bytes. Delete it: a new one is made at the next start, and documents that were remembered are forgotten.`,
  );
}

function readKey(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (cause) {
    if (isCode(cause, "ENOENT")) return undefined;
    throw cause;
  }
}

/** Workers start at the same time: whole keys alone get the name, and the first one stays. */
function makeKey(folder: string, path: string): Buffer {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const own = join(folder, `${FILE}.${randomUUID()}`);
  writeFileSync(own, randomBytes(KEY_BYTES), { mode: 0o600, flag: "wx" });
  try {
    linkSync(own, path);
  } catch (cause) {
    if (!isCode(cause, "EEXIST")) throw cause;
  } finally {
    rmSync(own);
  }
  return readFileSync(path);
}

function isCode(cause: unknown, code: string): boolean {
  return cause instanceof Error && "code" in cause && cause.code === code;
}
