import { existsSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { readSettings } from "../config/settings.ts";
import { formatBytes } from "../gguf/format-bytes.ts";
import { HUB, askHub, filesOf } from "../serve/library/hub.ts";
import { Library, type LibraryEntry } from "../serve/library/library.ts";
import { untilBrokenOff } from "./broken-off.ts";
import { type Terminal, UsageError, type Values, overridesOf, text } from "./command.ts";
import { openProgress } from "./progress.ts";
import { rightTable } from "./table.ts";

export const PULL_OPTIONS = {
  endpoint: { type: "string", value: "URL", help: "pull: the hub, or a mirror (HF_ENDPOINT)" },
  revision: { type: "string", value: "NAME", help: "pull: a branch, tag or commit (main)" },
  as: { type: "string", value: "NAME", help: "pull: what it is called in the library" },
} as const;

function libraryOf(values: Values, { env, cwd }: Terminal): Library {
  return new Library(join(readSettings(overridesOf(values), env, cwd).dataFolder, "library"));
}

/** `weir model pull SOURCE`: from the hub, a URL or this machine into the library. */
export async function pull(
  source: string | undefined,
  values: Values,
  terminal: Terminal,
): Promise<number> {
  if (source === undefined) {
    throw new UsageError("pull needs hf:ORG/REPO[:TYPE], a URL, or a path");
  }
  const library = libraryOf(values, terminal);
  const entry = await untilBrokenOff((signal) =>
    pulled(source, { library, values, terminal, signal }),
  );
  library.add(entry);
  const path = library.pathOf(entry);
  if (values["json"]) {
    terminal.print(JSON.stringify({ ...entry, path }, null, 2));
    return 0;
  }
  const bytes = entry.files.reduce((total, file) => total + file.bytes, 0);
  const parts = entry.files.length > 1 ? ` in ${entry.files.length} parts` : "";
  terminal.print(`${entry.name}: ${formatBytes(bytes)}${parts}, checked`);
  terminal.print(`licence: ${entry.license ?? "not stated; look at its page before you use it"}`);
  terminal.print(`use it:  { provider: llama, file: "${path}" }`);
  return 0;
}

interface Pulling {
  readonly library: Library;
  readonly values: Values;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

function pulled(source: string, pulling: Pulling): Promise<LibraryEntry> {
  if (source.startsWith("hf:")) return fromHub(source.slice("hf:".length), pulling);
  if (/^https?:\/\//i.test(source)) return fromUrl(source, pulling);
  return fromPath(source, pulling);
}

async function fromHub(
  asked: string,
  { library, values, terminal, signal }: Pulling,
): Promise<LibraryEntry> {
  const [, id, quant] = /^([\w.-]+\/[\w.-]+)(?::([\w.-]+))?$/.exec(asked) ?? [];
  if (id === undefined)
    throw new UsageError(`expected hf:ORG/REPO or hf:ORG/REPO:TYPE, not "hf:${asked}"`);
  const { env } = terminal;
  const endpoint = text(values, "endpoint") ?? env["HF_ENDPOINT"] ?? HUB;
  const token = env["HF_TOKEN"];
  const model = await askHub(id, { endpoint, token, signal }, text(values, "revision"));
  const files = filesOf(model, quant);
  const all = files.reduce((total, { bytes }) => total + bytes, 0);
  const progress = openProgress(`Pulling ${basename(id)}`, formatBytes, terminal);
  const kept: LibraryEntry["files"] = [];
  let before = 0;
  try {
    for (const { name, url, bytes, sha256 } of files) {
      const at = before;
      const onProgress = (done: number) => progress(at + done, all);
      const hash = await library.fetch({ url, bytes, sha256, token }, { signal, onProgress });
      kept.push({ name: basename(name), sha256: hash, bytes });
      before += bytes;
    }
  } finally {
    progress.end();
  }
  const type = quant ?? basename(files[0]?.name ?? "").replace(/\.gguf$/i, "");
  return {
    name: text(values, "as") ?? `${id}/${type}`,
    source: `hf:${id}@${model.revision}`,
    license: model.license ?? null,
    pulledAt: Date.now(),
    files: kept,
  };
}

async function fromUrl(
  url: string,
  { library, values, terminal, signal }: Pulling,
): Promise<LibraryEntry> {
  const { origin, pathname } = new URL(url);
  const file = basename(pathname);
  const progress = openProgress(`Pulling ${file}`, formatBytes, terminal);
  try {
    const sha256 = await library.fetch({ url }, { signal, onProgress: progress });
    return {
      name: text(values, "as") ?? file.replace(/\.gguf$/i, ""),
      // Without what may be a secret.
      source: origin + pathname,
      license: null,
      pulledAt: Date.now(),
      files: [{ name: file, sha256, bytes: library.bytesOf(sha256) }],
    };
  } finally {
    progress.end();
  }
}

async function fromPath(
  path: string,
  { library, values, terminal }: Pulling,
): Promise<LibraryEntry> {
  const full = resolve(terminal.cwd, path);
  if (!existsSync(full))
    throw new UsageError(`there is no file ${path}; a model of the hub is hf:${path}`);
  const sha256 = await library.take(full);
  const file = basename(full);
  return {
    name: text(values, "as") ?? file.replace(/\.gguf$/i, ""),
    source: full,
    license: null,
    pulledAt: Date.now(),
    files: [{ name: file, sha256, bytes: statSync(full).size }],
  };
}

/** `weir model library`: what was pulled. */
export function showLibrary(values: Values, terminal: Terminal): number {
  const library = libraryOf(values, terminal);
  const entries = library.list().map((entry) => ({ ...entry, path: library.pathOf(entry) }));
  if (values["json"]) terminal.print(JSON.stringify(entries, null, 2));
  else if (entries.length === 0)
    terminal.print("Nothing was pulled yet: weir model pull hf:ORG/REPO");
  else {
    const rows = entries.map(({ name, files, license, path }) => [
      name,
      formatBytes(files.reduce((total, { bytes }) => total + bytes, 0)),
      license ?? "not stated",
      path,
    ]);
    terminal.print(rightTable(["model", "size", "licence", "file"], rows, 1));
  }
  return 0;
}

/** `weir model remove NAME`, `weir model clean`. */
export function removeModel(name: string | undefined, values: Values, terminal: Terminal): number {
  if (name === undefined)
    throw new UsageError("remove needs a name that `weir model library` shows");
  const library = libraryOf(values, terminal);
  library.remove(name);
  return cleanLibrary(values, terminal);
}

export function cleanLibrary(values: Values, terminal: Terminal): number {
  const bytes = libraryOf(values, terminal).clean();
  if (values["json"]) terminal.print(JSON.stringify({ freed: bytes }));
  else terminal.print(`${formatBytes(bytes)} were freed.`);
  return 0;
}
