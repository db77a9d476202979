import {
  brotliDecompressSync,
  gunzipSync,
  inflateSync,
  zstdDecompressSync,
  type InputType,
} from "node:zlib";
import { WeirError, messageOf } from "../../core/errors.ts";

const DECODERS: Readonly<
  Record<string, (body: InputType, options: { maxOutputLength: number }) => Buffer>
> = {
  gzip: gunzipSync,
  "x-gzip": gunzipSync,
  zstd: zstdDecompressSync,
  deflate: inflateSync,
  br: brotliDecompressSync,
};

export const ENCODINGS = ["identity", ...Object.keys(DECODERS)];

/** A body as its sender wrote it. Throws invalid_request for bytes that are not what they are said to be, request_too_large for what would not fit. */
export function decompress(body: Uint8Array, encoding: string, mostBytes: number): Uint8Array {
  const name = encoding.trim().toLowerCase();
  if (name === "" || name === "identity") return body;
  const decode = DECODERS[name];
  if (!decode) {
    throw new WeirError(
      "invalid_request",
      `content-encoding: ${JSON.stringify(encoding)} is not known. Use one of ${ENCODINGS.join(", ")}.`,
      { status: 415 },
    );
  }
  try {
    return decode(body, { maxOutputLength: mostBytes });
  } catch (cause) {
    if (cause instanceof RangeError) {
      throw new WeirError(
        "request_too_large",
        `The body is larger than ${Math.round(mostBytes / 1024 / 1024)} MiB when it is unpacked. Send fewer runs at a time, or raise traces.maxBodyMiB.`,
      );
    }
    throw new WeirError(
      "invalid_request",
      `content-encoding: the body is not valid ${name} (${messageOf(cause)}).`,
    );
  }
}
