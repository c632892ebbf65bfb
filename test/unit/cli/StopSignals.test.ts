import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { type SinonFakeTimers, useFakeTimers } from 'sinon';
import { StopSignals } from '../../../src/cli/StopSignals.js';

describe('StopSignals', () => {
  let timers: SinonFakeTimers;
  let source: EventEmitter;
  let told: string[];
  let signals: StopSignals;

  const start = (isLimited: boolean): void => {
    signals = new StopSignals({
      isLimited: () => isLimited,
      source,
      leave: (signal) => told.push(`leave ${signal ?? 'by itself'}`),
      limitExitMs: (limitMs, signal) => told.push(`exit within ${limitMs} ms or by ${signal}`),
    });
  };
  const state = (): string =>
    signals.forceStop.aborted ? 'forced' : signals.signal.aborted ? 'stopping' : 'running';

  beforeEach(() => {
    timers = useFakeTimers();
    source = new EventEmitter();
    told = [];
  });
  afterEach(() => timers.restore());

  for (const [name, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    it(`stops in order on ${name}, however long that takes where there is no limit`, () => {
      start(false);
      assert.equal(signals.exitCode, undefined);
      source.emit(name, name);
      assert.equal(signals.exitCode, code);
      assert.equal(signals.signal.reason, name);
      timers.tick(3_600_000);
      assert.equal(state(), 'stopping');
      signals.close();
      timers.tick(3_600_000);
      assert.deepEqual(told, []);
    });
  }

  it('hurries on a second signal, and leaves at once when all has ended', () => {
    start(true);
    source.emit('SIGINT', 'SIGINT');
    timers.tick(600);
    source.emit('SIGTERM', 'SIGTERM');
    assert.equal(state(), 'forced');
    assert.equal(signals.exitCode, 130);
    signals.close();
    timers.tick(1);
    assert.deepEqual(told.slice(1), ['exit within 1500 ms or by SIGTERM', 'leave by itself']);
    timers.tick(3_600_000);
    assert.equal(told.length, 3);
  });

  it('dies by a second signal where there is no limit', () => {
    start(false);
    source.emit('SIGINT', 'SIGINT');
    timers.tick(600);
    source.emit('SIGTERM', 'SIGTERM');
    timers.tick(1);
    assert.deepEqual(told.slice(0, 2), ['exit within 0 ms or by SIGTERM', 'leave SIGTERM']);
    assert.equal(source.listenerCount('SIGTERM'), 0);
  });

  it('takes what a wrapper hands on once more as one signal', () => {
    start(false);
    source.emit('SIGINT', 'SIGINT');
    timers.tick(450);
    source.emit('SIGINT', 'SIGINT');
    assert.equal(state(), 'stopping');
  });

  it('hurries by itself with a limit, and has left within 4 s of the signal whatever hangs', () => {
    start(true);
    source.emit('SIGINT', 'SIGINT');
    timers.tick(1_999);
    assert.equal(state(), 'stopping');
    timers.tick(1);
    assert.equal(state(), 'forced');
    timers.tick(1_500);
    assert.deepEqual(told, [
      'exit within 3500 ms or by SIGINT',
      'exit within 1500 ms or by SIGINT',
      'leave SIGINT',
    ]);
    assert.equal(source.listenerCount('SIGINT') + source.listenerCount('SIGTERM'), 0);
  });

  it('dies by the second signal where the forced stop does not end', () => {
    start(true);
    source.emit('SIGINT', 'SIGINT');
    timers.tick(600);
    source.emit('SIGTERM', 'SIGTERM');
    timers.tick(600);
    source.emit('SIGTERM', 'SIGTERM');
    timers.tick(900);
    assert.equal(told.at(-1), 'leave SIGTERM');
  });

  it('stops without a signal, which is no exit code', () => {
    start(true);
    signals.stop('EPIPE');
    timers.tick(3_600_000);
    assert.equal(state(), 'stopping');
    assert.equal(signals.exitCode, undefined);
  });

  it('gives the signals back', () => {
    for (const isLimited of [false, true]) {
      start(isLimited);
      if (!isLimited) source.emit('SIGINT', 'SIGINT');
      signals.close();
      assert.equal(source.listenerCount('SIGINT') + source.listenerCount('SIGTERM'), 0);
      timers.tick(3_600_000);
      assert.equal(state(), isLimited ? 'running' : 'stopping');
      assert.deepEqual(told, []);
    }
  });

  it('with a limit, ignores the second signal of one press until the process has ended', () => {
    start(true);
    source.emit('SIGINT', 'SIGINT');
    signals.close();
    assert.equal(
      source.emit('SIGINT', 'SIGINT'),
      true,
      'nobody listens, so the signal would kill the process',
    );
    timers.tick(1);
    assert.deepEqual(told.slice(1), ['leave by itself']);
    assert.equal(state(), 'stopping');
  });
});
