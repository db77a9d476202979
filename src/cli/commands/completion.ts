import { type Command, UsageError } from "../command.ts";

/** `weir completion`: a script for the shell, made from the commands themselves. */
export function completion(commands: () => readonly Command[]): Command {
  return {
    name: "completion",
    summary: "Print the completion script for a shell",
    usage: "bash | zsh | fish",
    options: {},
    detail: `
  bash: weir completion bash > ~/.local/share/bash-completion/completions/weir
  zsh:  weir completion zsh > "\${fpath[1]}/_weir"
  fish: weir completion fish > ~/.config/fish/completions/weir.fish`,
    async run(_values, [shell = ""], { print }) {
      if (shell === "bash") print(bash(commands()));
      else if (shell === "zsh")
        print(`#compdef weir\nautoload -U +X bashcompinit && bashcompinit\n${bash(commands())}`);
      else if (shell === "fish") print(fish(commands()));
      else throw new UsageError("say which shell: bash, zsh or fish");
      return 0;
    },
  };
}

function bash(commands: readonly Command[]): string {
  const cases = commands.map(({ name, options }) => {
    const names = [...Object.keys(options), "help"].map((option) => `--${option}`);
    return `    ${name}) words="${names.join(" ")}" ;;`;
  });
  return `_weir() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words
  case "\${COMP_WORDS[1]}" in
${cases.join("\n")}
    *) words="" ;;
  esac
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${commands.map(({ name }) => name).join(" ")} --help --version" -- "$current"))
  elif [[ "$current" == -* ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  else
    COMPREPLY=($(compgen -f -- "$current"))
  fi
}
complete -F _weir weir`;
}

function fish(commands: readonly Command[]): string {
  const quote = (line: string) => `'${line.replaceAll("'", String.raw`\'`)}'`;
  const names = commands.map(
    ({ name, summary }) =>
      `complete -c weir -n __fish_use_subcommand -a ${name} -d ${quote(summary)}`,
  );
  const options = commands.flatMap(({ name, options }) =>
    Object.entries(options).map(
      ([option, { help }]) =>
        `complete -c weir -n "__fish_seen_subcommand_from ${name}" -l ${option} -d ${quote(help)}`,
    ),
  );
  return [...names, ...options].join("\n");
}
