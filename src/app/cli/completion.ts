import type { Command } from 'commander';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** A place in the command line with what may follow it: the verbs below it, and its options. */
interface Place {
  /** `batch reset`; empty for the beginning. */
  readonly path: string;
  readonly words: readonly { readonly word: string; readonly description: string }[];
}

/** The script that completes verbs and options in a shell; made from the program itself. */
export function completionScript(shell: Shell, root: Command): string {
  const places = placesOf(root, []);
  return shell === 'fish' ? fishScript(places) : bashScript(places, shell);
}

function placesOf(command: Command, before: readonly string[]): Place[] {
  const options = [...command.options, ...(before.length === 0 ? [] : topOf(command).options)];
  const words = [
    ...command.commands.map((child) => ({ word: child.name(), description: child.description() })),
    ...options.flatMap(({ long, description }) => (long == null ? [] : [{ word: long, description }])),
  ];
  return [
    { path: before.join(' '), words },
    ...command.commands.flatMap((child) => placesOf(child, [...before, child.name()])),
  ];
}

function topOf(command: Command): Command {
  return command.parent === null ? command : topOf(command.parent);
}

function bashScript(places: readonly Place[], shell: 'bash' | 'zsh'): string {
  const cases = places.map(
    ({ path, words }) => `    '${path}') words='${words.map(({ word }) => word).join(' ')}' ;;`,
  );
  const groups = places.filter(({ path }) => path !== '').map(({ path }) => `'${path}'`);
  return `${shell === 'zsh' ? 'autoload -U +X compinit bashcompinit && compinit && bashcompinit\n' : ''}_tipoff() {
  local path='' words='' word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "\${path:+$path }$word" in
      ${groups.join('|')}) path="\${path:+$path }$word" ;;
    esac
  done
  case "$path" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
  [ \${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -F _tipoff tipoff
`;
}

function fishScript(places: readonly Place[]): string {
  const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const lines = places.flatMap(({ path, words }) => {
    const names = path.split(' ').filter((name) => name !== '');
    const below = words.map(({ word }) => word).filter((word) => !word.startsWith('-'));
    const seen = names.map((name) => `__fish_seen_subcommand_from ${name}`);
    const condition =
      names.length === 0
        ? '__fish_use_subcommand'
        : [
            ...seen,
            ...(below.length === 0 ? [] : [`not __fish_seen_subcommand_from ${below.join(' ')}`]),
          ].join('; and ');
    return words.map(({ word, description }) =>
      word.startsWith('--')
        ? `complete -c tipoff -n ${quoted(names.length === 0 ? 'true' : seen.join('; and '))} -l ${word.slice(2)} -d ${quoted(description)}`
        : `complete -c tipoff -f -n ${quoted(condition)} -a ${word} -d ${quoted(description)}`,
    );
  });
  return `${[...new Set(lines)].join('\n')}\n`;
}
