import { WeirError } from "../core/errors.ts";
import { numberAt } from "./metadata.ts";
import { type GgufFile, readGguf } from "./read-gguf.ts";
import { isRemote, readRemoteGguf } from "./read-remote.ts";

/** A model: one file, or several that belong together. */
export interface GgufModel {
  /** In order; each with its own tensors. */
  readonly parts: readonly GgufFile[];
  /** All of it as if it were one file: the first part's metadata, every part's tensors. */
  readonly whole: GgufFile;
}

const PART = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/i;
/** A model in more parts is a mistake. */
const MOST_PARTS = 1000;
const AT_ONCE = 16;

/**
 * Reads a model's headers: a file, a URL (the header alone is fetched), or any part of a model that is
 * split as `name-00001-of-00003.gguf`. Throws WeirError `invalid_config`.
 */
export async function readModel(path: string): Promise<GgufModel> {
  const read = isRemote(path) ? readRemoteGguf : readGguf;
  const [, base, , of] = PART.exec(path) ?? [];
  const count = Number(of ?? 1);
  if (base === undefined || count === 1) {
    const file = await read(path);
    checkAlone(file);
    return { parts: [file], whole: file };
  }
  if (count > MOST_PARTS) throw split(path, `is said to have ${count} parts`);
  const names = Array.from({ length: count }, (_, at) => {
    return `${base}-${String(at + 1).padStart(5, "0")}-of-${of}.gguf`;
  });
  const parts: GgufFile[] = [];
  for (let at = 0; at < count; at += AT_ONCE) {
    parts.push(...(await Promise.all(names.slice(at, at + AT_ONCE).map(read))));
  }
  return { parts, whole: joined(parts) };
}

function checkAlone({ path, metadata }: GgufFile): void {
  const count = numberAt(metadata, "split.count") ?? 1;
  if (count > 1) {
    throw split(path, `is one of ${count} parts, and is not named NAME-00001-of-0000${count}.gguf`);
  }
}

function joined(parts: readonly GgufFile[]): GgufFile {
  const [first] = parts;
  if (!first) throw new WeirError("internal", "A model has a first part.");
  for (const [at, { path, metadata }] of parts.entries()) {
    const number = numberAt(metadata, "split.no");
    if (number !== undefined && number !== at)
      throw split(path, `says that it is part ${number + 1}`);
  }
  const tensors = parts.flatMap((part) => part.tensors);
  const names = new Set(tensors.map(({ name }) => name));
  if (names.size < tensors.length) throw split(first.path, "names a tensor in two of its parts");
  const announced = numberAt(first.metadata, "split.tensors.count");
  if (announced !== undefined && announced !== tensors.length) {
    throw split(first.path, `names ${announced} tensors, and its parts have ${tensors.length}`);
  }
  const fileBytes = parts.reduce((sum, part) => sum + part.fileBytes, 0);
  return { ...first, tensors, fileBytes };
}

function split(path: string, what: string): WeirError {
  return new WeirError("invalid_config", `${path} ${what}; download all its parts again.`);
}
