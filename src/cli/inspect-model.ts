import { type TypeSum, contentsOf, tensorRows } from "../gguf/contents.ts";
import { formatBytes } from "../gguf/format-bytes.ts";
import type { GgufFile } from "../gguf/read-gguf.ts";
import { readModel } from "../gguf/read-model.ts";
import type { Terminal, Values } from "./command.ts";
import { rightTable } from "./table.ts";

export const INSPECT_OPTIONS = {
  tensors: { type: "boolean", help: "inspect: list every tensor" },
} as const;

/** `weir model inspect FILE`: what a model is, by its headers alone. */
export async function inspect(path: string, values: Values, { print }: Terminal): Promise<number> {
  const model = await readModel(path);
  const described = contentsOf(model);
  const { parts, suspicious, types } = described;
  const listed = values["tensors"] === true;
  if (values["json"]) {
    const all = { ...described, ...(listed && { tensors: tensorRows(model) }) };
    print(JSON.stringify(all, null, 2));
    return 0;
  }
  const number = (value: number | undefined) => value?.toLocaleString("en");
  const rows: [string, string | number | undefined][] = [
    ["name", described.name],
    ["architecture", described.architecture],
    ["parameters", number(described.parameters)],
    ["quantization", described.quantization],
    ["file", `${formatBytes(described.fileBytes)}${parts > 1 ? `, ${parts} parts` : ""}`],
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
  if (listed) print(`\n${tensorTable(model.whole)}`);
  return 0;
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
