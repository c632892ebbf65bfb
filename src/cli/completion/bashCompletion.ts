import { type CommandShape, everyShape, type ValueShape } from './CommandShape.js';

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/**
 * A completion script for bash 3.2 and later, without the package bash-completion. One `case` holds the words for every
 * position; its key is the command's path with the option's name or the argument's number.
 */
export function bashCompletion(program: CommandShape): string {
  const name = program.path.join('_');
  const shapes = everyShape(program);
  const places = shapes.flatMap(({ path, options, values }) => {
    const place = (names: readonly (string | number)[], value: ValueShape | undefined): string[] =>
      value === undefined
        ? []
        : [
            placeCase(
              names.map((name) => `${path.join(' ')}|${name}`),
              value,
            ),
          ];
    return [
      ...options.flatMap(({ names, value }) => place(names, value)),
      ...values.flatMap((value, index) => place([value.isVariadic ? '+' : index], value)),
    ];
  });
  const words = shapes.map(
    ({ path, commands, options }) => `    ${quoted(path.join(' '))})
      commands=${quoted(commands.map((child) => child.path.at(-1)).join(' '))}
      options=${quoted(options.flatMap(({ names }) => names).join(' '))} ;;`,
  );
  return `# bash completion for ${name}, written by \`${name} completion bash\`.

# Sets what a command has: its subcommands and its options.
_${name}_command() {
  case $1 in
${words.join('\n')}
    *) return 1 ;;
  esac
}

# Sets what may stand in a place: words, or a path; fails where nothing is to be put.
_${name}_place() {
  words= isFile=
  case $1 in
${places.join('\n')}
    *) return 1 ;;
  esac
}

_${name}() {
  local current=\${COMP_WORDS[COMP_CWORD]} path=${quoted(name)} option= count=0 i word
  local commands= options= words= isFile=
  COMPREPLY=()
  # The = of --option=value is a word of its own.
  [[ $current == = ]] && current=
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ $word == = ]]; then
      continue
    elif [[ -n $option ]]; then
      option=
    elif [[ $word == -* ]]; then
      _${name}_place "$path|$word" && option=$word
    elif _${name}_command "$path $word"; then
      path+=" $word"
    else
      count=$((count + 1))
    fi
  done
  _${name}_command "$path"
  words= isFile=
  if [[ -n $option ]]; then
    _${name}_place "$path|$option"
  elif [[ $current == -* ]]; then
    words=$options
  elif [[ -n $commands ]]; then
    words=$commands
  else
    _${name}_place "$path|$count" || _${name}_place "$path|+"
  fi
  if [[ -z $isFile ]]; then
    # Outside of a completion (a test, say) there is none to change.
    compopt +o default 2>/dev/null
  else
    compopt -o filenames 2>/dev/null
    while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$current")
  fi
  [[ -z $words ]] || while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -W "$words" -- "$current")
}
complete -o default -F _${name} ${name}
`;
}

function placeCase(keys: readonly string[], { words, isFile }: ValueShape): string {
  const sets = [words.length > 0 ? `words=${quoted(words.join(' '))}` : [], isFile ? 'isFile=1' : []].flat();
  return `    ${keys.map(quoted).join('|')}) ${sets.join(' ') || ':'} ;;`;
}
