import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Settings } from "../config/settings.ts";
import { WeirError, messageOf } from "../core/errors.ts";

const KEY_BYTES = 32;

/** Where weir.yaml says that a key lies: a variable, or a file. */
interface KeyPlace {
  readonly env?: string | undefined;
  readonly file?: string | undefined;
}

/**
 * A key of 32 bytes, written in base64 or hex. Throws invalid_config where it is missing or has another
 * length; `what` says which key that is, as "traces.encryption: the key a".
 */
export function readKey(
  { env, file }: KeyPlace,
  what: string,
  { folder, secret }: Pick<Settings, "folder" | "secret">,
): Buffer {
  const text = env === undefined ? readKeyFile(file, what, folder) : secret(env);
  if (text === undefined) {
    throw new WeirError("invalid_config", `${what} is not there: set ${env ?? "its env or file"}.`);
  }
  const trimmed = text.trim();
  const key = Buffer.from(trimmed, /^[0-9a-f]{64}$/i.test(trimmed) ? "hex" : "base64");
  if (key.length === KEY_BYTES) return key;
  throw new WeirError(
    "invalid_config",
    `${what} has ${key.length} bytes. Make one of 32: openssl rand -base64 32`,
  );
}

function readKeyFile(file: string | undefined, what: string, folder: string): string | undefined {
  if (file === undefined) return undefined;
  try {
    return readFileSync(resolve(folder, file), "utf8");
  } catch (cause) {
    throw new WeirError("invalid_config", `${what} cannot be read: ${messageOf(cause)}.`, {
      cause,
    });
  }
}
