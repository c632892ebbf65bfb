import assert from 'node:assert/strict';
import { detectionTopics, hasDetections } from '../../../src/classify/detectionTopics.js';
import { optionProblem } from '../../../src/core/optionTable.js';
import { PARAMETERS } from '../../../src/ros/parameters/parameterTable.js';
import { assertRefused } from '../../helpers/assertRefused.js';

const topics = (cameras: readonly string[], detectors: readonly string[]) =>
  detectionTopics({ image_topics: cameras, detections_topics: detectors });

describe('detectionTopics', () => {
  it('is one for all cameras, one for each, or none', () => {
    assert.deepEqual(topics(['a', 'b'], ['']), [undefined, undefined]);
    assert.deepEqual(topics(['a', 'b'], ['d']), ['d', 'd']);
    assert.deepEqual(topics(['a', 'b'], ['', 'd']), [undefined, 'd']);
    assert.equal(hasDetections({ image_topics: ['a'], detections_topics: [''] }), false);
    assert.equal(hasDetections({ image_topics: ['a', 'b'], detections_topics: ['', 'd'] }), true);
  });

  it('refuses another number', () => {
    assertRefused(
      () => topics(['a', 'b', 'c'], ['d', 'e']),
      'BAD_CONFIG',
      /detections_topics has 2 topics for the 3 of image_topics: give one for all/,
    );
  });

  it('may be empty texts, as other lists may not', () => {
    const problem = (value: unknown) =>
      optionProblem('detections_topics', PARAMETERS.detections_topics, value);
    for (const value of [[''], ['', ''], ['', 'd'], ['d']]) assert.equal(problem(value), undefined);
    for (const value of [[], ['d', 'd'], [1], 'd']) assert.notEqual(problem(value), undefined);
    assert.notEqual(optionProblem('image_topics', PARAMETERS.image_topics, ['']), undefined);
  });
});
