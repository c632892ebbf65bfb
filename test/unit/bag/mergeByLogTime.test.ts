import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { RawBagMessage } from '../../../src/bag/BagFile.js';
import { type LogTimeSource, mergeByLogTime } from '../../../src/bag/mergeByLogTime.js';

function message(topic: string, logTimeNs: bigint): RawBagMessage {
  return {
    topic,
    type: '',
    encoding: 'cdr',
    logTimeNs,
    publishTimeNs: 0n,
    sequence: 0,
    data: new Uint8Array(0),
  };
}

describe('mergeByLogTime', () => {
  it('orders any streams, equal times by stream', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.integer({ min: 0, max: 9 }))),
        fc.boolean(),
        async (lists, hasStart) => {
          const sources: LogTimeSource[] = lists.map((times, at) => {
            const sorted = times.sort((a, b) => a - b).map((time) => message(String(at), BigInt(time)));
            return {
              startNs: hasStart ? sorted[0]?.logTimeNs : undefined,
              async *open() {
                yield* sorted;
              },
            };
          });
          const merged = [];
          for await (const { topic, logTimeNs } of mergeByLogTime(sources))
            merged.push([Number(logTimeNs), topic]);
          const expected = lists
            .flatMap((times, at) => times.map((time) => [time, String(at)] as const))
            .sort(([a, left], [b, right]) => a - b || Number(left) - Number(right));
          assert.deepEqual(merged, expected);
        },
      ),
    );
  });

  it('opens a stream when its time has come, and closes what is left open', async () => {
    const events: string[] = [];
    const source = (name: string, times: readonly bigint[]): LogTimeSource => ({
      startNs: times[0],
      async *open() {
        events.push(`open ${name}`);
        try {
          for (const time of times) yield message(name, time);
        } finally {
          events.push(`close ${name}`);
        }
      },
    });
    const merged = mergeByLogTime([
      source('late', [10n, 12n]),
      source('early', [1n, 2n]),
      source('never', [20n]),
    ]);
    for await (const { topic, logTimeNs } of merged) {
      events.push(`${topic} ${logTimeNs}`);
      if (logTimeNs === 10n) break;
    }
    assert.deepEqual(events, [
      'open early',
      'early 1',
      'early 2',
      'close early',
      'open late',
      'late 10',
      'close late',
    ]);
  });
});
