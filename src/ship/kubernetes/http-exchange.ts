import { readFile } from "node:fs/promises";
import { request as requestPlain } from "node:http";
import { request as requestTls } from "node:https";

/** One request to an API server, and its answer as it came. */
export interface Asked {
  readonly method: "GET" | "PATCH";
  readonly path: string;
  readonly body?: unknown;
}

export interface Answered {
  readonly status: number;
  readonly retryAfterMs: number | undefined;
  readonly text: string;
}

/** Rejects where no answer came. */
export type Exchange = (asked: Asked) => Promise<Answered>;

export interface ServerPlace {
  readonly url: string;
  /** Files are read for each request: a mounted token is renewed under its name. */
  readonly tokenFile: string | undefined;
  readonly caFile: string | undefined;
  readonly timeoutMs: number;
}

/** An answer of more is no answer to what is asked here. */
const MOST_BYTES = 4 * 1024 * 1024;

/** Speaks to an API server over HTTP with a bearer token, and trusts the CA that its file names. */
export function exchangeWith({ url, tokenFile, caFile, timeoutMs }: ServerPlace): Exchange {
  return async ({ method, path, body }) => {
    const token = tokenFile === undefined ? undefined : (await readFile(tokenFile, "utf8")).trim();
    const ca = caFile === undefined ? undefined : await readFile(caFile, "utf8");
    const content = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      accept: "application/json",
      "user-agent": "weir",
      ...(token && { authorization: `Bearer ${token}` }),
      ...(content !== undefined && {
        "content-type": "application/merge-patch+json",
        "content-length": String(Buffer.byteLength(content)),
      }),
    };
    const signal = AbortSignal.timeout(timeoutMs);
    const place = new URL(path, url);
    const { promise, resolve, reject } = Promise.withResolvers<Answered>();
    const start = place.protocol === "https:" ? requestTls : requestPlain;
    const request = start(place, { method, headers, signal, ...(ca !== undefined && { ca }) });
    request.on("error", (cause) =>
      reject(signal.aborted ? new Error(`no answer within ${timeoutMs / 1000} s`) : cause),
    );
    request.on("response", (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes > MOST_BYTES) request.destroy(new Error("the answer is far too long"));
      });
      response.on("end", () => {
        const seconds = Number(response.headers["retry-after"]);
        resolve({
          status: response.statusCode ?? 0,
          retryAfterMs: seconds > 0 ? seconds * 1000 : undefined,
          text: Buffer.concat(chunks).toString("utf8"),
        });
      });
      response.on("error", reject);
    });
    request.end(content);
    return promise;
  };
}
