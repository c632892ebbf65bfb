import assert from 'node:assert/strict';
import type { ParameterFileEntry } from '../../../../src/ros/patches/loadedAddon.js';
import { isKeyOf, parametersFor } from '../../../../src/ros/patches/nodeWithParameterFiles.js';

const STRING = 4;

function entry(name: string, values: Readonly<Record<string, string>>): ParameterFileEntry {
  const parameters = Object.entries(values).map(([key, value]) => ({ name: key, type: STRING, value }));
  return { name, parameters };
}

function valuesFor(fullName: string, entries: readonly ParameterFileEntry[]): Record<string, unknown> {
  return Object.fromEntries(parametersFor(fullName, entries).map(({ name, value }) => [name, value]));
}

describe('nodeWithParameterFiles', () => {
  describe('isKeyOf', () => {
    const yes: readonly (readonly [string, string])[] = [
      ['/classifier', 'classifier'],
      ['/classifier', '/classifier'],
      ['/robot/classifier', '/robot/classifier'],
      ['/robot/classifier', 'robot/classifier'],
      ['/robot/left/classifier', '/**'],
      ['/classifier', '/**'],
      ['/classifier', '/*'],
      ['/classifier', '/**/classifier'],
      ['/robot/left/classifier', '/**/classifier'],
      ['/robot/left/classifier', '/robot/**'],
      ['/robot/left/classifier', '/robot/*/classifier'],
      ['/robot/classifier', '/*/classifier'],
    ];
    const no: readonly (readonly [string, string])[] = [
      ['/robot/classifier', 'classifier'],
      ['/robot/classifier', '/*'],
      ['/robot/left/classifier', '/*/classifier'],
      ['/classifier2', '/**/classifier'],
      ['/classifier', '/robot/**/classifier'],
      ['/classifier', '/class.fier'],
    ];
    for (const [name, key] of yes) it(`${key} speaks of ${name}`, () => assert.ok(isKeyOf(name, key)));
    for (const [name, key] of no)
      it(`${key} does not speak of ${name}`, () => assert.ok(!isKeyOf(name, key)));
  });

  it('lets the later of two keys win, however wide it is, as rclcpp does', () => {
    const entries = [
      entry('/**', { model: 'file', backend: 'file', top_k: 'file' }),
      entry('/other/classifier', { top_k: 'other' }),
      entry('/**/classifier', { model: 'named', backend: 'named' }),
      entry('/robot/classifier', { model: 'launch' }),
      entry('/robot/*', { threads: 'argument' }),
    ];
    assert.deepEqual(valuesFor('/robot/classifier', entries), {
      model: 'launch',
      backend: 'named',
      top_k: 'file',
      threads: 'argument',
    });
    assert.deepEqual(valuesFor('/classifier', entries), { model: 'named', backend: 'named', top_k: 'file' });
    assert.deepEqual(valuesFor('/classifier', []), {});
  });

  it('lets an argument go over a file that names the node', () => {
    const entries = [entry('classifier', { model: 'file' }), entry('/**', { model: 'argument' })];
    assert.deepEqual(valuesFor('/classifier', entries), { model: 'argument' });
  });
});
