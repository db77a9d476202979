import { statSync } from "node:fs";
import { basename } from "node:path";
import { WeirError } from "../../core/errors.ts";
import { askHub, filesOf } from "./hub.ts";
import type { Library, LibraryEntry } from "./library.ts";
import { modelNameOf } from "./model-name.ts";

/** What can be pulled. */
export type Source =
  | { readonly type: "hub"; readonly id: string; readonly quant: string | undefined }
  | { readonly type: "url"; readonly url: string }
  | { readonly type: "path"; readonly path: string };

export interface Pulling {
  readonly library: Library;
  /** The hub's address. */
  readonly endpoint: string;
  readonly token?: string | undefined;
  /** A branch, tag or commit; absent: main. */
  readonly revision?: string | undefined;
  /** What it is called in the library; absent: as its source. */
  readonly name?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, all: number) => void) | undefined;
  /** Absent: any address may be asked. */
  readonly fetch?: typeof fetch | undefined;
}

/** `hf:ORG/REPO[:TYPE]`, a URL, else a path. Throws invalid_request. */
export function sourceOf(text: string): Source {
  if (text.startsWith("hf:")) {
    const [, id, quant] = /^hf:([\w.-]+\/[\w.-]+)(?::([\w.-]+))?$/.exec(text) ?? [];
    if (id !== undefined) return { type: "hub", id, quant };
    throw new WeirError(
      "invalid_request",
      `Expected hf:ORG/REPO or hf:ORG/REPO:TYPE, not "${text}".`,
      { param: "source" },
    );
  }
  if (!/^https?:\/\//i.test(text)) return { type: "path", path: text };
  if (URL.canParse(text)) return { type: "url", url: text };
  throw new WeirError("invalid_request", "The address cannot be read.", { param: "source" });
}

/**
 * Fetches a model and enters it into the library. What came before a break is kept, and not fetched again. Rejects
 * with a WeirError, or with the signal's reason.
 */
export async function pullModel(source: Source, pulling: Pulling): Promise<LibraryEntry> {
  if (pulling.name !== undefined) pulling.library.checkFree(pulling.name);
  const entry = await pulled(source, pulling);
  pulling.library.add(entry);
  return entry;
}

function pulled(source: Source, pulling: Pulling): Promise<LibraryEntry> {
  if (source.type === "hub") return fromHub(source, pulling);
  if (source.type === "url") return fromUrl(source.url, pulling);
  return fromPath(source.path, pulling);
}

async function fromHub(
  { id, quant }: { readonly id: string; readonly quant: string | undefined },
  pulling: Pulling,
): Promise<LibraryEntry> {
  const { library, token, revision, signal, fetch } = pulling;
  const model = await askHub(id, pulling, revision);
  const files = filesOf(model, quant);
  const own = quant ?? modelNameOf(basename(files[0]?.name ?? ""));
  const name = pulling.name ?? `${id}/${own}`;
  library.checkFree(name);
  const all = files.reduce((total, { bytes }) => total + bytes, 0);
  const kept: LibraryEntry["files"] = [];
  let before = 0;
  for (const file of files) {
    const at = before;
    const onProgress = (done: number) => pulling.onProgress?.(at + done, all);
    const { url, bytes, sha256 } = file;
    const hash = await library.fetch({ url, bytes, sha256, token }, { signal, onProgress, fetch });
    kept.push({ name: basename(file.name), sha256: hash, bytes });
    before += bytes;
  }
  return {
    name,
    source: `hf:${id}@${model.revision}`,
    license: model.license ?? null,
    pulledAt: Date.now(),
    files: kept,
  };
}

async function fromUrl(url: string, pulling: Pulling): Promise<LibraryEntry> {
  const { library, name, signal, onProgress, fetch } = pulling;
  const { origin, pathname } = new URL(url);
  const own = modelNameOf(basename(pathname));
  const sha256 = await library.fetch({ url }, { signal, onProgress, fetch });
  return {
    name: name ?? own,
    // Without what may be a secret.
    source: origin + pathname,
    license: null,
    pulledAt: Date.now(),
    files: [{ name: `${own}.gguf`, sha256, bytes: library.bytesOf(sha256) }],
  };
}

async function fromPath(path: string, { library, name }: Pulling): Promise<LibraryEntry> {
  const sha256 = await library.take(path);
  const own = modelNameOf(basename(path));
  return {
    name: name ?? own,
    source: path,
    license: null,
    pulledAt: Date.now(),
    files: [{ name: `${own}.gguf`, sha256, bytes: statSync(path).size }],
  };
}
