import {
  closeSync,
  createReadStream,
  existsSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { WeirError } from "../core/errors.ts";
import { toFullError } from "./disk-full.ts";

/** A content that was written and has no name yet: exactly one of the two is called. */
export interface PendingFile {
  readonly bytes: number;
  keepAs(id: string): Promise<void>;
  discard(): Promise<void>;
}

/** Lines that are appended as they become known, and become a file in the end. */
export interface FileJournal {
  /** Appends one line (without its end). Throws storage_full; nothing half stays. */
  append(line: string): void;
  close(): void;
}

export type FileFolder = ReturnType<typeof createFileFolder>;

const UNFINISHED = ".part";
const JOURNAL = ".journal";
const ID = /^[A-Za-z0-9_-]+$/;

/**
 * File contents by their id. A file is there whole or not at all: it is written under another name,
 * brought to the disk, and renamed. What an earlier process left unfinished is removed, but for
 * journals, which are gone on with.
 */
export function createFileFolder(folder: string) {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(folder)) {
    if (name.endsWith(UNFINISHED)) rmSync(join(folder, name));
  }
  let count = 0;

  function pathOf(id: string, suffix = ""): string {
    if (!ID.test(id)) throw new WeirError("internal", `"${id}" cannot name a file`);
    return join(folder, id + suffix);
  }

  return {
    /** Takes a content to its end. Throws storage_full, or request_too_large beyond `maxBytes`. */
    async receive(source: AsyncIterable<Buffer>, maxBytes: number): Promise<PendingFile> {
      const path = join(folder, `${process.pid}-${(count += 1)}${UNFINISHED}`);
      try {
        const bytes = await writeWhole(path, source, maxBytes);
        return {
          bytes,
          keepAs: (id) => renameDurably(path, pathOf(id), folder),
          discard: () => rm(path, { force: true }),
        };
      } catch (cause) {
        await rm(path, { force: true });
        throw toFullError(cause);
      }
    },
    read: (id: string): Readable => createReadStream(pathOf(id)),
    bytes: (id: string): Buffer => readFileSync(pathOf(id)),
    lines: (id: string): AsyncIterable<string> => linesOf(pathOf(id)),
    remove: (id: string): void => rmSync(pathOf(id), { force: true }),
    /**
     * Goes on with the journal of a file that is still to be, also when it had become the file
     * already. A line that a crash cut is cut off.
     */
    openJournal(id: string): FileJournal {
      const journal = pathOf(id, JOURNAL);
      if (!existsSync(journal) && existsSync(pathOf(id))) renameSync(pathOf(id), journal);
      return openJournal(journal);
    },
    journalLines: (id: string): AsyncIterable<string> => linesOf(pathOf(id, JOURNAL)),
    /** Makes a journal the file itself; gives its size. Without a line there will be no file. */
    async publishJournal(id: string): Promise<number> {
      const journal = pathOf(id, JOURNAL);
      await using handle = await open(journal, "r+");
      const { size } = await handle.stat();
      if (size === 0) {
        await rm(journal);
        return 0;
      }
      await handle.sync();
      await renameDurably(journal, pathOf(id), folder);
      return size;
    },
  };
}

/** Waits for the disk beside the event loop: an upload must not hold up anybody's tokens. */
async function writeWhole(
  path: string,
  source: AsyncIterable<Buffer>,
  maxBytes: number,
): Promise<number> {
  await using handle = await open(path, "wx", 0o600);
  let bytes = 0;
  for await (const chunk of source) {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      const limit = Math.floor(maxBytes / 1024 / 1024);
      throw new WeirError("request_too_large", `A file may have ${limit} MiB at most.`);
    }
    await writeFully(handle, chunk);
  }
  await handle.sync();
  return bytes;
}

async function writeFully(handle: FileHandle, bytes: Buffer): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, written);
    written += bytesWritten;
  }
}

/** After a power cut too the new name is there, with everything in it. */
async function renameDurably(from: string, to: string, folder: string): Promise<void> {
  await rename(from, to);
  if (process.platform === "win32") return; // a folder cannot be opened there
  await using handle = await open(folder, "r");
  await handle.sync();
}

/**
 * A file's lines, without their ends. Cut by hand: `node:readline` also breaks at U+2028, which may
 * stand in JSON as it is.
 */
async function* linesOf(path: string): AsyncGenerator<string> {
  if (!existsSync(path)) return;
  const pieces: Buffer[] = [];
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a, start)) {
      pieces.push(chunk.subarray(start, end));
      yield textOf(pieces);
      pieces.length = 0;
      start = end + 1;
    }
    if (start < chunk.length) pieces.push(chunk.subarray(start));
  }
  if (pieces.length > 0) yield textOf(pieces);
}

function textOf(pieces: readonly Buffer[]): string {
  const text = Buffer.concat(pieces).toString("utf8");
  return text.endsWith("\r") ? text.slice(0, -1) : text;
}

function openJournal(path: string): FileJournal {
  const fd = openSync(path, "a+", 0o600);
  let size = endOfLastLine(fd);
  ftruncateSync(fd, size);
  return {
    append(line) {
      const bytes = Buffer.from(`${line}\n`);
      try {
        let written = 0;
        while (written < bytes.length) written += writeSync(fd, bytes, written);
        size += bytes.length;
      } catch (cause) {
        ftruncateSync(fd, size);
        throw toFullError(cause);
      }
    },
    close: () => closeSync(fd),
  };
}

const BLOCK = 64 * 1024;

function endOfLastLine(fd: number): number {
  const block = Buffer.alloc(BLOCK);
  for (let end = fstatSync(fd).size; end > 0;) {
    const from = Math.max(0, end - BLOCK);
    const read = readSync(fd, block, 0, end - from, from);
    const at = block.subarray(0, read).lastIndexOf(0x0a);
    if (at !== -1) return from + at + 1;
    end = from;
  }
  return 0;
}
