import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, open, readFile, rename, rm, statfs, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { pipeline } from "node:stream/promises";
import { setTimeout as wait } from "node:timers/promises";
import { z } from "zod";
import { WeirError, messageOf } from "../../core/errors.ts";
import { formatBytes } from "../../gguf/format-bytes.ts";

export interface Wanted {
  readonly url: string;
  /** Undefined: what the server says. */
  readonly bytes?: number | undefined;
  readonly sha256?: string | undefined;
  readonly token?: string | undefined;
}

export interface DownloadOptions {
  readonly signal?: AbortSignal | undefined;
  /** Absent: any address may be asked. */
  readonly fetch?: typeof fetch | undefined;
  readonly onProgress?: ((done: number, all: number) => void) | undefined;
  readonly connections?: number;
  readonly chunkBytes?: number;
  /** Waits between tries; its length is how many there are without a byte in between. */
  readonly retryMs?: readonly number[];
}

const CONNECTIONS = 4;
const CHUNK_BYTES = 16 * 1024 * 1024;
const RETRY_MS = [250, 1000, 2000, 4000, 8000];
const SILENCE_MS = 30_000;

const State = z.object({
  bytes: z.number(),
  tag: z.string(),
  chunkBytes: z.number().positive(),
  /** Bytes that each chunk has. */
  done: z.array(z.number()),
});
type State = z.infer<typeof State>;

/**
 * Fetches a file by several connections into `to`, which is there when it is whole and its hash is right. What was
 * fetched before a break is not fetched again, also by another process. Gives its SHA-256. Rejects with a WeirError.
 */
export async function download(
  wanted: Wanted,
  to: string,
  options: DownloadOptions = {},
): Promise<string> {
  const part = `${to}.part`;
  const facts = await probe(wanted, options);
  const { bytes } = facts;
  const state = await stateOf(part, facts, options.chunkBytes ?? CHUNK_BYTES);
  await checkRoom(part, bytes - sum(state.done));
  const file = await open(part, "a+").then(async (made) => {
    await made.close();
    return open(part, "r+");
  });
  try {
    await file.truncate(bytes);
    await new Fetching({ wanted, state, file, part, options }).run();
  } finally {
    await file.close();
  }
  const hash = await sha256Of(part, options.signal);
  if (wanted.sha256 !== undefined && hash !== wanted.sha256) {
    await forget(part);
    throw new WeirError(
      "provider_failed",
      "What was fetched is not what the hub says it is: its SHA-256 differs. It was thrown away; try again, or from another mirror.",
    );
  }
  await rename(part, to);
  await rm(`${part}.json`, { force: true });
  return hash;
}

export async function sha256Of(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash, { signal }).catch((cause: unknown) => {
    signal?.throwIfAborted();
    throw cause;
  });
  return hash.digest("hex");
}

interface Facts {
  readonly bytes: number;
  readonly tag: string;
}

/** How long it is, and by what one sees that it is still the same. */
async function probe(wanted: Wanted, options: DownloadOptions): Promise<Facts> {
  const answer = await ask(wanted, { from: 0, to: 0 }, options).catch((cause: unknown) => {
    options.signal?.throwIfAborted();
    if (cause instanceof WeirError) throw cause;
    const text = `The file's server cannot be asked: ${messageOf(cause)}. Try again later.`;
    throw new WeirError("provider_failed", text, { cause });
  });
  await answer.body?.cancel();
  const size = sizeIn(answer);
  if (wanted.bytes !== undefined && size !== wanted.bytes) {
    throw new WeirError(
      "provider_failed",
      `The hub says that the file has ${wanted.bytes} bytes, and its server says ${size}. Nothing was kept.`,
    );
  }
  return { bytes: size, tag: wanted.sha256 ?? answer.headers.get("etag") ?? "" };
}

function sizeIn(answer: Response): number {
  const size = Number(/\/(\d+)$/.exec(answer.headers.get("content-range") ?? "")?.[1]);
  if (answer.status === 206 && Number.isSafeInteger(size)) return size;
  throw new WeirError(
    "provider_failed",
    "The server gives no parts of files, so a download could not go on after a break. Fetch it another way, and pull the file.",
  );
}

async function ask(
  { url, token }: Wanted,
  { from, to }: { readonly from: number; readonly to: number },
  { signal, fetch: asking = fetch }: Pick<DownloadOptions, "signal" | "fetch">,
): Promise<Response> {
  const headers: Record<string, string> = {
    range: `bytes=${from}-${to}`,
    "accept-encoding": "identity",
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  };
  const answer = await asking(url, { headers, ...(signal && { signal }) });
  if (answer.status === 206) return answer;
  await answer.body?.cancel();
  if (answer.status === 200) return answer;
  if (answer.status === 401 || answer.status === 403) {
    throw new WeirError(
      "invalid_request",
      "The file may not be read: set HF_TOKEN to a token that may.",
    );
  }
  if (answer.status === 404) throw new WeirError("invalid_request", "The file is not there (404).");
  throw new Error(`the server answers ${answer.status}`);
}

