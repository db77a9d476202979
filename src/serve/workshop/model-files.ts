import { existsSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { WeirError, messageOf } from "../../core/errors.ts";
import { describeGguf } from "../../gguf/describe-gguf.ts";
import { readModel } from "../../gguf/read-model.ts";
import type { Library, LibraryEntry } from "../library/library.ts";

/** A target of weir.yaml that runs a model file of this machine. */
export interface ServedFile {
  readonly model: string;
  readonly target: string;
  /** As weir.yaml has it. */
  readonly said: string;
  /** Absolute. */
  readonly path: string;
}

/** What a header says, as far as a list shows it. */
export interface FileFacts {
  readonly architecture: string;
  /** Its quantization, as `Q4_K_M`. */
  readonly type: string;
  /** Whether its weights have fewer than 16 bits. */
  readonly isQuantized: boolean;
  readonly parameters: number;
  readonly contextTokens: number | null;
  readonly layers: number | null;
  /** By its own header. */
  readonly license: string | null;
}

/** A model file that can be named: one of the library, or one that weir.yaml serves. */
export interface ModelFile {
  /** What it is called by in requests: never a path. */
  readonly ref: string;
  readonly name: string;
  readonly isInLibrary: boolean;
  /** Absolute. */
  readonly path: string;
  /** What `file:` in weir.yaml wants. */
  readonly said: string;
  readonly bytes: number;
  readonly parts: number;
  readonly source: string | null;
  readonly original: string | null;
  readonly license: string | null;
  /** Epoch milliseconds; null: nobody pulled it. */
  readonly addedAt: number | null;
  /** The models of weir.yaml that it answers for. */
  readonly usedBy: readonly string[];
  /** Null where it cannot be read; `problem` says why. */
  readonly facts: FileFacts | null;
  readonly problem: string | null;
}

type Place = Omit<ModelFile, "facts" | "problem" | "usedBy"> & { readonly usedBy: string[] };

const QUANTIZED = /^(?!F32$|F16$|BF16$)/;
const MOST_KNOWN = 500;

/** The model files of this server. Only what stands in its list can be asked for. */
export class ModelFiles {
  private readonly library: Library;
  private readonly served: () => readonly ServedFile[];
  /** By path, length and time of change. */
  private readonly known = new Map<string, FileFacts>();

  constructor(library: Library, served: () => readonly ServedFile[]) {
    this.library = library;
    this.served = served;
  }

  async list(): Promise<ModelFile[]> {
    const files: ModelFile[] = [];
    // One after the other: large headers at the same time would take their memory at the same time.
    for (const place of this.places()) files.push(await this.describe(place));
    return files;
  }

  /** Throws not_found, naming what there is. */
  async find(ref: string, param = "ref"): Promise<ModelFile> {
    const places = this.places();
    const place = places.find((one) => one.ref === ref);
    if (place) return this.describe(place);
    const there = places.map((one) => one.ref).join(", ") || "none";
    throw new WeirError(
      "not_found",
      `There is no model file ${JSON.stringify(ref)} here. There: ${there}.`,
      { param },
    );
  }

  /** As `find`; throws invalid_request too where the file cannot be read. */
  async usable(ref: string, param: string): Promise<ModelFile> {
    const file = await this.find(ref, param);
    if (file.problem === null) return file;
    throw new WeirError("invalid_request", file.problem, { param });
  }

  private places(): Place[] {
    const served = this.served();
    const pulled = this.library.list().map((entry) => toPlace(entry, this.library.pathOf(entry)));
    const others = new Map<string, Place>();
    for (const file of served) {
      const own = entriesOf(file, pulled);
      for (const place of own) addUser(place, file.model);
      if (own.length > 0) continue;
      const real = realOf(file.path);
      const place = others.get(real) ?? toServedPlace(file);
      addUser(place, file.model);
      others.set(real, place);
    }
    return [...others.values(), ...pulled];
  }

  private async describe(place: Place): Promise<ModelFile> {
    try {
      const facts = await this.factsOf(place.path);
      return { ...place, license: place.license ?? facts.license, facts, problem: null };
    } catch (cause) {
      return { ...place, facts: null, problem: messageOf(cause) };
    }
  }

  private async factsOf(path: string): Promise<FileFacts> {
    const { size, mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? {};
    const key = `${path} ${size} ${mtimeMs}`;
    const known = this.known.get(key);
    if (known) return known;
    const described = describeGguf((await readModel(path)).whole);
    const { architecture, quantization, parameters, contextLength, layers, license } = described;
    const facts: FileFacts = {
      architecture,
      type: quantization,
      isQuantized: QUANTIZED.test(quantization),
      parameters,
      contextTokens: contextLength ?? null,
      layers: layers ?? null,
      license: license ?? null,
    };
    if (this.known.size >= MOST_KNOWN) this.known.clear();
    this.known.set(key, facts);
    return facts;
  }
}

function toPlace(entry: LibraryEntry, path: string): Place {
  const { name, files, source, original = null, license, pulledAt } = entry;
  return {
    ref: `library:${name}`,
    name,
    isInLibrary: true,
    path,
    said: path,
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    parts: files.length,
    source,
    original,
    license,
    addedAt: pulledAt,
    usedBy: [],
  };
}

function toServedPlace({ model, target, said, path }: ServedFile): Place {
  return {
    ref: `served:${model}:${target}`,
    name: basename(said).replace(/\.gguf$/i, ""),
    isInLibrary: false,
    path,
    said,
    bytes: existsSync(path) ? statSync(path).size : 0,
    parts: 1,
    source: null,
    original: null,
    license: null,
    addedAt: null,
    usedBy: [],
  };
}

/** Which models of the library a served file is: the one that it names, else all with its content. */
function entriesOf({ path }: ServedFile, pulled: readonly Place[]): readonly Place[] {
  const named = pulled.filter((place) => linkOf(place.path) === linkOf(path));
  if (named.length > 0) return named;
  const real = realOf(path);
  return pulled.filter((place) => realOf(place.path) === real);
}

function addUser({ usedBy }: Place, model: string): void {
  if (!usedBy.includes(model)) usedBy.push(model);
}

/** Where a link stands, not what it leads to: models of one content are links to one file. */
function linkOf(path: string): string {
  return join(realOf(dirname(path)), basename(path));
}

function realOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
