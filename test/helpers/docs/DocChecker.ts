import { existsSync, readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { commandShape, everyShape, type ValueShape } from '../../../src/cli/completion/CommandShape.js';
import { type OptionSpec, optionProblem } from '../../../src/core/optionTable.js';
import { packagePath } from '../../../src/core/packageRoot.js';
import { isParameterName, PARAMETERS } from '../../../src/ros/parameters/parameterTable.js';
import { commandTree, parsedCommand } from '../commandTree.js';
import type { DocText } from './markdown.js';
import { type Need, neededBy, toldNeeds } from './needs.js';
import { type ShellCommand, shellCommands } from './shellLines.js';

/** Options of effvit, and of the scripts beside it, that name what is written. */
const OUTPUT_OPTIONS = [
  '--output',
  '--output-dir',
  '--annotate',
  '--report',
  '--chart',
  '--save-expected',
  '--profile',
  '--out',
];
/** Programs that a document may call and that nothing here can judge. */
const FOREIGN = [
  'cd',
  'mkdir',
  'cp',
  'ln',
  'curl',
  'rsync',
  'docker',
  'source',
  'sudo',
  'git',
  'colcon',
  'apt',
  'pip',
  'python',
  'python3',
  'rqt',
  'export',
  'alias',
];
/** A name in capitals stands for something of the reader's own: PICTURE, OUT.png, DATA/train. */
const OWN = /^[A-Z][A-Z_]*(?:\.\.\.)?(?:$|\/|\.\w+$)/;

const tree = commandShape(commandTree(), []);
const scripts = (JSON.parse(readFileSync(packagePath('package.json'), 'utf8')) as { scripts: object })
  .scripts;

/** Holds the commands of one document against the programs that they call; nothing is run. */
export class DocChecker {
  readonly problems: string[] = [];
  /** What earlier commands of the document write. */
  readonly #produced = new Set<string>();

  /** A block of shell, with what it says that it needs. */
  block({ file, line, text }: DocText): void {
    const place = `${file}:${line}`;
    this.#guard(place, () => {
      const told = toldNeeds(text);
      for (const command of shellCommands(text)) {
        const words = plainWords(command.words);
        for (const need of neededBy(words)) {
          if (!told.has(need)) {
            this.problems.push(`${place}: ${words.join(' ')}: begin the block with "# needs ${need}"`);
          }
        }
        this.#command(place, { ...command, words }, told);
      }
    });
  }

  /** A command in the running text. */
  inline({ file, line, text }: DocText): void {
    const place = `${file}:${line}`;
    this.#guard(place, () => {
      for (const command of shellCommands(text)) {
        const words = plainWords(command.words);
        // The name alone speaks of a command; what follows it there is a line to type.
        if (everyShape(tree).some(({ path }) => path.join(' ') === words.join(' '))) continue;
        this.#command(place, { ...command, words }, undefined);
      }
    });
  }

  #guard(place: string, check: () => void): void {
    try {
      check();
    } catch (error) {
      this.problems.push(`${place}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #command(place: string, { words, outputs }: ShellCommand, told: ReadonlySet<Need> | undefined): void {
    const say = (problem: string): void => {
      this.problems.push(`${place}: ${words.join(' ')}: ${problem}`);
    };
    const [program = '', ...args] = words;
    if (program === 'effvit') this.#effvit(args, told, say);
    else if (program === 'npm') this.#npm(place, args, told, say);
    else if (program === 'ros2') ros2(args, say);
    else if (program === 'node') this.#file(args[0] ?? '', told, say);
    else if (/\/bin\/(python3?|pip)$/.test(program) || program === 'python') this.#python(args, told, say);
    else if (!FOREIGN.includes(program)) say(`nobody knows ${program} here`);
    for (const [index, word] of args.entries()) {
      if (OUTPUT_OPTIONS.includes(word)) this.#produced.add(args[index + 1] ?? '');
    }
    for (const output of outputs) this.#produced.add(output);
  }

  #effvit(
    args: readonly string[],
    told: ReadonlySet<Need> | undefined,
    say: (problem: string) => void,
  ): void {
    if (args.length === 0 || args.includes('--help')) return;
    let command: Command | undefined;
    try {
      command = parsedCommand(args);
    } catch (error) {
      say(error instanceof Error ? error.message : String(error));
      return;
    }
    if (command === undefined) return;
    for (const { value, text, isOutput } of pathsOf(command)) {
      if (isOutput) this.#produced.add(text);
      else if (value.placeholder !== 'model' || /[./]/.test(text)) this.#file(text, told, say);
      else if (!existsSync(packagePath('models', text, 'manifest.yaml'))) say(`there is no model ${text}`);
    }
    if (command.name() === 'quantize' && command.opts()['output'] === undefined) {
      const config = command.args[0] ?? '';
      const text = existsSync(packagePath(config)) ? readFileSync(packagePath(config), 'utf8') : '';
      const prefix = /output_model_file_prefix:\s*"?([^"\s]+)/.exec(text)?.[1];
      if (prefix !== undefined) this.#produced.add(`${prefix}_int8.onnx`);
    }
  }

  #npm(
    place: string,
    [verb = '', ...rest]: readonly string[],
    told: ReadonlySet<Need> | undefined,
    say: (problem: string) => void,
  ): void {
    if (['start', 'test', 'ci', 'link', 'install'].includes(verb)) return;
    const [name = ''] = rest;
    if (verb !== 'run' || !(name in scripts)) {
      say(`package.json has no script ${name || verb}`);
      return;
    }
    // `npm run ros -- COMMAND` runs a command of its own.
    const inner = rest.slice(rest.indexOf('--') + 1);
    if (name !== 'ros' || !rest.includes('--') || OWN.test(inner[0] ?? '')) return;
    this.#command(place, { words: plainWords(inner), outputs: [] }, told);
  }

  #python(
    args: readonly string[],
    told: ReadonlySet<Need> | undefined,
    say: (problem: string) => void,
  ): void {
    const script = args.find((word) => word.endsWith('.py'));
    if (script !== undefined) this.#file(script, told, say);
  }

  #file(path: string, told: ReadonlySet<Need> | undefined, say: (problem: string) => void): void {
    if (OWN.test(path)) return;
    if (this.#produced.has(path)) return;
    // Built from a source: build/x/y.js from x/y.ts.
    const source = path.replace(/^build\/(.*)\.js$/, '$1.ts');
    if (!/^[/~$]/.test(path) && existsSync(packagePath(source))) return;
    // What lies on another machine, or in the reader's home, is there once the block's needs are met.
    if (/^[/~$]/.test(path) && (told === undefined || told.size > 0)) return;
    say(`there is no ${path}, and nothing before writes it`);
  }
}

/** Without variables before the program, and with each way of calling effvit spelled alike. */
function plainWords(words: readonly string[]): readonly string[] {
  const first = words.findIndex((word) => !/^[A-Z_]+=/.test(word));
  const rest = first < 0 ? [] : words.slice(first);
  if (rest[0] === 'npx' && rest[1] === 'effvit') return rest.slice(1);
  if (rest[0] === 'node' && rest[1] === 'bin/effvit.cjs') return ['effvit', ...rest.slice(2)];
  if (rest[0] === 'bin/effvit.cjs') return ['effvit', ...rest.slice(1)];
  return rest;
}

interface GivenPath {
  readonly value: ValueShape;
  readonly text: string;
  readonly isOutput: boolean;
}

/** Every path that a parsed command was given, as an option's value or as an argument. */
function pathsOf(command: Command): GivenPath[] {
  const path = [command.parent?.parent?.name(), command.parent?.name(), command.name()];
  const key = path.filter((name) => name !== undefined).join(' ');
  const shape = everyShape(tree).find((one) => one.path.join(' ') === key);
  if (shape === undefined) throw new Error(`The tree has no ${key}.`);
  const texts = (given: unknown): string[] =>
    (Array.isArray(given) ? given : [given]).filter((one) => typeof one === 'string');
  const fromOptions = command.options.flatMap((option): GivenPath[] => {
    const value = shape.options.find(({ names }) => names.includes(option.long ?? ''))?.value;
    if (value?.isFile !== true || command.getOptionValueSource(option.attributeName()) !== 'cli') return [];
    const isOutput = OUTPUT_OPTIONS.includes(option.long ?? '');
    return texts(command.opts()[option.attributeName()]).map((text) => ({ value, text, isOutput }));
  });
  const fromArguments = shape.values.flatMap((value, index): GivenPath[] =>
    value.isFile ? texts(command.processedArgs[index]).map((text) => ({ value, text, isOutput: false })) : [],
  );
  return [...fromOptions, ...fromArguments];
}

/** Launch files with their arguments, and the node's parameters. */
function ros2(args: readonly string[], say: (problem: string) => void): void {
  if (args[0] === 'launch' && args[1] === 'effvit') {
    const file = packagePath('launch', args[2] ?? '');
    if (!existsSync(file)) {
      say(`there is no launch/${args[2]}`);
      return;
    }
    const declared = launchArguments(file);
    for (const word of args.slice(3).filter((one) => one.includes(':='))) {
      const [name = ''] = word.split(':=');
      if (!declared.has(name)) say(`launch/${args[2]} declares no argument ${name}`);
    }
  }
  if (args[0] === 'param' && args[1] === 'set') {
    const [, , , name = '', text = ''] = args;
    if (!isParameterName(name)) say(`there is no parameter ${name}`);
    else {
      const spec: OptionSpec = PARAMETERS[name];
      const problem = optionProblem(name, spec, typed(spec, text));
      if (problem !== undefined) say(problem);
    }
  }
}

function typed({ type }: OptionSpec, text: string): unknown {
  if (type === 'integer' || type === 'double') return Number(text);
  return type === 'boolean' ? text === 'true' : text;
}

/** What a launch file declares, and what those that it includes declare. */
function launchArguments(file: string): ReadonlySet<string> {
  const text = readFileSync(file, 'utf8');
  const own = [...text.matchAll(/^ {8}\('(\w+)', /gm)].map(([, name = '']) => name);
  const classifier = packagePath('launch', 'classifier.launch.py');
  const helper = packagePath('launch', 'effvit_launch.py');
  const ofParameters = text.includes('*parameter_arguments()')
    ? [...readFileSync(helper, 'utf8').matchAll(/^ {4}\('(\w+)', \w/gm)].map(([, name = '']) => name)
    : [];
  const included = text.includes('included_classifier(') ? launchArguments(classifier) : [];
  return new Set([...own, ...ofParameters, ...included]);
}
