import { hash, randomBytes } from "node:crypto";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const KEY_LENGTH = 40;

/** `wk-` and 40 letters and digits; bytes that would favour some letters are thrown away. */
export function newSecret(): string {
  let secret = "";
  while (secret.length < KEY_LENGTH) {
    for (const byte of randomBytes(KEY_LENGTH)) {
      if (byte < 4 * ALPHABET.length && secret.length < KEY_LENGTH) {
        secret += ALPHABET.charAt(byte % ALPHABET.length);
      }
    }
  }
  return `wk-${secret}`;
}

/**
 * What is kept of a secret. Secrets are 238 random bits, so a slow hash would protect nothing more;
 * finding one by its hash tells a guesser nothing by its timing.
 */
export function hashOf(secret: string): string {
  return hash("sha256", secret);
}

/** Its first letters, to tell keys apart; never more than half of one that somebody chose. */
export function prefixOf(secret: string): string {
  return secret.slice(0, Math.min(7, Math.floor(secret.length / 2)));
}

export function newKeyId(): string {
  return `key_${randomBytes(8).toString("hex")}`;
}
