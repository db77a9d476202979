import { z } from "zod";
import type { LineFault } from "./batch.ts";

/** What an input line asks for, checked. */
export interface BatchLine {
  readonly customId: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export const MAX_LINES = 50_000;
/** More would help nobody: whoever wrote the file mends the first ones and tries again. */
const MAX_FAULTS = 100;

const Line = z.looseObject({
  custom_id: z.string().min(1).max(512),
  method: z.literal("POST"),
  url: z.string(),
  body: z.looseObject({ model: z.string() }),
});

/** Reads one line; a fault says what is wrong with it. */
export function readLine(
  text: string,
  number: number,
  endpoint: string,
): { readonly line: BatchLine } | { readonly fault: LineFault } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return fault("invalid_json_line", number, "This line is not valid JSON.", null);
  }
  const result = Line.safeParse(value);
  if (!result.success) {
    const [issue] = result.error.issues;
    const param = issue?.path.join(".") || null;
    const message = `${param ?? "the line"}: ${issue?.message ?? "is not as it should be"}`;
    return fault("invalid_request", number, message, param);
  }
  const { custom_id: customId, url, body } = result.data;
  if (url !== endpoint) {
    return fault("mismatched_url", number, `url: this batch is for ${endpoint}`, "url");
  }
  if (body["stream"] === true || body["background"] === true) {
    const param = body["stream"] === true ? "body.stream" : "body.background";
    return fault("invalid_request", number, `${param}: a batch's answers come whole`, param);
  }
  return { line: { customId, body } };
}

function fault(
  code: string,
  line: number | null,
  message: string,
  param: string | null,
): { readonly fault: LineFault } {
  return { fault: { code, line, message, param } };
}

/** Goes through a whole input once. Gives how many lines it has, and what is wrong with them. */
export async function checkInput(
  lines: AsyncIterable<string>,
  endpoint: string,
): Promise<{ total: number; faults: LineFault[] }> {
  const seen = new Set<string>();
  const faults: LineFault[] = [];
  let number = 0;
  for await (const text of lines) {
    number += 1;
    if (text.trim() === "") continue;
    const read = readLine(text, number, endpoint);
    if ("fault" in read) faults.push(read.fault);
    else if (seen.has(read.line.customId)) faults.push(duplicate(number, read.line.customId));
    else seen.add(read.line.customId);
    if (faults.length >= MAX_FAULTS || seen.size > MAX_LINES) break;
  }
  if (seen.size > MAX_LINES) {
    const message = `A batch may have ${MAX_LINES} lines at most.`;
    faults.push({ code: "too_many_lines", line: null, message, param: null });
  } else if (seen.size === 0 && faults.length === 0) {
    const message = "The input file has no lines.";
    faults.push({ code: "empty_file", line: null, message, param: "input_file_id" });
  }
  return { total: seen.size, faults };
}

function duplicate(line: number, customId: string): LineFault {
  const message = `custom_id: "${customId}" was used before; each line needs its own`;
  return { code: "duplicate_custom_id", line, message, param: "custom_id" };
}
