import { randomUUID } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { z } from "zod";
import { WeirError } from "../../core/errors.ts";
import { readGguf } from "../../gguf/read-gguf.ts";
import { type DownloadOptions, type Wanted, download, sha256Of } from "./download.ts";
import { checkModelName } from "./model-name.ts";

const Entry = z.object({
  name: z.string(),
  /** Where it came from: `hf:org/repo@revision`, a URL, a path; or what it was made from, and how. */
  source: z.string(),
  /** The name of what it was made from, where that was made here. */
  original: z.string().optional(),
  license: z.string().nullable(),
  pulledAt: z.number(),
  files: z.array(z.object({ name: z.string(), sha256: z.string(), bytes: z.number() })).min(1),
});
/** A model that was pulled. Times are epoch milliseconds. */
export type LibraryEntry = z.infer<typeof Entry>;

/**
 * Pulled models: each file once, by the hash of its content, and for each model a folder with its files by
 * their own names. A file appears under its name when it is whole.
 */
export class Library {
  readonly folder: string;
  private readonly blobs: string;
  private readonly entries: string;

  constructor(folder: string) {
    this.folder = folder;
    this.blobs = join(folder, "blobs");
    this.entries = join(folder, "entries");
    for (const one of [this.blobs, this.entries]) mkdirSync(one, { recursive: true, mode: 0o700 });
  }

  /** Where what is being made may stand, on the disk of the library: `clean` takes it away. */
  get scratch(): string {
    return this.blobs;
  }

  list(): LibraryEntry[] {
    return readdirSync(this.entries)
      .filter((name) => name.endsWith(".json"))
      .flatMap((name) => {
        const read = this.read(join(this.entries, name));
        return read ? [read] : [];
      })
      .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  private read(file: string): LibraryEntry | undefined {
    try {
      return Entry.safeParse(JSON.parse(readFileSync(file, "utf8"))).data;
    } catch {
      return undefined; // not whole: no model
    }
  }

  /** Where a model's first file stands: what `file:` in weir.yaml wants. */
  pathOf({ name, files }: Pick<LibraryEntry, "name" | "files">): string {
    return join(this.folder, "models", name, files[0]?.name ?? "");
  }

  /** Fetches a file unless its content is here; gives its hash. */
  async fetch(wanted: Wanted, options: DownloadOptions): Promise<string> {
    const { sha256, url } = wanted;
    if (sha256 !== undefined && existsSync(this.blob(sha256))) return sha256;
    const key = sha256 ?? Buffer.from(url).toString("base64url").slice(-100);
    const arriving = join(this.blobs, `${key}.arriving`);
    const hash = await download(wanted, arriving, options);
    return this.keep(arriving, hash);
  }

  /** Takes a file of this machine over, without another copy where that can be. */
  async take(path: string): Promise<string> {
    const hash = await sha256Of(path);
    if (existsSync(this.blob(hash))) return hash;
    const arriving = join(this.blobs, `${hash}.arriving`);
    rmSync(arriving, { force: true });
    try {
      linkSync(path, arriving);
    } catch {
      copyFileSync(path, arriving);
    }
    return this.keep(arriving, hash);
  }

  /** Takes what `write` makes at the path that it is given; gives its hash. Nothing stays when it fails. */
  async make(write: (path: string) => Promise<unknown>, signal?: AbortSignal): Promise<string> {
    const path = join(this.blobs, `${randomUUID()}.arriving`);
    try {
      await write(path);
      return await this.keep(path, await sha256Of(path, signal));
    } finally {
      rmSync(path, { force: true });
    }
  }

  private async keep(arriving: string, hash: string): Promise<string> {
    try {
      await readGguf(arriving);
    } catch (cause) {
      rmSync(arriving);
      throw cause;
    }
    renameSync(arriving, this.blob(hash));
    return hash;
  }

  /** Throws invalid_request where a name is none, and conflict where a model is in its way. */
  checkFree(name: string): void {
    checkModelName(name);
    const file = this.entryFile(name);
    const other = this.list().find(
      (entry) =>
        entry.name !== name &&
        (entry.name.startsWith(`${name}/`) ||
          name.startsWith(`${entry.name}/`) ||
          this.entryFile(entry.name) === file),
    );
    if (!other) return;
    const text = `The model "${other.name}" is in the way of the name "${name}": choose another.`;
    throw new WeirError("conflict", text, { param: "name" });
  }

  /** Enters a model, in the place of one of the same name. Throws as `checkFree` does. */
  add(entry: LibraryEntry): void {
    this.checkFree(entry.name);
    const folder = join(this.folder, "models", entry.name);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    for (const { name, sha256 } of entry.files) {
      const link = join(folder, basename(name));
      symlinkSync(relative(dirname(link), this.blob(sha256)), link);
    }
    const file = this.entryFile(entry.name);
    writeFileSync(`${file}.new`, JSON.stringify(entry, null, 2));
    renameSync(`${file}.new`, file);
  }

  /** Forgets a model; its content goes with the next `clean`. Throws not_found. */
  remove(name: string): void {
    const file = this.entryFile(name);
    if (!existsSync(file)) {
      const names = this.list().map((entry) => entry.name);
      const there = names.length > 0 ? names.join(", ") : "none";
      throw new WeirError("not_found", `There is no "${name}" in the library. There: ${there}.`);
    }
    rmSync(file);
    rmSync(join(this.folder, "models", name), { recursive: true, force: true });
  }

  /** Bytes that `clean` would free. */
  unusedBytes(): number {
    return this.unused().reduce((sum, name) => sum + bytesAt(join(this.blobs, name)), 0);
  }

  private unused(): string[] {
    const used = new Set(this.list().flatMap(({ files }) => files.map(({ sha256 }) => sha256)));
    return readdirSync(this.blobs).filter((name) => !used.has(name));
  }

  /** Deletes content that no model has, and downloads that were given up; gives the bytes. */
  clean(): number {
    let bytes = 0;
    for (const name of this.unused()) {
      bytes += bytesAt(join(this.blobs, name));
      rmSync(join(this.blobs, name), { recursive: true });
    }
    return bytes;
  }

  bytesOf(hash: string): number {
    return statSync(this.blob(hash)).size;
  }

  private blob(hash: string): string {
    return join(this.blobs, hash);
  }

  private entryFile(name: string): string {
    const file = resolve(this.entries, `${name.replaceAll("/", "--")}.json`);
    if (dirname(file) === resolve(this.entries)) return file;
    throw new WeirError("invalid_request", `"${name}" is no name of a model.`);
  }
}

function bytesAt(path: string): number {
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.size;
  return readdirSync(path).reduce((sum, name) => sum + bytesAt(join(path, name)), 0);
}
