import { createHash, createHmac } from "node:crypto";
import type { Call, Reply } from "../call.ts";
import { awsError } from "./errors.ts";

const FORM =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/;

/**
 * AWS's refusal of a call that is not signed with this key, computed as AWS computes it (version 4
 * of its signatures). `apiKey` is `ID:SECRET`; without a colon it is an API key, sent as a bearer.
 */
export function signatureRefusal(call: Call, apiKey: string): Reply | undefined {
  const given = call.headers.authorization;
  if (given === undefined)
    return awsError({
      status: 403,
      message: "Missing Authentication Token",
      code: "MissingAuthenticationTokenException",
    });
  const colon = apiKey.indexOf(":");
  if (given.startsWith("Bearer ")) {
    if (colon === -1 && given === `Bearer ${apiKey}`) return undefined;
    return awsError({
      status: 403,
      message: "Authentication failed: Please make sure your API Key is valid.",
      code: "AccessDeniedException",
    });
  }
  const [, id, date = "", region = "", service = "", signed = "", signature] =
    FORM.exec(given) ?? [];
  if (id === undefined || service !== "bedrock")
    return awsError({
      status: 403,
      message: "Authorization header is not a signature for bedrock.",
      code: "IncompleteSignatureException",
    });
  if (id !== apiKey.slice(0, colon))
    return awsError({
      status: 403,
      message: "The security token included in the request is invalid.",
      code: "UnrecognizedClientException",
    });
  const scope = [date, region, service, "aws4_request"];
  const text = [
    "AWS4-HMAC-SHA256",
    String(call.headers["x-amz-date"]),
    scope.join("/"),
    sha256(canonical(call, signed)),
  ].join("\n");
  const key = scope.reduce<string | Buffer>(hmac, `AWS4${apiKey.slice(colon + 1)}`);
  if (hmac(key, text).toString("hex") === signature) return undefined;
  return awsError({
    status: 403,
    message:
      "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
    code: "InvalidSignatureException",
  });
}

/** What is signed of a request. */
function canonical({ method, target, headers, raw }: Call, signed: string): string {
  const [path = "/", query = ""] = target.split("?");
  // The path is encoded once more than it was sent, segment by segment.
  const encoded = path.split("/").map(encode).join("/");
  const lines = signed.split(";").map((name) => {
    const value = headers[name];
    const text = Array.isArray(value) ? value.join(",") : (value ?? "");
    return `${name}:${text.trim().replaceAll(/\s+/g, " ")}\n`;
  });
  const sorted = query.split("&").toSorted().join("&");
  return [method, encoded, sorted, lines.join(""), signed, sha256(raw)].join("\n");
}

function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function sha256(data: string | Buffer): string {
  return createHash("sha256").update(data).digest("hex");
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
