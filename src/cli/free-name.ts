import { existsSync } from "node:fs";
import { UsageError, type Values } from "./command.ts";

/** Throws UsageError where a result would write over what is there, unless `--force` was said. */
export function mustBeFree(path: string, values: Values): void {
  if (values["force"] === true || !existsSync(path)) return;
  throw new UsageError(`${path} is there already: name another with --out, or say --force`);
}
