import { WeirError, messageOf } from "../core/errors.ts";
import type { ReadBytes } from "./byte-source.ts";
import { type GgufFile, readGgufFrom } from "./read-gguf.ts";

const ANSWER_MS = 30_000;
const PROBE_BYTES = 256 * 1024;

export function isRemote(path: string): boolean {
  return /^https?:\/\//i.test(path);
}

/**
 * Reads the header of a model file on a server, by ranges of bytes: some megabytes of a file of many
 * gigabytes. Throws WeirError `invalid_config` that says what the server did instead.
 */
export async function readRemoteGguf(url: string): Promise<GgufFile> {
  const shown = shownAs(url);
  const first = await fetchRange(url, 0, PROBE_BYTES);
  const read: ReadBytes = async (into, { offset, length, position }) => {
    if (length === 0) return 0;
    const isHere = position < first.bytes.length;
    const bytes = isHere
      ? first.bytes.subarray(position, position + length)
      : (await fetchRange(url, position, length)).bytes;
    into.set(bytes.subarray(0, length), offset);
    return Math.min(bytes.length, length);
  };
  return readGgufFrom(shown, read, first.size);
}

async function fetchRange(url: string, from: number, length: number) {
  const shown = shownAs(url);
  let answer: Response;
  try {
    const headers = { range: `bytes=${from}-${from + length - 1}`, "accept-encoding": "identity" };
    answer = await fetch(url, { headers, signal: AbortSignal.timeout(ANSWER_MS) });
  } catch (cause) {
    throw new WeirError("invalid_config", `${shown} cannot be reached: ${messageOf(cause)}.`, {
      cause,
    });
  }
  if (answer.status !== 206) {
    await answer.body?.cancel();
    throw new WeirError("invalid_config", `${shown} ${refusalOf(answer.status)}.`);
  }
  const size = Number(/\/(\d+)$/.exec(answer.headers.get("content-range") ?? "")?.[1]);
  if (!Number.isSafeInteger(size)) {
    await answer.body?.cancel();
    throw new WeirError("invalid_config", `${shown}: the server does not say how large it is.`);
  }
  return { bytes: new Uint8Array(await answer.arrayBuffer()), size };
}

function refusalOf(status: number): string {
  if (status === 200) return "is on a server that gives no parts of files; download it first";
  if (status === 401 || status === 403) return "may not be read without signing in";
  if (status === 404) return "does not exist; check the address";
  return `cannot be read: the server answers ${status}`;
}

/** Without what may be a secret. */
function shownAs(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}
