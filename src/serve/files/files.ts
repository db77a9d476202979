/**
 * Files as clients upload and fetch them. Contents lie in a folder, what is known of them in a table;
 * a content comes to its place before its row and goes after it is no longer listed, so that a row
 * always has a content. Each file belongs to one key: to others it is as if it were not there.
 */
import type { Readable } from "node:stream";
import type { Caller } from "../../core/call.ts";
import { WeirError } from "../../core/errors.ts";
import type { Clock } from "../../core/time.ts";

export interface KeptFile {
  readonly id: string;
  readonly keyId: string;
  readonly purpose: string;
  readonly filename: string;
  readonly bytes: number;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly expiresAt: number | null;
}

export interface FileShelf {
  add(file: KeptFile): void;
  find(keyId: string, id: string): KeptFile | undefined;
  /** Oldest first. */
  list(keyId: string): readonly KeptFile[];
  remove(id: string): void;
  expired(): readonly string[];
}

export interface PendingContent {
  readonly bytes: number;
  keepAs(id: string): Promise<void>;
  discard(): Promise<void>;
}

export interface Contents {
  /** Throws storage_full, or request_too_large beyond `maxBytes`. */
  receive(source: AsyncIterable<Buffer>, maxBytes: number): Promise<PendingContent>;
  read(id: string): Readable;
  bytes(id: string): Buffer;
  remove(id: string): void;
}

export interface FilesNeeds {
  readonly shelf: FileShelf;
  readonly contents: Contents;
  readonly now: Clock;
  readonly newId: (prefix: string) => string;
}

/** What a client says of a file. */
export interface FileLabel {
  readonly purpose: string;
  readonly filename: string;
  readonly expiresAfterSeconds: number | undefined;
}

export type Files = ReturnType<typeof createFiles>;

export const MAX_FILE_BYTES = 200 * 1024 * 1024;
/** So that one key cannot take the whole disk. */
const MAX_KEY_BYTES = 10 * 1024 * 1024 * 1024;
/** A model reads a file as part of its prompt. */
const MAX_READABLE_BYTES = 32 * 1024 * 1024;

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  pdf: "application/pdf",
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  gif: "image/gif",
  webp: "image/webp",
  txt: "text/plain",
  md: "text/markdown",
  csv: "text/csv",
  json: "application/json",
  html: "text/html",
};

/** Builds the room. */
export function createFiles({ shelf, contents, now, newId }: FilesNeeds) {
  function sweep(): void {
    for (const id of shelf.expired()) {
      contents.remove(id);
      shelf.remove(id);
    }
  }

  function find({ keyId }: Pick<Caller, "keyId">, id: string): KeptFile {
    const found = shelf.find(keyId, id);
    if (found) return found;
    throw new WeirError("not_found", `There is no file ${id} here.`);
  }

  return {
    find,
    /** Takes a content to its end; nothing is kept of it until `add`. */
    receive: (source: AsyncIterable<Buffer>): Promise<PendingContent> =>
      contents.receive(source, MAX_FILE_BYTES),
    async add({ keyId }: Caller, content: PendingContent, label: FileLabel): Promise<KeptFile> {
      sweep();
      checkShare(shelf.list(keyId), content.bytes);
      const { purpose, filename, expiresAfterSeconds: seconds } = label;
      const createdAt = now();
      const file: KeptFile = {
        id: newId("file-"),
        keyId,
        purpose,
        filename,
        bytes: content.bytes,
        createdAt,
        expiresAt: seconds === undefined ? null : createdAt + seconds * 1000,
      };
      await content.keepAs(file.id);
      try {
        shelf.add(file);
      } catch (cause) {
        contents.remove(file.id);
        throw cause;
      }
      return file;
    },
    list: ({ keyId }: Caller): readonly KeptFile[] => shelf.list(keyId),
    read: (caller: Caller, id: string): Readable => contents.read(find(caller, id).id),
    remove(caller: Caller, id: string): void {
      find(caller, id);
      shelf.remove(id);
      contents.remove(id);
    },
    /** For a model to read; undefined when there is no such file. Throws request_too_large. */
    readable(keyId: string, id: string): { name: string; url: string } | undefined {
      const file = shelf.find(keyId, id);
      return file && toReadable(file, contents);
    },
  };
}

function checkShare(files: readonly KeptFile[], more: number): void {
  const bytes = files.reduce((sum, file) => sum + file.bytes, more);
  if (bytes <= MAX_KEY_BYTES) return;
  const limit = MAX_KEY_BYTES / 1024 ** 3;
  throw new WeirError(
    "request_too_large",
    `The files of one key may have ${limit} GiB together. Delete some, then try again.`,
  );
}

function toReadable(
  { id, bytes, filename }: KeptFile,
  contents: Contents,
): { name: string; url: string } {
  if (bytes > MAX_READABLE_BYTES) {
    throw new WeirError(
      "request_too_large",
      `The file ${id} has more than ${MAX_READABLE_BYTES / 1024 / 1024} MiB: too much for a prompt.`,
    );
  }
  const ending = filename.split(".").at(-1)?.toLowerCase() ?? "";
  const type = MEDIA_TYPES[ending] ?? "application/octet-stream";
  return { name: filename, url: `data:${type};base64,${contents.bytes(id).toString("base64")}` };
}
