import assert from 'node:assert/strict';
import { offeredQosProfiles, recordedQos } from '../../../src/bag/qosProfiles.js';

const USUAL = { isBestEffort: false, isLatched: false };

describe('recordedQos', () => {
  it('reads the profiles that this package writes', () => {
    assert.deepEqual(recordedQos(offeredQosProfiles('reliable')), USUAL);
    assert.deepEqual(recordedQos(offeredQosProfiles('sensor')), { isBestEffort: true, isLatched: false });
    assert.deepEqual(recordedQos(offeredQosProfiles('latched')), { isBestEffort: false, isLatched: true });
  });

  it('reads names, as version 9 has them', () => {
    assert.deepEqual(
      recordedQos(
        '- history: keep_last\n  depth: 3\n  reliability: best_effort\n  durability: transient_local',
      ),
      { isBestEffort: true, isLatched: true },
    );
  });

  it('follows several publishers where they agree', () => {
    const one = '- history: 1\n  depth: 2\n  reliability: 2\n  durability: 2\n';
    assert.deepEqual(recordedQos(one + one.replace('depth: 2', 'depth: 7')), {
      isBestEffort: true,
      isLatched: false,
    });
    assert.deepEqual(recordedQos(one + one.replace('reliability: 2', 'reliability: 1')), USUAL);
  });

  for (const [what, yaml] of Object.entries({
    nothing: undefined,
    'an empty text': '',
    'an empty list': '[]',
    'broken YAML': '- {',
    'a list of texts': '- a',
    'unknown policies': '- history: 3\n  depth: 0\n  reliability: 3\n  durability: 4',
  })) {
    it(`takes rosbag2's own default for ${what}`, () => {
      assert.deepEqual(recordedQos(yaml), USUAL);
    });
  }
});
