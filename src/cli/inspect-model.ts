import { describeGguf } from "../gguf/describe-gguf.ts";
import { formatBytes } from "../gguf/format-bytes.ts";
import { faultsOf } from "../gguf/guard-model.ts";
import type { GgufFile } from "../gguf/read-gguf.ts";
import { readModel } from "../gguf/read-model.ts";
import { elementCount } from "../gguf/tensor-types.ts";
import type { Terminal, Values } from "./command.ts";
import { rightTable } from "./table.ts";

export const INSPECT_OPTIONS = {
  tensors: { type: "boolean", help: "inspect: list every tensor" },
} as const;

/** `weir model inspect FILE`: what a model is, by its headers alone. */
export async function inspect(path: string, values: Values, { print }: Terminal): Promise<number> {
  const { parts, whole } = await readModel(path);
  const described = { ...describeGguf(whole), parts: parts.length };
  const suspicious = faultsOf(whole);
  const types = typesOf(whole);
  const listed = values["tensors"] === true;
  if (values["json"]) {
    const tensors = whole.tensors.map(({ type, ...tensor }) => ({ ...tensor, type: type.name }));
    const all = { ...described, suspicious, types, ...(listed && { tensors }) };
    print(JSON.stringify(all, null, 2));
    return 0;
  }
  const number = (value: number | undefined) => value?.toLocaleString("en");
  const rows: [string, string | number | undefined][] = [
    ["name", described.name],
    ["architecture", described.architecture],
    ["parameters", number(described.parameters)],
    ["quantization", described.quantization],
    [
      "file",
      `${formatBytes(described.fileBytes)}${parts.length > 1 ? `, ${parts.length} parts` : ""}`,
    ],
    ["context", described.contextLength && `${number(described.contextLength)} tokens`],
    ["layers", described.layers],
    ["heads", described.heads && `${described.heads}, ${described.kvHeads} for keys and values`],
    ["embedding", described.embeddingLength],
    ["experts", described.experts],
    ["vocabulary", number(described.vocabularySize)],
    ["tokenizer", [described.tokenizer, described.preTokenizer].filter(Boolean).join(", ")],
    [
      "chat template",
      described.chatTemplate ? `${described.chatTemplate.length} characters` : "none",
    ],
    ["licence", described.license],
    ["suspicious", suspicious.join("\n".padEnd(16)) || "nothing"],
  ];
  const known = rows.filter(([, value]) => value !== undefined && value !== "");
  print(known.map(([name, value]) => `${name.padEnd(14)} ${value}`).join("\n"));
  print(`\n${typeTable(types)}`);
  if (listed) print(`\n${tensorTable(whole)}`);
  return 0;
}

interface TypeSum {
  readonly type: string;
  readonly tensors: number;
  readonly parameters: number;
  readonly bytes: number;
}

/** What is stored how, the most bytes first. */
function typesOf({ tensors }: GgufFile): TypeSum[] {
  const sums = new Map<string, TypeSum>();
  for (const { type, dimensions, bytes } of tensors) {
    const sum = sums.get(type.name) ?? { type: type.name, tensors: 0, parameters: 0, bytes: 0 };
    sums.set(type.name, {
      ...sum,
      tensors: sum.tensors + 1,
      parameters: sum.parameters + elementCount(dimensions),
      bytes: sum.bytes + bytes,
    });
  }
  return [...sums.values()].toSorted((a, b) => b.bytes - a.bytes);
}

function typeTable(types: readonly TypeSum[]): string {
  return rightTable(
    ["type", "tensors", "parameters", "bytes"],
    types.map(({ type, tensors, parameters, bytes }) => [
      type,
      String(tensors),
      parameters.toLocaleString("en"),
      formatBytes(bytes),
    ]),
    1,
  );
}

function tensorTable({ tensors }: GgufFile): string {
  return rightTable(
    ["tensor", "type", "shape", "bytes"],
    tensors.map(({ name, type, dimensions, bytes }) => [
      name,
      type.name,
      dimensions.join(" × "),
      formatBytes(bytes),
    ]),
    2,
  );
}
