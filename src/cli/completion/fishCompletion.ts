import { type CommandShape, everyShape, type OptionShape, type ValueShape } from './CommandShape.js';

const quoted = (text: string): string => `'${text.replaceAll(/['\\]/g, '\\$&')}'`;

/** A completion script for fish 3.0 and later. */
export function fishCompletion(program: CommandShape): string {
  const name = program.path.join('_');
  const lines = everyShape(program).flatMap((shape) => commandLines(name, shape));
  return `# fish completion for ${name}, written by \`${name} completion fish\`.

# Whether the line is at this command: the words after the program's name, options left out, begin with it.
function __${name}_is
    set -l words (string match -v -- '-*' (commandline -opc))
    set -e words[1]
    test (count $words) -ge (count $argv); or return 1
    for i in (seq (count $argv))
        test "$words[$i]" = "$argv[$i]"; or return 1
    end
end

# Whether a subcommand is still to be named.
function __${name}_needs
    set -l words (string match -v -- '-*' (commandline -opc))
    test (count $words) -eq (math (count $argv) + 1); and __${name}_is $argv
end

complete -c ${name} -e
complete -c ${name} -f
${lines.join('\n')}
`;
}

function commandLines(name: string, { path, commands, options, values }: CommandShape): string[] {
  const below = path.slice(1).join(' ');
  const is = `-n ${quoted(`__${name}_is ${below}`.trim())}`;
  const needs = `-n ${quoted(`__${name}_needs ${below}`.trim())}`;
  // The program's own flags are not valid after a subcommand.
  const where = commands.length > 0 ? needs : is;
  return [
    ...commands.map(
      (child) => `complete -c ${name} ${needs} -a ${child.path.at(-1)} -d ${quoted(child.description)}`,
    ),
    ...options.map((option) => `complete -c ${name} ${where} ${optionSpec(option)}`),
    ...values
      .map(valueSpec)
      .filter((what) => what !== '')
      .map((what) => `complete -c ${name} ${is} ${what}`),
  ];
}

function optionSpec({ names, description, value }: OptionShape): string {
  const flags = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
  const takes = value === undefined ? '' : ` -r ${value.isFile ? '' : '-f '}${valueSpec(value)}`;
  return `${flags.join(' ')}${takes.trimEnd()} -d ${quoted(description)}`;
}

function valueSpec({ words, isFile }: ValueShape): string {
  return [isFile ? '-F' : [], words.length > 0 ? `-a ${quoted(words.join(' '))}` : []].flat().join(' ');
}
