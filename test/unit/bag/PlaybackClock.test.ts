import assert from 'node:assert/strict';
import { PlaybackClock, type PlaybackClockOptions } from '../../../src/bag/PlaybackClock.js';
import { paceMessages } from '../../../src/bag/paceMessages.js';

const MS = 1_000_000n;
const START_NS = 1_700_000_000_000n * MS;

describe('PlaybackClock', () => {
  let nowNs: bigint;
  const now = (): bigint => nowNs;
  const elapse = (milliseconds: bigint): void => {
    nowNs += milliseconds * MS;
  };
  const sinceStartMs = (clock: PlaybackClock): bigint => (clock.timeNs - START_NS) / MS;
  const clockAtStart = (options: PlaybackClockOptions = {}): PlaybackClock => {
    const clock = new PlaybackClock({ nowNs: now, ...options });
    clock.standAt(START_NS);
    return clock;
  };
  beforeEach(() => {
    nowNs = 77n * MS;
  });

  it('stands at the start until the playing begins', () => {
    const clock = clockAtStart();
    elapse(500n);
    assert.equal(sinceStartMs(clock), 0n);
    clock.begin(START_NS);
    assert.equal(sinceStartMs(clock), 0n);
    elapse(20n);
    assert.equal(sinceStartMs(clock), 20n);
  });

  for (const [rate, expectedMs] of [
    [0.5, 50n],
    [1, 100n],
    [2.5, 250n],
  ] as const) {
    it(`runs at rate ${rate}`, () => {
      const clock = clockAtStart({ rate });
      clock.begin(START_NS);
      elapse(100n);
      assert.equal(sinceStartMs(clock), expectedMs);
    });
  }

  it('stands still while it is paused, and goes on where it stood', () => {
    const clock = clockAtStart({ rate: 2, isPaused: true });
    clock.begin(START_NS);
    elapse(1000n);
    assert.equal(sinceStartMs(clock), 0n);
    clock.resume();
    elapse(10n);
    assert.equal(sinceStartMs(clock), 20n);
    clock.pause();
    elapse(300n);
    assert.equal(sinceStartMs(clock), 20n);
    clock.resume();
    elapse(1n);
    assert.equal(sinceStartMs(clock), 22n);
  });

  it('begins anew with each pass, and is never behind a message that is due', async () => {
    const rate = 1.7;
    const clock = clockAtStart({ rate });
    const abort = new AbortController();
    const seen: bigint[] = [];
    const messages = async function* (): AsyncGenerator<{ logTimeNs: bigint }> {
      for (const time of [0n, 33n, 170n]) yield { logTimeNs: START_NS + time * MS };
    };
    const wait = async (milliseconds: number): Promise<void> => {
      nowNs += BigInt(Math.ceil(milliseconds * 1e6));
    };
    const pace = { rate, loop: true, clock, signal: abort.signal, wait };
    for await (const message of paceMessages(messages, pace)) {
      assert.ok(clock.timeNs >= message.logTimeNs, `${clock.timeNs} is before ${message.logTimeNs}`);
      seen.push(sinceStartMs(clock));
      if (seen.length === 6) abort.abort();
    }
    assert.deepEqual(seen, [0n, 33n, 170n, 0n, 33n, 170n]);
  });
});
