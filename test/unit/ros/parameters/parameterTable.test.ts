import assert from 'node:assert/strict';
import { CLASSIFIER_OPTIONS, classifierOptions } from '../../../../src/classify/classifierOptions.js';
import { type OptionSpec, optionProblem } from '../../../../src/core/optionTable.js';
import {
  classifierOptionsOf,
  fillParameters,
  PARAMETER_NAMES,
  PARAMETERS,
} from '../../../../src/ros/parameters/parameterTable.js';

describe('parameterTable', () => {
  it('has defaults that its own rules accept', () => {
    for (const name of PARAMETER_NAMES) {
      const spec: OptionSpec = PARAMETERS[name];
      assert.equal(optionProblem(name, spec, spec.defaultValue), undefined);
    }
  });

  it('has no text for a value that `ros2 param set` and parameter files read as a boolean', () => {
    for (const name of PARAMETER_NAMES) {
      const spec: OptionSpec = PARAMETERS[name];
      for (const choice of spec.choices ?? []) {
        assert.doesNotMatch(String(choice), /^(y|yes|n|no|true|false|on|off|null|~)$/i, name);
      }
    }
  });

  it("has every option of the classifier under ROS's spelling, and gives its value back", () => {
    assert.equal(PARAMETERS.nv12_range, CLASSIFIER_OPTIONS.nv12Range);
    assert.equal(PARAMETERS.intra_op_threads, CLASSIFIER_OPTIONS.intraOpThreads);
    for (const name of PARAMETER_NAMES) assert.match(name, /^[a-z0-9_.]+$/);
    assert.deepEqual(classifierOptionsOf(fillParameters()), classifierOptions());
    const values = fillParameters({ top_k: 3, max_age_ms: 20, 'diagnostics.expected_fps': 30 });
    assert.deepEqual(classifierOptionsOf(values), classifierOptions({ topK: 3, maxAgeMs: 20 }));
  });

  it('does not let a camera wait', () => {
    assert.equal(classifierOptionsOf(fillParameters({ drop_policy: 'block' })).dropPolicy, 'newest');
  });
});
