import { type CommandShape, everyShape, type OptionShape, type ValueShape } from './CommandShape.js';

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
/** `_arguments` ends a description at a bracket and a field at a colon. */
const escaped = (text: string): string => text.replaceAll(/[\\[\]:]/g, '\\$&');

/** Completes a name or a path. */
const WORD_OR_FILE = '_effvit_word_or_file';

/** A completion script for zsh: one function per command, which passes its options and arguments to `_arguments`. */
export function zshCompletion(program: CommandShape): string {
  const name = program.path.join('_');
  return `#compdef ${name}
# zsh completion for ${name}, written by \`${name} completion zsh\`.

${WORD_OR_FILE}() {
  _alternative "words:name:($*)" 'files:file:_files'
}

${everyShape(program).map(commandFunction).join('\n\n')}

# Found in fpath, zsh calls this file as the function; read by eval or source, it registers it.
if [[ \${zsh_eval_context[-1]} == loadautofunc ]]; then
  _${name} "$@"
else
  compdef _${name} ${name}
fi
`;
}

function commandFunction({ path, commands, options, values }: CommandShape): string {
  const name = `_${path.join('_')}`;
  const specs = options.map(optionSpec);
  if (commands.length === 0) {
    return `${name}() {\n  _arguments -S \\\n    ${[...specs, ...values.map(valueSpec)].join(' \\\n    ')}\n}`;
  }
  const entries = commands.map((child) =>
    quoted(`${child.path.at(-1)}:${child.description.replaceAll(/[\\:]/g, '\\$&')}`),
  );
  const branches = commands.map(
    (child) => `      ${child.path.at(-1)}) _${child.path.join('_')} && result=0 ;;`,
  );
  return `${name}() {
  local context curcontext=$curcontext state line result=1
  local -a commands
  commands=(
    ${entries.join('\n    ')}
  )
  _arguments -C \\
    ${[...specs, "'1:command:->command'", "'*::argument:->argument'"].join(' \\\n    ')} && result=0
  case $state in
    command) _describe -t commands command commands && result=0 ;;
    argument)
      case $words[1] in
${branches.map((branch) => `  ${branch}`).join('\n')}
      esac ;;
  esac
  return result
}`;
}

function optionSpec({ names, description, value }: OptionShape): string {
  const text = `[${escaped(description)}]`;
  // An option that may be repeated, or has two spellings that exclude each other.
  const before = value?.isVariadic === true ? '*' : names.length > 1 ? `(${names.join(' ')})` : '';
  const after = value === undefined ? text : `=${text}:${value.placeholder}:${action(value)}`;
  if (names.length === 1) return quoted(`${before}${names[0]}${after}`);
  return `${quoted(before)}{${names.join(',')}}${quoted(after)}`;
}

function valueSpec(value: ValueShape, index: number): string {
  return quoted(`${value.isVariadic ? '*' : index + 1}:${escaped(value.placeholder)}:${action(value)}`);
}

function action({ words, isFile }: ValueShape): string {
  if (!isFile) return words.length > 0 ? `(${words.join(' ')})` : ' ';
  if (words.length === 0) return '_files';
  // The leading blank makes _arguments call the function with these words only, without options of its own.
  return ` ${WORD_OR_FILE} ${words.join(' ')}`;
}
