import assert from 'node:assert/strict';
import type { ClassifyOutcome } from '../../../src/classify/Classifier.js';
import { MissingResults } from '../../../src/cli/MissingResults.js';
import { EffvitError } from '../../../src/core/EffvitError.js';
import type { DropCause } from '../../../src/stats/FrameAccounting.js';

const header = (source: string) => ({ stamp: { sec: 0, nanosec: 0 }, frameId: '', source });

function dropped(source: string, message?: string, cause: DropCause = 'inference_failed'): ClassifyOutcome {
  const error = message === undefined ? undefined : new EffvitError('INFERENCE_FAILED', message);
  return { kind: 'dropped', header: header(source), cause, ...(error && { error }) };
}

function result(...labels: string[]): ClassifyOutcome {
  const value = labels.map((label, index) => ({ index, label, score: 0.5 }));
  return { kind: 'result', header: header('/a'), value } as unknown as ClassifyOutcome;
}

describe('MissingResults', () => {
  it('gives the first reason of each topic and cause', () => {
    const missing = new MissingResults(0);
    missing.add(dropped('/a', 'The model gave NaN.'));
    missing.add(dropped('/a', 'Another reason.'));
    missing.add(dropped('/b'));
    missing.add(dropped('/c', 'Told elsewhere.', 'bad_image'));
    missing.add(result('cat'));
    assert.deepEqual(missing.sentences(false), [
      '2 frames of /a gave no result; the first (inference_failed: The model gave NaN).',
      'A frame of /b gave no result (inference_failed).',
    ]);
    assert.deepEqual(missing.sentences(true), []);
  });

  it('names a threshold that left nothing, however much is shown', () => {
    const missing = new MissingResults(0.9);
    missing.add(result());
    missing.add(result());
    const sentence = 'None of 2 frames has a class with a score of 0.9 or more: lower --score-threshold.';
    assert.deepEqual(missing.sentences(true), [sentence]);
    assert.deepEqual(missing.sentences(false), [sentence]);
    missing.add(result('cat'));
    assert.deepEqual(missing.sentences(false), []);
  });
});
