import { existsSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { type Settings, readSettings } from "../config/settings.ts";
import { formatBytes } from "../gguf/format-bytes.ts";
import { HUB } from "../serve/library/hub.ts";
import { Library, type LibraryEntry } from "../serve/library/library.ts";
import { type Source, pullModel, sourceOf } from "../serve/library/pull.ts";
import { untilBrokenOff } from "./broken-off.ts";
import { type Terminal, UsageError, type Values, overridesOf, text } from "./command.ts";
import { openProgress } from "./progress.ts";
import { rightTable } from "./table.ts";

export const PULL_OPTIONS = {
  endpoint: { type: "string", value: "URL", help: "pull: the hub, or a mirror (HF_ENDPOINT)" },
  revision: { type: "string", value: "NAME", help: "pull: a branch, tag or commit (main)" },
  as: { type: "string", value: "NAME", help: "pull: what it is called in the library" },
} as const;

function settingsOf(values: Values, { env, cwd }: Terminal): Settings {
  return readSettings(overridesOf(values), env, cwd);
}

function libraryOf(values: Values, terminal: Terminal): Library {
  return new Library(join(settingsOf(values, terminal).dataFolder, "library"));
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
  const entry = await fetched(sourceOf(source), { library, values, terminal });
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

async function fetched(
  source: Source,
  { library, values, terminal }: { library: Library; values: Values; terminal: Terminal },
): Promise<LibraryEntry> {
  const { env, cwd } = terminal;
  const { hub } = settingsOf(values, terminal).config.library;
  const from = source.type === "path" ? { ...source, path: resolve(cwd, source.path) } : source;
  if (from.type === "path" && !existsSync(from.path)) {
    const text = `there is no file ${relative(cwd, from.path)}; a model of the hub is hf:ORG/REPO`;
    throw new UsageError(text);
  }
  const progress = openProgress("Pulling", formatBytes, terminal);
  try {
    return await untilBrokenOff((signal) =>
      pullModel(from, {
        library,
        endpoint: text(values, "endpoint") ?? env["HF_ENDPOINT"] ?? hub ?? HUB,
        token: env["HF_TOKEN"],
        revision: text(values, "revision"),
        name: text(values, "as"),
        signal,
        onProgress: progress,
      }),
    );
  } finally {
    progress.end();
  }
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
