import { createHash, createHmac } from "node:crypto";

/** AWS's Signature Version 4 for a request's headers. Pure: the time is handed in. */

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** With temporary keys. */
  readonly sessionToken?: string;
}

export interface AwsRequest {
  readonly method: string;
  /** As it is sent: its path already encoded, with its query. */
  readonly url: URL;
  /** Those to sign beside `host`; whatever is sent and not signed here may change on the way. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
  readonly region: string;
  /** `bedrock`. */
  readonly service: string;
}

const ALGORITHM = "AWS4-HMAC-SHA256";

/** The headers that make AWS accept the request, to send beside its own. */
export function signAws(
  request: AwsRequest,
  { accessKeyId, secretAccessKey, sessionToken }: AwsCredentials,
  now: Date,
): Record<string, string> {
  const time = now.toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const added = {
    "x-amz-date": time,
    ...(sessionToken !== undefined && { "x-amz-security-token": sessionToken }),
  };
  const { names, text } = toCanonical(request, added);
  const day = time.slice(0, 8);
  const scope = `${day}/${request.region}/${request.service}/aws4_request`;
  const toSign = [ALGORITHM, time, scope, sha256(text)].join("\n");
  const key = [day, request.region, request.service, "aws4_request"].reduce<string | Buffer>(
    hmac,
    `AWS4${secretAccessKey}`,
  );
  const signature = hmac(key, toSign).toString("hex");
  return {
    ...added,
    authorization: `${ALGORITHM} Credential=${accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
  };
}

function toCanonical(
  { method, url, headers, body }: AwsRequest,
  added: Readonly<Record<string, string>>,
): { readonly names: string; readonly text: string } {
  const all = Object.entries({ host: url.host, ...headers, ...added })
    .map(([name, value]) => [name.toLowerCase(), value.trim().replaceAll(/\s+/g, " ")] as const)
    .toSorted(([a], [b]) => compare(a, b));
  const names = all.map(([name]) => name).join(";");
  const lines = [
    method,
    // Encoded once more than it is sent: so do all services but S3.
    url.pathname.split("/").map(encode).join("/"),
    toQuery(url.search.slice(1)),
    ...all.map(([name, value]) => `${name}:${value}`),
    "",
    names,
    sha256(body),
  ];
  return { names, text: lines.join("\n") };
}

function toQuery(search: string): string {
  if (search === "") return "";
  return search
    .split("&")
    .map((pair) => {
      const at = pair.indexOf("=");
      const [name, value] = at === -1 ? [pair, ""] : [pair.slice(0, at), pair.slice(at + 1)];
      return [encode(decodeURIComponent(name)), encode(decodeURIComponent(value))] as const;
    })
    .toSorted(([a, x], [b, y]) => compare(a, b) || compare(x, y))
    .map((pair) => pair.join("="))
    .join("&");
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function encode(text: string): string {
  const escape = (char: string): string => `%${char.charCodeAt(0).toString(16).toUpperCase()}`;
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, escape);
}

function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

function hmac(key: string | Buffer, data: string): Buffer {
  return createHmac("sha256", key).update(data).digest();
}
