import assert from 'node:assert/strict';
import { isKeyOf, type ParameterFileEntry, parametersFor } from '../../../src/ros/nodeWithParameterFiles.js';

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

  it('lets a narrower key win, whatever the order, and a later one of two as narrow', () => {
    const entries = [
      entry('/robot/classifier', { model: 'launch' }),
      entry('/**/classifier', { model: 'wildcard', backend: 'onnx', threads: 'first' }),
      entry('/robot/*', { threads: 'second' }),
      entry('/**', { model: 'all', backend: 'auto', top_k: 'all' }),
      entry('/other/classifier', { top_k: 'other' }),
    ];
    assert.deepEqual(valuesFor('/robot/classifier', entries), {
      model: 'launch',
      backend: 'onnx',
      top_k: 'all',
      threads: 'second',
    });
    assert.deepEqual(valuesFor('/classifier', entries), {
      model: 'wildcard',
      backend: 'onnx',
      top_k: 'all',
      threads: 'first',
    });
    assert.deepEqual(valuesFor('/classifier', []), {});
  });
});
