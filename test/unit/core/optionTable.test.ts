import assert from 'node:assert/strict';
import { EffvitError } from '../../../src/core/EffvitError.js';
import { fillOptions, type OptionTable, optionProblem } from '../../../src/core/optionTable.js';

const TABLE = {
  threads: { type: 'integer', defaultValue: 2, range: { min: 1, max: 16 }, description: '' },
  topK: { type: 'integer', defaultValue: 5, description: '' },
  maxFps: {
    type: 'double',
    defaultValue: 0,
    range: { min: 0, max: 10_000 },
    description: '',
  },
  dropPolicy: {
    type: 'string',
    defaultValue: 'oldest',
    choices: ['oldest', 'newest', 'block'],
    description: '',
  },
  ordered: { type: 'boolean', defaultValue: true, description: '', change: 'restart' },
  topics: {
    type: 'string_array',
    defaultValue: ['image'] as readonly string[],
    description: '',
    change: 'restart',
  },
} as const satisfies OptionTable;

const problem = (name: keyof typeof TABLE, value: unknown): string =>
  optionProblem(name, TABLE[name], value) ?? '';

describe('optionTable', () => {
  it('fills what is not given and freezes it', () => {
    const given = ['left', 'right'];
    const options = fillOptions(TABLE, { threads: 4, topics: given });
    assert.deepEqual(options, {
      threads: 4,
      topK: 5,
      maxFps: 0,
      dropPolicy: 'oldest',
      ordered: true,
      topics: ['left', 'right'],
    });
    given.push('rear');
    assert.deepEqual(options.topics, ['left', 'right']);
    assert.ok(Object.isFrozen(options) && Object.isFrozen(options.topics));
  });

  it('names every problem at once, with value and range', () => {
    const given = { threads: 17, topK: 1.5, dropPolicy: 'random', toString: 3, topics: [] };
    assert.throws(
      () => fillOptions(TABLE, given),
      (error: unknown) => {
        assert.ok(error instanceof EffvitError);
        assert.equal(error.code, 'BAD_CONFIG');
        assert.match(error.message, /Expected an integer from 1 to 16 for threads but received 17\./);
        assert.match(error.message, /an integer for topK but received 1\.5/);
        assert.match(error.message, /one of oldest, newest, block for dropPolicy but received "random"/);
        assert.match(error.message, /There is no option toString\./);
        assert.match(error.message, /topics but received \[\]/);
        return true;
      },
    );
    assert.throws(() => fillOptions(TABLE, { treads: 4 }, 'parameter'), /There is no parameter treads\./);
  });

  it('refuses values of another type', () => {
    assert.match(problem('threads', '4'), /received "4"/);
    assert.match(problem('ordered', 1), /true or false/);
    assert.match(problem('maxFps', Number.NaN), /a number from 0 .* received NaN\.$/);
    assert.match(problem('topics', ['a', 'a']), /different/);
    assert.match(problem('maxFps', undefined), /received no value\.$/);
    assert.match(problem('threads', [1n, 2n]), /received \[1,2\]\.$/);
    const sevens = Array.from({ length: 9999 }, () => 7);
    assert.match(problem('dropPolicy', sevens), /received \[7,7.*\.\.\.\.$/);
    assert.ok(problem('dropPolicy', sevens).length < 300);
  });
});
