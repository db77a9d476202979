import type { ReasoningPart } from "../../chat.ts";

/**
 * A thought's proof in the one field that clients carry back untouched. An encrypted thought goes as
 * it came, so that its upstream knows it again; a signature is wrapped and marked as ours.
 */

const MARK = "weir-proof.";

type Proof = Pick<ReasoningPart, "signature" | "redacted">;

/** `encrypted_content` for a thought; undefined when its upstream gave no proof. */
export function sealProof({ signature, redacted }: Proof): string | undefined {
  if (signature === undefined) return redacted;
  const json = JSON.stringify({ signature, redacted });
  return MARK + Buffer.from(json).toString("base64url");
}

/** The proof in an `encrypted_content`, ours or an upstream's own. */
export function openProof(sealed: string): Proof {
  if (!sealed.startsWith(MARK)) return { redacted: sealed };
  try {
    const json = Buffer.from(sealed.slice(MARK.length), "base64url").toString("utf8");
    const { signature, redacted } = JSON.parse(json) as Record<string, unknown>; // checked below
    return {
      ...(typeof signature === "string" && { signature }),
      ...(typeof redacted === "string" && { redacted }),
    };
  } catch {
    return { redacted: sealed };
  }
}

/** Whether a proof was wrapped here: the Responses API of an upstream cannot read it. */
export function isOurs(sealed: string): boolean {
  return sealed.startsWith(MARK);
}
