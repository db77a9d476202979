import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Shelf } from "./shelf.ts";

/**
 * Addresses that work without a key for a while, because nobody else can have made them: what they are
 * for is written in them and signed. The secret is kept on the shelf, so that every replica knows it
 * and links outlive a restart.
 */
export interface Links {
  /** What follows `/` in the address. */
  sign(what: readonly string[], expiresAt: number): Promise<string>;
  /** What was signed; undefined for what we did not sign, or whose time is over. */
  read(token: string, now: number): Promise<readonly string[] | undefined>;
}

const KIND = "link-secret";
const TENANT = "default";

export function createLinks(shelf: Shelf): Links {
  let secret: Promise<Buffer> | undefined;
  const known = () => {
    secret ??= secretOf(shelf);
    // A shelf that could not be read is asked again.
    secret.catch(() => (secret = undefined));
    return secret;
  };
  return {
    async sign(what, expiresAt) {
      const text = Buffer.from(JSON.stringify([expiresAt, ...what])).toString("base64url");
      return `${text}.${signature(await known(), text)}`;
    },
    async read(token, now) {
      const [text = "", signed = ""] = token.split(".");
      const wanted = Buffer.from(signature(await known(), text));
      const given = Buffer.from(signed);
      if (wanted.length !== given.length || !timingSafeEqual(wanted, given)) return undefined;
      const [expiresAt, ...what] = JSON.parse(Buffer.from(text, "base64url").toString("utf8")) as [
        number,
        ...string[],
      ]; // as signed above
      return expiresAt > now ? what : undefined;
    },
  };
}

function signature(secret: Buffer, text: string): string {
  return createHmac("sha256", secret).update(text).digest("base64url");
}

async function secretOf(shelf: Shelf): Promise<Buffer> {
  const kept = await shelf.get(KIND, KIND, TENANT);
  if (kept) return Buffer.from(String(kept.value), "base64url");
  const made = randomBytes(32);
  const value = made.toString("base64url");
  const at = Date.now();
  try {
    await shelf.write([
      { op: "put", kind: KIND, tenantId: TENANT, id: KIND, value, at, ifVersion: 0 },
    ]);
    return made;
  } catch (cause) {
    // Another replica was first.
    const theirs = await shelf.get(KIND, KIND, TENANT);
    if (theirs) return Buffer.from(String(theirs.value), "base64url");
    throw cause;
  }
}
