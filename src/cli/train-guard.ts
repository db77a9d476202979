import { readFileSync } from "node:fs";
import { z } from "zod";
import { readSettings } from "../config/settings.ts";
import { WeirError } from "../core/errors.ts";
import type { LabelledText, RefitReport } from "../guard/classifier/refit.ts";
import { trainGuard, undoTraining } from "../weir/guard-training.ts";
import { type Terminal, UsageError, type Values, overridesOf } from "./command.ts";
import { askServer } from "./server-client.ts";

const Row = z.strictObject({
  text: z.string().min(1),
  label: z.enum(["benign", "injection", "jailbreak"]),
  surface: z.enum(["user", "document"]).default("user"),
});

/** `weir guard train`: teaches the classifiers what this place's texts are. */
export async function train(
  file: string | undefined,
  values: Values,
  terminal: Terminal,
): Promise<number> {
  const { dataFolder } = readSettings(overridesOf(values), terminal.env, terminal.cwd);
  if (values["undo"]) return undo(dataFolder, terminal);
  if ((file === undefined) === (values["traces"] !== true)) {
    throw new UsageError("train needs a file of labelled texts, or --traces; or --undo");
  }
  const rows = file === undefined ? await labelledTraces(values, terminal) : readRows(file);
  const isKept = values["dry-run"] !== true;
  const report = taught(() => trainGuard(rows, { dataFolder, isKept }));
  if (values["json"]) terminal.print(JSON.stringify(report, null, 2));
  else show(report, isKept, terminal);
  return 0;
}

function undo(dataFolder: string, { print }: Terminal): number {
  const inForce = undoTraining(dataFolder);
  if (inForce === undefined) print("Nothing was taught here: the shipped model is in force.");
  else {
    print(
      `The ${inForce === "before" ? "model from before the last training" : "shipped model"} is in force from the server's next start.`,
    );
  }
  return 0;
}

function readRows(file: string): LabelledText[] {
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.flatMap((line, index) => {
    if (line.trim() === "") return [];
    const row = Row.safeParse(parsed(line));
    if (row.success) return [row.data];
    const [issue] = row.error.issues;
    const where = issue?.path.join(".") || "the line";
    throw new WeirError(
      "invalid_request",
      `${file}, line ${index + 1}: ${where}: ${issue?.message}. A line is {"text": "…", "label": "benign", "surface": "user"}; labels are benign, injection and jailbreak.`,
    );
  });
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

const PAGE = 200;
const MOST_TRACES = 5000;

interface Traced {
  readonly run: { readonly id: string };
  readonly payload: { readonly inputs?: unknown };
  readonly feedback: readonly { readonly key: string; readonly value: unknown }[];
}

/** Runs to which somebody gave the feedback `guard` with a label for its value. */
async function labelledTraces(values: Values, terminal: Terminal): Promise<LabelledText[]> {
  const rows: LabelledText[] = [];
  const filter = encodeURIComponent('eq(feedback_key, "guard")');
  let cursor = "";
  do {
    const page = await askServer<{ runs: { id: string }[]; next: string | null }>(
      `/admin/v1/runs?limit=${PAGE}&filter=${filter}${cursor && `&cursor=${cursor}`}`,
      values,
      terminal,
    );
    for (const { id } of page.runs) {
      const traced = await askServer<Traced>(`/admin/v1/runs/${id}`, values, terminal);
      rows.push(...labelledIn(traced));
    }
    cursor = page.next ?? "";
  } while (cursor !== "" && rows.length < MOST_TRACES);
  return rows;
}

function labelledIn({ payload, feedback }: Traced): LabelledText[] {
  const label = feedback.find(({ key }) => key === "guard")?.value;
  const row = Row.safeParse({ text: questionIn(payload.inputs), label });
  return row.success ? [row.data] : [];
}

/** The last thing that a user said in a run's input. */
function questionIn(inputs: unknown): string {
  const { messages, prompt } = (inputs ?? {}) as { messages?: unknown; prompt?: unknown };
  if (typeof prompt === "string") return prompt;
  const users = (Array.isArray(messages) ? messages.flat() : []).filter(
    (message: { role?: unknown }) => message.role === "user",
  ) as { content?: unknown }[];
  const content = users.at(-1)?.content;
  if (typeof content === "string") return content;
  const parts = Array.isArray(content) ? (content as { text?: unknown }[]) : [];
  return parts.map(({ text }) => (typeof text === "string" ? text : "")).join("\n");
}

function taught(action: () => RefitReport): RefitReport {
  try {
    return action();
  } catch (cause) {
    if (cause instanceof RangeError) {
      throw new WeirError("invalid_request", cause.message, { cause });
    }
    throw cause;
  }
}

function show(report: RefitReport, isKept: boolean, { print }: Terminal): void {
  const { learnedFrom, attacks, innocent, before, after } = report;
  print(`Learned from ${learnedFrom} texts; judged by ${attacks + innocent} that were kept out.`);
  print("");
  print(`                        before   after`);
  print(
    `attacks found           ${cell(before.attacksFound, attacks)}   ${cell(after.attacksFound, attacks)}`,
  );
  print(
    `innocent texts flagged  ${cell(before.innocentFlagged, innocent)}   ${cell(after.innocentFlagged, innocent)}`,
  );
  print("");
  print(
    isKept
      ? "In force from the server's next start. Take it back with: weir guard train --undo"
      : "Nothing was changed (--dry-run).",
  );
}

function cell(count: number, of: number): string {
  return `${count}/${of}`.padStart(6);
}
