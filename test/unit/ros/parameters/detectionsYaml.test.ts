import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { detectionTopics } from '../../../../src/classify/detectionTopics.js';
import { packagePath } from '../../../../src/core/packageRoot.js';
import { fillParameters } from '../../../../src/ros/parameters/parameterTable.js';

describe('config/detections.yaml', () => {
  it('has parameters that the node takes, and a detector for its camera', () => {
    const file = parse(readFileSync(packagePath('config', 'detections.yaml'), 'utf8')) as {
      classifier: { ros__parameters: Record<string, unknown> };
    };
    const given = file.classifier.ros__parameters;
    const values = fillParameters(given);
    assert.deepEqual(detectionTopics(values), ['/detections']);
    assert.equal(values.region_margin, given['region_margin']);
  });
});
