import assert from 'node:assert/strict';
import { PlaybackClock } from '../../../src/bag/PlaybackClock.js';
import { type PaceOptions, paceMessages } from '../../../src/bag/paceMessages.js';

const MS = 1_000_000n;

/** A clock that only moves where somebody waits. */
class FakeClock {
  timeNs = 5_000n * MS;
  readonly waits: number[] = [];
  onWait: (() => void) | undefined;

  options(more: PaceOptions = {}): PaceOptions {
    return {
      clock: new PlaybackClock({ nowNs: () => this.timeNs }),
      wait: async (milliseconds) => {
        this.waits.push(milliseconds);
        this.timeNs += BigInt(Math.round(milliseconds * 1e6));
        this.onWait?.();
      },
      ...more,
    };
  }
}

async function* at(...timesMs: number[]): AsyncGenerator<{ logTimeNs: bigint }> {
  for (const time of timesMs) yield { logTimeNs: BigInt(time) * MS };
}

describe('paceMessages', () => {
  it('keeps the distances of the recording from the first message on', async () => {
    const clock = new FakeClock();
    const seen = [];
    for await (const message of paceMessages(() => at(900, 1000, 1000, 1250), clock.options())) {
      seen.push([message.logTimeNs / MS, clock.timeNs - 5000n * MS]);
    }
    assert.deepEqual(seen, [
      [900n, 0n],
      [1000n, 100n * MS],
      [1000n, 100n * MS],
      [1250n, 350n * MS],
    ]);
  });

  for (const [rate, expected] of [
    [2, [0n, 50n, 175n]],
    [0.5, [0n, 200n, 700n]],
    ['max', [0n, 0n, 0n]],
  ] as const) {
    it(`plays at rate ${rate}`, async () => {
      const clock = new FakeClock();
      const seen = [];
      for await (const _ of paceMessages(() => at(0, 100, 350), clock.options({ rate }))) {
        seen.push(clock.timeNs / MS - 5000n);
      }
      assert.deepEqual(seen, expected);
    });
  }

  it('does not shift what follows a slow consumer', async () => {
    const clock = new FakeClock();
    const seen = [];
    for await (const message of paceMessages(() => at(0, 10, 20, 100), clock.options())) {
      seen.push([message.logTimeNs / MS, clock.timeNs / MS - 5000n]);
      if (message.logTimeNs === 0n) clock.timeNs += 50n * MS;
    }
    assert.deepEqual(seen, [
      [0n, 0n],
      [10n, 50n],
      [20n, 50n],
      [100n, 100n],
    ]);
  });

  it('begins anew until it is aborted, each pass on its own line of time', async () => {
    const clock = new FakeClock();
    const abort = new AbortController();
    const seen = [];
    const paced = paceMessages(() => at(7, 17), clock.options({ loop: true, signal: abort.signal }));
    for await (const message of paced) {
      seen.push([message.logTimeNs / MS, clock.timeNs / MS - 5000n]);
      if (seen.length === 5) abort.abort();
    }
    assert.deepEqual(seen, [
      [7n, 0n],
      [17n, 10n],
      [7n, 10n],
      [17n, 20n],
      [7n, 20n],
    ]);
  });

  it('ends a loop over nothing', async () => {
    for await (const _ of paceMessages(() => at(), { loop: true })) assert.fail();
  });

  it('is aborted during a wait', async () => {
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 20);
    let count = 0;
    for await (const _ of paceMessages(() => at(0, 3_600_000), { signal: abort.signal })) count += 1;
    assert.equal(count, 1);
  });

  it('waits in pieces that a timer can hold', async () => {
    const clock = new FakeClock();
    for await (const _ of paceMessages(() => at(0, 150_000), clock.options()));
    assert.deepEqual(clock.waits, [60_000, 60_000, 30_000]);
  });

  it('stands still while it is paused, and moves what follows', async () => {
    const clock = new FakeClock();
    const playback = new PlaybackClock({ nowNs: () => clock.timeNs });
    clock.onWait = () => {
      // Paused while it waits for the second message, for three seconds.
      if (clock.waits.length !== 1) return;
      playback.pause();
      clock.timeNs += 3000n * MS;
      playback.resume();
    };
    const seen = [];
    for await (const _ of paceMessages(() => at(0, 100, 200), clock.options({ clock: playback }))) {
      seen.push(clock.timeNs - 5000n * MS);
    }
    assert.deepEqual(seen, [0n, 3100n * MS, 3200n * MS]);
  });

  it('waits before the first message while it is paused, and ends when aborted', async () => {
    const clock = new PlaybackClock({ isPaused: true });
    setTimeout(() => clock.resume(), 10);
    let count = 0;
    for await (const _ of paceMessages(() => at(1), { clock, rate: 'max' })) count += 1;
    assert.equal(count, 1);
    clock.pause();
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 10);
    for await (const _ of paceMessages(() => at(1), { clock, rate: 'max', signal: abort.signal }))
      assert.fail();
  });

  for (const rate of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
    it(`refuses rate ${rate}`, async () => {
      await assert.rejects(paceMessages(() => at(1), { rate }).next(), { code: 'BAD_ARGUMENT' });
    });
  }
});
