import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseModel, toBytes } from "../guard/classifier/model-file.ts";
import { type LabelledText, type RefitReport, refit } from "../guard/classifier/refit.ts";
import { ROOT } from "./release.ts";

/** The shipped model of attacks. */
const SHIPPED = join(ROOT, "models", "guard", "guard.bin");

/** Where a server keeps a model that it was taught, and the one before it. */
const fileIn = (folder: string) => join(folder, "guard", "guard.bin");
const beforeIn = (folder: string) => join(folder, "guard", "guard.before.bin");

/** The file of the model in force: the taught one, or the shipped one. */
export function guardModelFile(dataFolder: string | undefined): string {
  const taught = dataFolder === undefined ? SHIPPED : fileIn(dataFolder);
  return existsSync(taught) ? taught : SHIPPED;
}

/** What a model learns from these rows; with `isKept` it is in force from the server's next start. Throws RangeError. */
export function trainGuard(
  rows: readonly LabelledText[],
  { dataFolder, isKept }: { readonly dataFolder: string; readonly isKept: boolean },
): RefitReport {
  const model = parseModel(readFileSync(guardModelFile(dataFolder)));
  const { model: taught, report } = refit(model, rows);
  if (isKept) keep(dataFolder, toBytes(taught));
  return report;
}

function keep(dataFolder: string, bytes: Uint8Array): void {
  const file = fileIn(dataFolder);
  mkdirSync(join(dataFolder, "guard"), { recursive: true, mode: 0o700 });
  const next = `${file}.next`;
  writeFileSync(next, bytes, { mode: 0o600 });
  if (existsSync(file)) renameSync(file, beforeIn(dataFolder));
  renameSync(next, file);
}

/** Takes the last training back; gives what is in force then, or undefined where nothing was taught. */
export function undoTraining(dataFolder: string): "before" | "shipped" | undefined {
  const [file, before] = [fileIn(dataFolder), beforeIn(dataFolder)];
  if (!existsSync(file)) return undefined;
  if (existsSync(before)) {
    renameSync(before, file);
    return "before";
  }
  rmSync(file);
  return "shipped";
}
