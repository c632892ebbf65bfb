import assert from 'node:assert/strict';
import { HeldClass } from '../../../../src/classify/smoothing/HeldClass.js';

const MS = 1e6;

describe('HeldClass', () => {
  /** The class that is held after each of these frames, 100 ms apart. */
  function held(
    frames: readonly (readonly number[])[],
    { hysteresisMargin = 0.2, hysteresisTimeMs = 200 } = {},
  ): number[] {
    const state = new HeldClass();
    return frames.map((scores, frame) =>
      state.take(Float64Array.from(scores), frame === 0 ? 0 : 100 * MS, {
        hysteresisMargin,
        hysteresisTimeMs,
      }),
    );
  }

  it('changes once another class has led by the margin for the time', () => {
    const [there, other] = [
      [0.6, 0.4],
      [0.3, 0.7],
    ] as const;
    assert.deepEqual(held([there, other, other, other, other]), [0, 0, 0, 1, 1]);
  });

  it('stays where the lead is too small, however long', () => {
    assert.deepEqual(held([[0.6, 0.4], ...Array(20).fill([0.45, 0.55])]).at(-1), 0);
  });

  it('counts the time anew where the lead breaks off, or goes to a third class', () => {
    const other = [0.2, 0.7, 0.1];
    const third = [0.2, 0.1, 0.7];
    const small = [0.4, 0.5, 0.1];
    assert.deepEqual(held([[1, 0, 0], other, other, small, other, other]), [0, 0, 0, 0, 0, 0]);
    assert.deepEqual(held([[1, 0, 0], other, other, third, other, other]), [0, 0, 0, 0, 0, 0]);
    assert.deepEqual(held([[1, 0, 0], other, other, third, third, third]), [0, 0, 0, 0, 0, 2]);
  });

  it('follows the best class at once without margin and time, and keeps the one that is there of two equals', () => {
    const settings = { hysteresisMargin: 0, hysteresisTimeMs: 0 };
    assert.deepEqual(
      held(
        [
          [0.4, 0.6],
          [0.6, 0.4],
          [0.4, 0.6],
        ],
        settings,
      ),
      [1, 0, 1],
    );
    assert.deepEqual(
      held(
        [
          [0.4, 0.6],
          [0.5, 0.5],
        ],
        settings,
      ),
      [1, 1],
    );
  });
});
