import type { ParseArgsOptionDescriptor } from "node:util";

/** An option of a command; `help` is one line, `value` names what it takes (`PORT`). */
export interface Option extends ParseArgsOptionDescriptor {
  readonly help: string;
  readonly value?: string;
}

export type Values = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;

/** Where a command reads and writes. Tests hand in their own. */
export interface Terminal {
  readonly print: (text: string) => void;
  /** For people only: progress, hints, errors. */
  readonly note: (text: string) => void;
  readonly isTty: boolean;
  /** Draws a line over the last one drawn so; absent where nobody looks. */
  readonly redraw?: ((line: string) => void) | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdin: NodeJS.ReadStream;
}

/** A command is data and one function. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  /** What follows the name: `[FILE]`. */
  readonly usage?: string;
  /** More for `--help`: what it does, examples. */
  readonly detail?: string;
  readonly options: Readonly<Record<string, Option>>;
  /** Resolves to the exit status. WeirErrors are printed and become 1. */
  run(values: Values, positionals: readonly string[], terminal: Terminal): Promise<number>;
}

/** A mistake in how a command was called: printed with a pointer to its help, exit status 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The options that say which server or data folder is meant; the same for every command. */
export const PLACE_OPTIONS = {
  config: { type: "string", short: "c", value: "FILE", help: "the config file (weir.yaml)" },
  data: { type: "string", value: "FOLDER", help: "the data folder (.weir)" },
} as const satisfies Record<string, Option>;

export const JSON_OPTION = {
  json: { type: "boolean", help: "print JSON, for programs" },
} as const satisfies Record<string, Option>;

/** A string option's value; undefined when it was not given. */
export function text(values: Values, name: string): string | undefined {
  const value = values[name];
  return typeof value === "string" ? value : undefined;
}

/** The flags of `PLACE_OPTIONS` and `serve` as overrides of the settings. */
export function overridesOf(values: Values): Record<string, string> {
  const names = ["config", "data", "host", "port", "model", "workers"];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = text(values, name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
