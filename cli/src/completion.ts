import { Argument, type Command } from "commander";
import { type CommandMaker, verb } from "./command.ts";

/** Shells that a completion script is made for. */
const shells = ["bash", "zsh"] as const;

/** `completion`: a script to be sourced, made from the program's own commands, so that it cannot lag behind. */
export const completionCommand: CommandMaker = (context) =>
  verb("completion", "Print the completion script of a shell", [
    "completion bash > /etc/bash_completion.d/holdfast",
    "completion zsh > ~/.zfunc/_holdfast",
  ])
    .addArgument(new Argument("<shell>", "which shell").choices(shells))
    .action((shell: (typeof shells)[number], _options, command: Command) => {
      const words = wordsByPath(command.parent ?? command);
      context.print(
        shell === "bash"
          ? bashScript(words)
          : `#compdef holdfast\nautoload -U +X bashcompinit && bashcompinit\n${bashScript(words)}`,
      );
    });

/** For each path of nouns and verbs, what may follow: subcommands and long options. */
export const wordsByPath = (root: Command): ReadonlyMap<string, readonly string[]> => {
  const globals = root.options.flatMap((option) =>
    option.long === undefined || option.long === null ? [] : [option.long],
  );
  const found = new Map<string, readonly string[]>();
  const visit = (command: Command, path: string): void => {
    const options = command.options.flatMap((option) =>
      option.long === undefined || option.long === null ? [] : [option.long],
    );
    found.set(path, [...command.commands.map((one) => one.name()), ...new Set([...options, ...globals, "--help"])]);
    for (const one of command.commands) visit(one, path === "" ? one.name() : `${path} ${one.name()}`);
  };
  visit(root, "");
  return found;
};

const bashScript = (words: ReadonlyMap<string, readonly string[]>): string => `_holdfast() {
  local path="" word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) case "$path" in *" "*) ;; "") path="$word" ;; *) path="$path $word" ;; esac ;; esac
  done
  local words=""
  case "$path" in
${[...words].map(([path, next]) => `    "${path}") words="${next.join(" ")}" ;;`).join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _holdfast holdfast`;
