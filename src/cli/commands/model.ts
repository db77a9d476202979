import {
  type Command,
  JSON_OPTION,
  PLACE_OPTIONS,
  type Terminal,
  UsageError,
  type Values,
} from "../command.ts";
import { builtIn } from "../built-in.ts";
import { CONVERT_OPTIONS, convert } from "../convert-model.ts";
import { INSPECT_OPTIONS, inspect } from "../inspect-model.ts";
import { MEASURE_OPTIONS, compare, evaluate } from "../measure-model.ts";
import { OPTIMIZE_OPTIONS, optimize } from "../optimize-model.ts";
import { PULL_OPTIONS, cleanLibrary, pull, removeModel, showLibrary } from "../pull-model.ts";
import { QUANTIZE_OPTIONS, quantize } from "../quantize-model.ts";
import { CLIENT_OPTIONS, askServer } from "../server-client.ts";
import { SPLIT_OPTIONS, merge, split } from "../split-model.ts";
import { table } from "../table.ts";

/** `weir model`: what a model file is, and what a running server serves. */
export const model: Command = {
  name: "model",
  summary:
    "Pull, convert, inspect, quantize and measure GGUF files, or list what a running server serves",
  usage:
    "pull SOURCE | library | remove NAME | clean | convert FOLDER | split FILE | merge PART | inspect FILE | quantize FILE | eval FILE | compare ORIGINAL FILE… | optimize FILE | list",
  options: {
    ...JSON_OPTION,
    ...CLIENT_OPTIONS,
    ...PLACE_OPTIONS,
    ...PULL_OPTIONS,
    ...INSPECT_OPTIONS,
    ...CONVERT_OPTIONS,
    ...QUANTIZE_OPTIONS,
    ...SPLIT_OPTIONS,
    ...MEASURE_OPTIONS,
    ...OPTIMIZE_OPTIONS,
  },
  detail: `pull fetches a model from the hub, a URL or this machine into the library in the data folder: in parallel, checked
by its hash, and where a break was it goes on. library lists it; remove and clean make room.

  weir model pull hf:ORG/REPO-GGUF:Q4_K_M
  HF_ENDPOINT=https://mirror.example weir model pull hf:ORG/REPO-GGUF

inspect reads headers only: of a file, of all parts of a model (name any), or of one on a server, by its URL.
\`demo\` is the built-in model's file.

convert makes a GGUF file of a folder of safetensors, as the hub has them: Llama, Mistral, Qwen 2 and 3, Gemma 1 to 3,
Phi 2 to 4. What it cannot convert it refuses, and says why.

  weir model convert ./Qwen3-0.6B --type bf16

quantize writes the same model in fewer bits, from its F16 or BF16 original: the file that llama.cpp's own tool
writes, byte for byte.

  weir model quantize model-f16.gguf --type Q4_K_M
  weir model quantize demo --type Q4_0 --again --out demo-Q4_0.gguf

split cuts a file into parts of a size (NAME-00001-of-00003.gguf), merge puts parts together again.

  weir model split model-f16.gguf --size 4GB

eval says how well a model predicts a text (perplexity), and how far it is from its original (KL divergence, and how
often both would choose the same token), or how many questions of your own set it answers. compare puts size, memory, speed and loss of several side by side;
optimize makes one type after the other and keeps the smallest that loses no more than it may.

  weir model eval model-Q4_K_M.gguf --against model-f16.gguf --text sample.txt
  weir model eval model-Q4_K_M.gguf --against model-f16.gguf --set questions.jsonl
  weir model compare model-f16.gguf model-*.gguf --text sample.txt --plot compare.svg
  weir model optimize model-f16.gguf --memory 6GiB --max-kl 0.02 --text sample.txt`,
  async run(values, [action = "", argument, ...more], terminal) {
    if (action === "inspect") return inspect(fileNamed(action, argument), values, terminal);
    if (action === "quantize") return quantize(fileNamed(action, argument), values, terminal);
    if (action === "eval") return evaluate(fileNamed(action, argument), values, terminal);
    if (action === "optimize") return optimize(fileNamed(action, argument), values, terminal);
    if (action === "compare") {
      return compare([fileNamed(action, argument), ...more.map(builtIn)], values, terminal);
    }
    if (action === "convert") return convert(argument, values, terminal);
    if (action === "split") return split(argument, values, terminal);
    if (action === "merge") return merge(argument, values, terminal);
    if (action === "pull") return pull(argument, values, terminal);
    if (action === "library") return showLibrary(values, terminal);
    if (action === "remove") return removeModel(argument, values, terminal);
    if (action === "clean") return cleanLibrary(values, terminal);
    if (action === "list") return list(values, terminal);
    throw new UsageError(action ? `unknown action "${action}"` : "say what: inspect, quantize, …");
  },
};

function fileNamed(action: string, file: string | undefined): string {
  if (!file) throw new UsageError(`${action} needs a GGUF file`);
  return builtIn(file);
}

interface Served {
  readonly models: readonly {
    readonly name: string;
    readonly targets: readonly {
      readonly id: string;
      readonly state: string;
      readonly detail: string | null;
      readonly engine: {
        readonly quantization: string;
        readonly running: number;
        readonly slots: number;
      } | null;
    }[];
    readonly calls24h: number;
  }[];
}

async function list(values: Values, terminal: Terminal): Promise<number> {
  const served = await askServer<Served>("/admin/v1/models", values, terminal);
  if (values["json"]) {
    terminal.print(JSON.stringify(served, null, 2));
    return 0;
  }
  const rows = served.models.flatMap(({ name, targets, calls24h }) =>
    targets.map(({ id, state, detail, engine }) => [
      name,
      id,
      detail ? `${state}: ${detail}` : state,
      engine ? `${engine.running}/${engine.slots} slots, ${engine.quantization}` : "",
      String(calls24h),
    ]),
  );
  terminal.print(table(["MODEL", "TARGET", "STATE", "ENGINE", "CALLS 24 H"], rows));
  return 0;
}