async function stateOf(part: string, { bytes, tag }: Facts, chunkBytes: number): Promise<State> {
  const kept = State.safeParse(
    await readFile(`${part}.json`, "utf8").then(JSON.parse, () => undefined),
  );
  const isSame = kept.success && kept.data.bytes === bytes && kept.data.tag === tag && tag !== "";
  if (isSame) return kept.data;
  await forget(part);
  const count = Math.ceil(bytes / chunkBytes);
  return { bytes, tag, chunkBytes, done: Array.from({ length: count }, () => 0) };
}

async function forget(part: string): Promise<void> {
  await rm(part, { force: true });
  await rm(`${part}.json`, { force: true });
}

async function checkRoom(part: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(dirname(part));
  if (bavail * bsize >= bytes) return;
  throw new WeirError(
    "invalid_request",
    `${formatBytes(bytes)} are to come, and the disk has ${formatBytes(bavail * bsize)} left.`,
  );
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

interface FetchingNeeds {
  readonly wanted: Wanted;
  readonly state: State;
  readonly file: FileHandle;
  readonly part: string;
  readonly options: DownloadOptions;
}

const SAVE_EVERY_MS = 1000;

/** The chunks that are missing, by several connections. */
class Fetching {
  private readonly needs: FetchingNeeds;
  private readonly open: number[];
  private saved = 0;

  constructor(needs: FetchingNeeds) {
    this.needs = needs;
    const { state } = needs;
    this.open = state.done.flatMap((done, at) => (done < this.lengthOf(at) ? [at] : []));
  }

  async run(): Promise<void> {
    const { options } = this.needs;
    this.tell();
    const stop = new AbortController();
    const signals = [stop.signal, ...(options.signal ? [options.signal] : [])];
    const signal = AbortSignal.any(signals);
    const one = async () => {
      for (let at = this.open.shift(); at !== undefined; at = this.open.shift()) {
        await this.chunk(at, signal);
      }
    };
    const count = options.connections ?? CONNECTIONS;
    const all = Array.from({ length: count }, () =>
      one().catch((cause: unknown) => {
        stop.abort(cause);
        throw cause;
      }),
    );
    const ends = await Promise.allSettled(all);
    await this.save();
    const failed = ends.find((end) => end.status === "rejected");
    if (!failed) return;
    options.signal?.throwIfAborted();
    throw stop.signal.reason;
  }

  private lengthOf(at: number): number {
    const { chunkBytes, bytes } = this.needs.state;
    return Math.min(chunkBytes, bytes - at * chunkBytes);
  }

  /** Goes on where it was broken off, until too many tries in a row bring nothing. */
  private async chunk(at: number, signal: AbortSignal): Promise<void> {
    const { state, options } = this.needs;
    const waits = options.retryMs ?? RETRY_MS;
    for (let tries = 0; ;) {
      const before = state.done[at] ?? 0;
      try {
        await this.fetch(at, signal);
        return;
      } catch (cause) {
        signal.throwIfAborted();
        if (cause instanceof WeirError || isDiskFull(cause)) throw cause;
        tries = (state.done[at] ?? 0) > before ? 1 : tries + 1;
        const ms = waits[tries - 1];
        if (ms === undefined) {
          const text = `The download broke off too often: ${messageOf(cause)}. What came is kept; pull again to go on.`;
          throw new WeirError("provider_failed", text, { cause });
        }
        await wait(ms, undefined, { signal });
      }
    }
  }

  private async fetch(at: number, signal: AbortSignal): Promise<void> {
    const { wanted, state, file } = this.needs;
    const from = at * state.chunkBytes + (state.done[at] ?? 0);
    const to = at * state.chunkBytes + this.lengthOf(at) - 1;
    const silence = new AbortController();
    const watch = () =>
      setTimeout(() => silence.abort(new Error("nothing came for 30 s")), SILENCE_MS);
    let timer = watch();
    try {
      const both = AbortSignal.any([signal, silence.signal]);
      const answer = await ask(wanted, { from, to }, { ...this.needs.options, signal: both });
      if (sizeIn(answer) !== state.bytes) {
        throw new WeirError(
          "provider_failed",
          "The file has changed while it was fetched. Pull it again.",
        );
      }
      let position = from;
      for await (const piece of answer.body ?? []) {
        clearTimeout(timer);
        timer = watch();
        const bytes = piece.subarray(0, to + 1 - position);
        await writeAll(file, bytes, position);
        position += bytes.length;
        state.done[at] = position - at * state.chunkBytes;
        this.tell();
        await this.saveSometimes();
      }
      if (position <= to) throw new Error("the connection ended early");
    } finally {
      clearTimeout(timer);
    }
  }

  private tell(): void {
    const { state, options } = this.needs;
    options.onProgress?.(sum(state.done), state.bytes);
  }

  private async saveSometimes(): Promise<void> {
    if (Date.now() - this.saved < SAVE_EVERY_MS) return;
    await this.save();
  }

  /** What is said to be there is there: the data goes to the disk first. */
  private async save(): Promise<void> {
    this.saved = Date.now();
    const { file, part, state } = this.needs;
    const text = JSON.stringify(state);
    await file.datasync();
    await writeFile(`${part}.json.new`, text);
    await rename(`${part}.json.new`, `${part}.json`);
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += (await file.write(bytes, at, bytes.length - at, position + at)).bytesWritten;
  }
}

function isDiskFull(cause: unknown): boolean {
  return cause instanceof Error && "code" in cause && cause.code === "ENOSPC";
}
