import assert from 'node:assert/strict';
import { EffvitError } from '../../../src/core/EffvitError.js';
import { fillParameters, PARAMETERS, parameterProblem, parameterSpec } from '../../../src/core/parameters.js';

describe('parameters', () => {
  it('has defaults that its own rules accept', () => {
    for (const spec of PARAMETERS) assert.equal(parameterProblem(spec, spec.defaultValue), undefined);
    const names = PARAMETERS.map((spec) => spec.name);
    assert.equal(new Set(names).size, names.length);
  });

  it('fills what is not given and freezes it', () => {
    const parameters = fillParameters({ threads: 4, 'diagnostics.expected_fps': 30 });
    assert.equal(parameters.threads, 4);
    assert.equal(parameters['diagnostics.expected_fps'], 30);
    assert.equal(parameters.drop_policy, 'oldest');
    assert.ok(Object.isFrozen(parameters));
  });

  it('names every problem at once, with value and range', () => {
    assert.throws(
      () => fillParameters({ threads: 17, top_k: 1.5, drop_policy: 'random', speed: 3, image_topics: [] }),
      (error: unknown) => {
        assert.ok(error instanceof EffvitError);
        assert.equal(error.code, 'BAD_CONFIG');
        assert.match(error.message, /Expected an integer from 1 to 16 for threads but received 17\./);
        assert.match(error.message, /for top_k but received 1\.5/);
        assert.match(error.message, /one of oldest, newest, block for drop_policy but received "random"/);
        assert.match(error.message, /There is no parameter speed\./);
        assert.match(error.message, /image_topics/);
        return true;
      },
    );
  });

  it('refuses values of another type', () => {
    assert.match(parameterProblem(parameterSpec('threads'), '4') ?? '', /received "4"/);
    assert.match(parameterProblem(parameterSpec('ordered'), 1) ?? '', /true or false/);
    assert.match(parameterProblem(parameterSpec('max_fps'), Number.NaN) ?? '', /a number from 0/);
    assert.match(parameterProblem(parameterSpec('image_topics'), ['a', 'a']) ?? '', /different/);
    assert.match(parameterProblem(parameterSpec('max_fps'), undefined) ?? '', /received no value\.$/);
    assert.match(parameterProblem(parameterSpec('max_fps'), Number.NaN) ?? '', /received NaN\.$/);
    assert.match(parameterProblem(parameterSpec('threads'), [1n, 2n]) ?? '', /received \[1,2\]\.$/);
    const long =
      parameterProblem(
        parameterSpec('model'),
        Array.from({ length: 9999 }, () => 7),
      ) ?? '';
    assert.match(long, /received \[7,7.*\.\.\.\.$/);
    assert.ok(long.length < 300);
  });

  it('says which parameters there are when a name is unknown', () => {
    assert.throws(() => parameterSpec('treads'), /no parameter treads.*threads/);
  });
});
