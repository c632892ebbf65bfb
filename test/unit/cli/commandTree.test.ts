import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { forEveryCommand } from '../../../src/cli/buildProgram.js';
import { commandShape, everyShape } from '../../../src/cli/completion/CommandShape.js';
import { packagePath } from '../../../src/core/packageRoot.js';
import { commandTree, helpText, parsedCommand } from '../../helpers/commandTree.js';
import { shellCommands } from '../../helpers/docs/shellLines.js';

function everyCommand(): readonly Command[] {
  const commands: Command[] = [];
  forEveryCommand(commandTree(), (command) => commands.push(command));
  return commands;
}

/** The lines behind `Example:`, or below `Examples:`, as words; without the program's name. */
function examplesOf(command: Command): readonly (readonly string[])[] {
  const lines = helpText(command).split('\n');
  const text = lines.filter((line) => /^(Example: | {2}effvit )/.test(line));
  return text
    .flatMap((line) => shellCommands(line.replace(/^Example: /, '')))
    .map(({ words }) => words)
    .filter(([program]) => program === 'effvit')
    .map(([, ...args]) => args);
}

describe('tree of commands', () => {
  it('has every command', () => {
    assert.equal(everyCommand().length, 22);
  });

  it('stands in docs/user/commands.md', () => {
    const page = readFileSync(packagePath('docs', 'user', 'commands.md'), 'utf8');
    const names = commandTree().commands.map((command) => command.name());
    assert.deepEqual(
      names.filter((name) => !page.includes(`effvit ${name}`)),
      [],
    );
  });

  for (const command of everyCommand()) {
    const name = [command.parent?.parent?.name(), command.parent?.name(), command.name()].join(' ').trim();
    it(`${name} has an example in its help that is right`, () => {
      const examples = examplesOf(command);
      assert.ok(examples.length > 0, `the help of ${name} has no line "Example: effvit ..."`);
      for (const words of examples) {
        const meant = parsedCommand(words);
        assert.ok(meant !== undefined, words.join(' '));
        // The program's own example, or that of a group, is of a command below it.
        if (command.commands.length === 0) assert.equal(meant.name(), command.name());
      }
    });
  }

  it('describes every command, argument and option', () => {
    for (const { path, description, options } of everyShape(commandShape(commandTree(), []))) {
      assert.notEqual(description, '', path.join(' '));
      for (const { names, description: what } of options)
        assert.notEqual(what, '', `${path.join(' ')} ${names}`);
    }
  });

  it('has a kind for every placeholder, so that a shell knows whether a path may stand there', () => {
    const paths = new Set<string>();
    const others = new Set<string>();
    for (const { options, values } of everyShape(commandShape(commandTree(), []))) {
      for (const value of [...options.flatMap((option) => option.value ?? []), ...values]) {
        // Where there are words to choose from, the name says nothing more.
        if (value.words.length === 0) (value.isFile ? paths : others).add(value.placeholder);
      }
    }
    assert.deepEqual([...paths].sort(), [
      'bag',
      'config',
      'file',
      'folder',
      'list',
      'model',
      'path',
      'picture',
    ]);
    // A new one here is a decision: add it, or name it as a path in CommandShape.
    assert.deepEqual([...others].sort(), [
      'I/N',
      'address',
      'factor',
      'fraction',
      'key',
      'ms',
      'n',
      'name',
      'name=form',
      'node',
      'number',
      'numbers',
      'port',
      'ros-arguments',
      'score',
      'seconds',
      'value',
      'width',
    ]);
  });
});
