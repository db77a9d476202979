import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { isJson, readJson } from "./json-file.ts";
import { ModelConfig } from "./model-config.ts";
import { quote, refusal } from "./refusal.ts";
import { readSafetensors, type StoredTensor } from "./safetensors.ts";

/** A model as Hugging Face's libraries keep it: a folder of settings, tokenizer and weights. */

/** By name, in the order of files and names. */
export type StoredTensors = ReadonlyMap<string, StoredTensor>;

const WEIGHTS = "model.safetensors";
const INDEX = "model.safetensors.index.json";
/** A model in more files is a mistake. */
const MOST_SHARDS = 1000;

/** Reads a folder's settings. Throws WeirError. */
export async function readConfig(folder: string): Promise<ModelConfig> {
  if (!existsSync(folder)) throw refusal(`There is no folder ${folder}.`);
  if (!statSync(folder).isDirectory())
    throw refusal(`${folder} is a file; name the folder that config.json and the weights are in.`);
  const values = await readJson(folder, "config.json");
  if (!values) throw refusal(`${folder} has no config.json: it is no checkpoint.`);
  return new ModelConfig(join(folder, "config.json"), values);
}

/** Reads what the headers of its weights say; no numbers yet. Throws WeirError. */
export async function readWeights(folder: string): Promise<StoredTensors> {
  const index = await readIndex(folder);
  const files = index ? [...new Set(index.values())].toSorted() : [soleFile(folder)];
  if (files.length > MOST_SHARDS) throw refusal(`${folder} is said to have ${files.length} parts.`);
  const tensors = new Map<string, StoredTensor>();
  for (const file of files) {
    for (const tensor of await readSafetensors(join(folder, file))) {
      checkPlace(tensor, { before: tensors.get(tensor.name), index });
      tensors.set(tensor.name, tensor);
    }
  }
  for (const [name, file] of index ?? []) {
    if (tensors.has(name)) continue;
    throw refusal(
      `${join(folder, file)} lacks the tensor ${quote(name)}, which ${INDEX} places there; download both again.`,
    );
  }
  return tensors;
}

interface Listed {
  readonly before: StoredTensor | undefined;
  readonly index: ReadonlyMap<string, string> | undefined;
}

function checkPlace({ name, path }: StoredTensor, { before, index }: Listed): void {
  if (before) throw refusal(`${path} has the tensor ${quote(name)} that ${before.path} has, too.`);
  if (index && index.get(name) !== basename(path))
    throw refusal(`${path} has the tensor ${quote(name)}, which ${INDEX} does not place there.`);
}

/** Which file each tensor is in; undefined for a model in one file. */
async function readIndex(folder: string): Promise<ReadonlyMap<string, string> | undefined> {
  const index = await readJson(folder, INDEX);
  if (!index) return undefined;
  const { weight_map: map } = index;
  if (!isJson(map) || Object.keys(map).length === 0)
    throw refusal(`${join(folder, INDEX)} has no weight_map; download it again.`);
  return new Map(
    Object.entries(map).map(([name, file]) => {
      if (typeof file === "string" && /^[\w.-]+\.safetensors$/.test(file)) return [name, file];
      throw refusal(`${join(folder, INDEX)} places ${quote(name)} in no file of this folder.`);
    }),
  );
}

/** The one file of a small model; for other formats, what to do about them. */
function soleFile(folder: string): string {
  if (existsSync(join(folder, WEIGHTS))) return WEIGHTS;
  const names = readdirSync(folder);
  const parts = names.filter((name) => name.endsWith(".safetensors"));
  if (parts.some((name) => name.startsWith("model-")))
    throw refusal(`${folder} has its weights in parts, and no ${INDEX}; download that, too.`);
  if (parts.length > 0)
    throw refusal(
      `${folder} has no ${WEIGHTS}, only ${parts[0]}; take the checkpoint in Hugging Face's own form.`,
    );
  if (names.some((name) => /\.(bin|pth?|ckpt)$/.test(name)))
    throw refusal(
      `${folder} has its weights as PyTorch archives, which can hold programs; take the safetensors version.`,
    );
  throw refusal(`${folder} has no ${WEIGHTS}.`);
}
