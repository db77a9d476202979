import type { Row } from "../report.ts";

export async function measureBeside(): Promise<Row[]> {
  return [];
}
