import { expect, it } from "vitest";
import { LineBatch } from "./line-batch.ts";

it("keeps lines of any length and alphabet, in order, and begins anew", () => {
  const batch = new LineBatch();
  const lines = ["a", "é".repeat(30_000), "漢".repeat(50_000), "🙂", "z".repeat(500_000), ""];
  for (const round of [1, 2]) {
    for (const line of lines) batch.add(line);
    expect(batch.count, `round ${round}`).toBe(lines.length);
    expect(Buffer.from(batch.bytes).toString()).toBe(lines.map((line) => `${line}\n`).join(""));
    batch.clear();
    expect(batch.bytes.length).toBe(0);
  }
});
