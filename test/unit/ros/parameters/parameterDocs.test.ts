import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { packagePath } from '../../../../src/core/packageRoot.js';
import {
  parameterTable,
  parameterYaml,
  withParameterTable,
} from '../../../../src/ros/parameters/parameterDocs.js';
import { fillParameters } from '../../../../src/ros/parameters/parameterTable.js';

describe('parameterDocs', () => {
  it('is what docs/user/parameters.md holds: run `npm run docs` where this fails', () => {
    const page = readFileSync(packagePath('docs', 'user', 'parameters.md'), 'utf8');
    assert.ok(page.includes(parameterTable()));
    assert.equal(withParameterTable(page), page);
  });

  it('stands in config/classifier.yaml, which holds the defaults', () => {
    const text = readFileSync(packagePath('config', 'classifier.yaml'), 'utf8');
    assert.equal(text, parameterYaml());
    const content = parse(text) as { '/**': { ros__parameters: Record<string, unknown> } };
    assert.deepEqual(fillParameters(content['/**'].ros__parameters), fillParameters());
  });

  it('writes doubles with a point, for ROS would take them as integers', () => {
    assert.match(parameterYaml(), /score_threshold: 0\.0/);
    assert.match(parameterYaml(), /threads: 2$/m);
  });
});
