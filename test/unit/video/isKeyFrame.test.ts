import assert from 'node:assert/strict';
import { isKeyFrame, sequenceParameters } from '../../../src/video/isKeyFrame.js';

const unit = (...bytes: number[]): number[] => [0, 0, 1, ...bytes];

describe('isKeyFrame', () => {
  it('knows H.264 by an IDR slice or its parameters', () => {
    for (const [bytes, expected] of [
      [[0, ...unit(0x09, 0xf0), ...unit(0x67, 1), ...unit(0x68, 1), ...unit(0x65, 1)], true],
      [unit(0x65, 1), true],
      [unit(0x67, 1), true],
      [[...unit(0x09, 0xf0), ...unit(0x41, 1)], false],
      [unit(), false],
      [[], false],
      [[0x65, 0, 1], false],
    ] as const) {
      assert.equal(isKeyFrame('h264', Uint8Array.from(bytes)), expected, bytes.join());
    }
  });

  it('knows H.265 by a random access point or its parameters', () => {
    const nal = (type: number): Uint8Array => Uint8Array.from(unit(type << 1, 1));
    const keys = Array.from({ length: 64 }, (_, type) => type).filter((type) =>
      isKeyFrame('hevc', nal(type)),
    );
    assert.deepEqual(keys, [16, 17, 18, 19, 20, 21, 33]);
  });

  it('knows AV1 by the sequence header, wherever it stands', () => {
    const delimiter = [0x12, 0];
    const sequence = [0x0a, 2, 1, 1];
    const frame = [0x32, 0x81, 0x01, ...new Array<number>(129).fill(7)];
    const extended = [0x36, 0, 1, 7];
    assert.equal(isKeyFrame('av1', Uint8Array.from([...delimiter, ...sequence, ...frame])), true);
    assert.equal(isKeyFrame('av1', Uint8Array.from([...frame, ...extended, ...sequence])), true);
    assert.equal(isKeyFrame('av1', Uint8Array.from([...delimiter, ...frame])), false);
    assert.equal(isKeyFrame('av1', Uint8Array.of(0x30)), false);
    assert.equal(isKeyFrame('av1', new Uint8Array(0)), false);
  });

  it('knows VP9 by its first byte', () => {
    for (const [first, expected] of [
      [0b1000_0000, true],
      [0b1000_0100, false],
      [0b1000_1000, false],
      [0b1011_0000, true],
      [0b1011_0010, false],
      [0b0100_0000, false],
    ] as const) {
      assert.equal(isKeyFrame('vp9', Uint8Array.of(first, 0x49, 0x83, 0x42)), expected, first.toString(2));
    }
  });
});

describe('sequenceParameters', () => {
  it('is the unit alone', () => {
    const packet = Uint8Array.from([0, ...unit(0x67, 1, 2, 3), ...unit(0x68, 4), ...unit(0x65, 1)]);
    assert.deepEqual([...(sequenceParameters('h264', packet) ?? [])], [0x67, 1, 2, 3]);
    assert.equal(sequenceParameters('h264', Uint8Array.from(unit(0x65, 1))), undefined);
    assert.deepEqual(
      [...(sequenceParameters('hevc', Uint8Array.from(unit(0x42, 1, 9))) ?? [])],
      [0x42, 1, 9],
    );
  });
});
