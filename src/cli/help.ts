import { styleText } from "node:util";
import type { Command, Option } from "./command.ts";

export function overview(commands: readonly Command[], color: boolean): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  const rows = commands.map(
    ({ name, summary }) => `  ${bold(name.padEnd(width), color)}  ${summary}`,
  );
  return [
    `${bold("weir", color)}: serve, watch, guard and ship language models`,
    "",
    "Usage: weir COMMAND [OPTIONS]",
    "",
    ...rows,
    "",
    "weir COMMAND --help says more. Start with: weir serve",
  ].join("\n");
}

export function helpFor(command: Command, color: boolean): string {
  const options: [string, Option][] = [
    ...Object.entries(command.options),
    ["help", { type: "boolean", short: "h", help: "print this" }],
  ];
  const names = options.map(([name, { short, value }]) => {
    return `${short ? `-${short}, ` : "    "}--${name}${value ? ` ${value}` : ""}`;
  });
  const width = Math.max(...names.map(({ length }) => length));
  const rows = options.map(([, { help }], index) => {
    return `  ${bold((names[index] ?? "").padEnd(width), color)}  ${help}`;
  });
  const usage = [`Usage: weir ${command.name}`, command.usage, "[OPTIONS]"]
    .filter(Boolean)
    .join(" ");
  return [
    command.summary,
    "",
    usage,
    "",
    ...rows,
    ...(command.detail ? ["", command.detail.trim()] : []),
  ].join("\n");
}

function bold(text: string, color: boolean): string {
  return color ? styleText("bold", text) : text;
}
