import assert from 'node:assert/strict';
import { type SinonFakeTimers, useFakeTimers } from 'sinon';
import { PipelineWatch } from '../../../../src/ros/reports/PipelineWatch.js';
import { FrameAccounting } from '../../../../src/stats/FrameAccounting.js';
import { StageStatistics } from '../../../../src/stats/StageStatistics.js';

const LIMIT_MS = 100;

describe('PipelineWatch', () => {
  let clock: SinonFakeTimers;
  let watch: PipelineWatch;
  let accounting: FrameAccounting;
  const statistics = new StageStatistics();

  beforeEach(() => {
    clock = useFakeTimers({ toFake: ['hrtime'] });
    watch = new PipelineWatch();
    accounting = new FrameAccounting();
  });
  afterEach(() => clock.restore());

  /** One second in which frames with these total times were published. */
  function second(...totalMs: readonly number[]): void {
    clock.tick(1000);
    for (const ms of totalMs) {
      accounting.receive();
      accounting.publish();
      statistics.record('total', ms * 1e6);
    }
    watch.observe(statistics.takeWindow(), accounting.counts(), LIMIT_MS);
  }

  it('has seen nothing before the first look', () => {
    assert.equal(watch.view, undefined);
  });

  it('tells how long the p95 has been over its limit', () => {
    second(50);
    assert.equal(watch.view?.overLimitMs, 0);
    second(50, 150, 150);
    second(150);
    clock.tick(300);
    assert.equal(watch.view?.overLimitMs, 1300);
    second(50);
    assert.equal(watch.view?.overLimitMs, 0);
  });

  it('does not take a second without a frame for a quick one', () => {
    second(150);
    second();
    second(150);
    second();
    assert.equal(watch.view?.overLimitMs, 3000);
    assert.ok((watch.view?.stages.total.p95Ns ?? 0) > 149e6);
  });

  it('forgets the limit when nothing has been published for long', () => {
    second(150);
    for (let look = 0; look < 5; look++) second();
    assert.equal(watch.view?.overLimitMs, 0);
    assert.equal(watch.view?.stages.total.count, 0);
  });

  it('counts the frames of the last five looks', () => {
    second(1, 1, 1);
    for (let look = 0; look < 4; look++) second(1);
    assert.equal(watch.view?.recent.published, 7);
    second(1);
    assert.equal(watch.view?.recent.published, 5);
  });
});
