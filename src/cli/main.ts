/** `weir`: finds the command, parses its options, runs it, and turns failures into words. */
import { parseArgs } from "node:util";
import { WeirError, messageOf } from "../core/errors.ts";
import { type Command, type Terminal, UsageError } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { helpFor, overview } from "./help.ts";

const GLOBAL = {
  help: { type: "boolean", short: "h" },
  version: { type: "boolean", short: "v" },
} as const;

export async function main(args: readonly string[], terminal: Terminal): Promise<number> {
  const [name = "", ...rest] = args;
  if (name === "" || name === "--help" || name === "-h" || name === "help") {
    const asked = COMMANDS.find((command) => command.name === rest[0]);
    terminal.print(asked ? helpFor(asked, terminal.isTty) : overview(COMMANDS, terminal.isTty));
    return 0;
  }
  if (name === "--version" || name === "-v") {
    const { VERSION } = await import("../weir/release.ts");
    terminal.print(VERSION);
    return 0;
  }
  const command = COMMANDS.find((candidate) => candidate.name === name);
  if (!command) {
    terminal.note(`weir: there is no command "${name}". See: weir --help`);
    return 2;
  }
  return runCommand(command, rest, terminal);
}

async function runCommand(command: Command, args: string[], terminal: Terminal): Promise<number> {
  try {
    const { values, positionals } = parse(command, args);
    if (values["help"]) {
      terminal.print(helpFor(command, terminal.isTty));
      return 0;
    }
    return await command.run(values, positionals, terminal);
  } catch (cause) {
    if (cause instanceof UsageError) {
      terminal.note(`weir ${command.name}: ${cause.message}. See: weir ${command.name} --help`);
      return 2;
    }
    terminal.note(`weir: ${messageOf(cause)}`);
    if (!(cause instanceof WeirError) && cause instanceof Error) terminal.note(cause.stack ?? "");
    return 1;
  }
}

function parse(command: Command, args: string[]) {
  try {
    // A command's own meaning of a name comes first: a mock has a version that it imitates.
    return parseArgs({ args, options: { ...GLOBAL, ...command.options }, allowPositionals: true });
  } catch (cause) {
    throw new UsageError(messageOf(cause).replace(/\. To specify.*$/s, ""), { cause });
  }
}

const terminal: Terminal = {
  print: (text) => process.stdout.write(`${text}\n`),
  note: (text) => process.stderr.write(`${text}\n`),
  isTty: process.stdout.isTTY ?? false,
  redraw: process.stderr.isTTY ? (line) => process.stderr.write(`\r\u001b[2K${line}`) : undefined,
  env: process.env,
  cwd: process.cwd(),
  stdin: process.stdin,
};

process.stdout.on("error", (cause: NodeJS.ErrnoException) => {
  if (cause.code === "EPIPE") process.exit(0);
  throw cause;
});
process.exitCode = await main(process.argv.slice(2), terminal);
