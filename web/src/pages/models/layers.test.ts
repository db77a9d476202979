import { expect, it } from "vitest";
import { layersOf } from "./layers.ts";

it("sums a layer's types, words in first and words out last", () => {
  const tensor = (name: string, type: string, bytes: number) => ({ name, type, bytes });
  const rows = layersOf([
    tensor("output.weight", "Q6_K", 60),
    tensor("output_norm.weight", "F32", 1),
    tensor("blk.10.attn_q.weight", "Q4_K", 4),
    tensor("blk.2.attn_q.weight", "Q4_K", 4),
    tensor("blk.2.attn_norm.weight", "F32", 1),
    tensor("blk.2.ffn_down.weight", "Q4_K", 5),
    tensor("token_embd.weight", "Q4_K", 40),
  ]);
  expect(rows.map(({ name, bytes }) => [name, bytes])).toEqual([
    ["Words in", 40],
    ["Layer 3", 10],
    ["Layer 11", 4],
    ["Other", 1],
    ["Words out", 60],
  ]);
  expect(rows[1]?.types).toEqual([
    { type: "Q4_K", bytes: 9 },
    { type: "F32", bytes: 1 },
  ]);
});
