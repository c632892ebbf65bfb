import assert from 'node:assert/strict';
import { type SinonFakeTimers, useFakeTimers } from 'sinon';
import { badImageWarnings } from '../../../../src/ros/reports/badImageWarnings.js';

describe('badImageWarnings', () => {
  let clock: SinonFakeTimers;
  let told: string[];
  let report: ReturnType<typeof badImageWarnings>;

  beforeEach(() => {
    clock = useFakeTimers();
    told = [];
    report = badImageWarnings((text) => told.push(text));
  });

  afterEach(() => clock.restore());

  it('tells the first image of each cause and camera, with its reason', () => {
    for (const camera of ['/a', '/b']) {
      report(camera, 'unknown encoding 16SC1');
      report(camera, 'has 12 bytes, not 600');
      report(camera, 'has 13 bytes, not 600');
    }
    assert.equal(told.length, 4);
    assert.equal(told[0], 'The images of /a cannot be read: unknown encoding 16SC1');
  });

  it('tells a cause that stays once a minute, with how often it came', () => {
    for (let image = 0; image < 100; image++) report('/a', 'no JPEG');
    clock.tick(60_001);
    report('/a', 'no JPEG');
    assert.deepEqual(told.slice(1), [
      'The images of /a cannot be read: no JPEG (99 more since it was last logged)',
    ]);
  });

  it('keeps to a few lines where every image has a cause of its own', () => {
    for (let image = 0; image < 1000; image++) report('/a', `cause ${'x'.repeat(image)}`);
    assert.ok(told.length <= 9, `${told.length}`);
  });
});
