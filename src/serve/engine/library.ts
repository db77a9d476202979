import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import koffi, { type LibraryHandle } from "koffi";
import { WeirError } from "../../core/errors.ts";
import { bindFunctions, type LlamaFunctions } from "./functions.ts";
import { locateLibrary, type LibraryPlace } from "./library-place.ts";
import { declareLayout, KV_TYPES, PINNED, type Pointer } from "./layout.ts";

export { locateLibrary };

/** llama.cpp's C functions, as far as Weir calls them. Every pointer is the library's own. */
export type Llama = LlamaFunctions & {
  readonly place: LibraryPlace;
  /** What the library computes on, as `CPU: AMD EPYC 9R14`. */
  readonly devices: () => string[];
  /** Which CPU build ggml has chosen, as `zen4`; undefined where the system does not tell. */
  readonly cpuBuild: () => string | undefined;
};

/**
 * Loads llama.cpp and checks that it is the one that `layout.ts` describes. Call once a process;
 * unless it is to be quiet, the library reports to stderr.
 * Throws `model_unavailable` when the library is missing, cannot be loaded or is another version.
 */
export function openLibrary(place = locateLibrary(), { quiet = true } = {}): Llama {
  const layout = declareLayout();
  const { llama, ggml } = load(place.folder);
  if (quiet) silence(llama);
  const bound = bindFunctions(llama);
  checkSizes(layout);
  check("version", bound.version(), PINNED.version);
  checkDefaults(bound);
  const devices = bindDevices(ggml);
  devices.load(place.folder);
  bound.backendInit();
  return { ...bound, place, devices: devices.names, cpuBuild };
}

function load(folder: string): { llama: LibraryHandle; ggml: LibraryHandle } {
  try {
    koffi.load(find(folder, "ggml-base"), { global: true });
    const ggml = koffi.load(find(folder, "ggml"), { global: true });
    const llama = koffi.load(find(folder, "llama"), { global: true });
    return { llama, ggml };
  } catch (cause) {
    throw new WeirError(
      "model_unavailable",
      `llama.cpp's library in ${folder} cannot be loaded: ${String(cause)}`,
      { cause },
    );
  }
}

/** `libllama.v0.5.0.so`, `libggml-base.so`, `llama.dll`, …: the version may stand in the name. */
function find(folder: string, name: string): string {
  const pattern = new RegExp(`^(lib)?${name}(\\.v?[\\d.]+)?\\.(so|dylib|dll)$`);
  const file = readdirSync(folder).find((entry) => pattern.test(entry));
  if (file === undefined) throw new Error(`there is no ${name} library`);
  return join(folder, file);
}

/** Gives the log to a C function that does nothing with it: `abs` of the message's level. */
function silence(llama: LibraryHandle): void {
  const libc = koffi.load(process.platform === "win32" ? "msvcrt.dll" : null);
  const setLog = llama.func("void llama_log_set(void *callback, void *data)") as (
    callback: Pointer,
    data: null,
  ) => void;
  setLog(libc.symbol("abs") as Pointer, null); // koffi gives a symbol as its address
}

function checkSizes({ contextParams, modelParams, batch }: ReturnType<typeof declareLayout>): void {
  check("context parameter bytes", contextParams.size, PINNED.contextParamsBytes);
  check("model parameter bytes", modelParams.size, PINNED.modelParamsBytes);
  check("batch bytes", batch.size, PINNED.batchBytes);
}

/** Defaults at known offsets: a shifted field would show here, not in a wrong answer later. */
function checkDefaults(llama: LlamaFunctions): void {
  const context = llama.contextDefaultParams();
  check("default n_batch", context.n_batch, 2048);
  check("default n_ubatch", context.n_ubatch, 512);
  check("default type_k", context.type_k, KV_TYPES.f16);
  check("default type_v", context.type_v, KV_TYPES.f16);
  check("default pooling_type", context.pooling_type, -1);
  check("default n_samplers", Number(context["n_samplers"]), 0);
  const model = llama.modelDefaultParams();
  check("default n_gpu_layers", model.n_gpu_layers, -1);
  check("default use_extra_bufts", model["use_extra_bufts"], true);
  check("default vocab_only", model["vocab_only"], false);
}

function check(what: string, found: unknown, wanted: unknown): void {
  if (found === wanted) return;
  throw new WeirError(
    "model_unavailable",
    `llama.cpp's library is not the one that Weir was built for: ${what} is ${String(found)}, ` +
      `expected ${String(wanted)}. Install the pinned package again: npm ci`,
  );
}

/** ggml chooses the right build for this CPU and finds the GPUs. */
function bindDevices(ggml: LibraryHandle) {
  const count = ggml.func("size_t ggml_backend_dev_count()") as () => number;
  const get = ggml.func("void *ggml_backend_dev_get(size_t index)") as (index: number) => Pointer;
  const name = ggml.func("const char *ggml_backend_dev_name(void *device)") as DeviceText;
  const text = ggml.func("const char *ggml_backend_dev_description(void *device)") as DeviceText;
  return {
    load: ggml.func("void ggml_backend_load_all_from_path(const char *folder)") as (
      folder: string,
    ) => void,
    names: (): string[] =>
      Array.from({ length: count() }, (_, index) => get(index)).map(
        (device) => `${name(device)}: ${text(device)}`,
      ),
  };
}

function cpuBuild(): string | undefined {
  try {
    return /libggml-cpu-(\w+)\./.exec(readFileSync("/proc/self/maps", "utf8"))?.[1];
  } catch {
    return undefined;
  }
}

type DeviceText = (device: Pointer) => string;
