import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { packagePath } from '../../../src/core/packageRoot.js';
import { encodingProblem, isDepthEncoding, readableEncoding } from '../../../src/image/encodingNames.js';
import { RAW_ENCODINGS } from '../../../src/image/encodingTraits.js';

/** All of sensor_msgs/image_encodings.hpp: what it is read as, or what the refusal says. */
const SENSOR_MSGS: Readonly<Record<string, string | RegExp>> = {
  ...Object.fromEntries(
    [
      ...['rgb8', 'rgba8', 'rgb16', 'rgba16', 'bgr8', 'bgra8', 'bgr16', 'bgra16', 'mono8', 'mono16'],
      ...['rggb', 'bggr', 'gbrg', 'grbg'].flatMap((tile) => [`bayer_${tile}8`, `bayer_${tile}16`]),
      ...['uyvy', 'yuyv', 'yuv422', 'yuv422_yuy2', 'nv21', 'nv24'],
    ].map((name) => [name, name]),
  ),
  '8UC1': 'mono8',
  '8UC2': /two channels of unknown meaning \(8UC2\): set the driver to yuv422_yuy2 or uyvy/,
  '8UC3': 'bgr8',
  '8UC4': 'bgra8',
  '16UC1': /is depth \(16UC1\).*colour topic/,
  '16UC2': /two channels/,
  '16UC3': 'bgr16',
  '16UC4': 'bgra16',
  '32FC1': /is depth/,
  '64FC1': /is depth/,
  ...Object.fromEntries(
    ['8SC', '16SC', '32SC', '32FC', '64FC']
      .flatMap((kind) => [1, 2, 3, 4].map((channels) => `${kind}${channels}`))
      .filter((name) => !isDepthEncoding(name))
      .map((name) => [name, /values of OpenCV's type .*: have the driver send rgb8, bgr8 or mono8/]),
  ),
};

describe('encodingNames', () => {
  for (const [name, expected] of Object.entries(SENSOR_MSGS)) {
    it(`answers ${name}`, () => {
      const encoding = readableEncoding(name);
      if (typeof expected === 'string') assert.equal(encoding, expected);
      else {
        assert.equal(encoding, undefined);
        assert.match(encodingProblem(name), expected);
      }
    });
  }

  it('reads its own names and those of drivers in any case, with what fixed-size messages leave behind', () => {
    for (const name of RAW_ENCODINGS) {
      assert.equal(readableEncoding(name), name);
      assert.equal(readableEncoding(` ${name.toUpperCase()}\0\0`), name);
    }
    const others = { YUV422_UYVY: 'uyvy', YUY2: 'yuyv', I420: 'i420', YUV420: 'i420', YV12: 'yv12' };
    for (const [name, encoding] of Object.entries(others)) assert.equal(readableEncoding(name), encoding);
  });

  it('has every layout on the list for integrators, and reads every name that stands there', () => {
    const page = readFileSync(packagePath('docs', 'integrator', 'topics.md'), 'utf8');
    const list = /## Image encodings\n(?:.*\n)+?((?:- .*\n)+)/.exec(page)?.[1] ?? '';
    const lines = list.split('\n').filter((line) => !line.startsWith('- jpeg'));
    const names = lines.flatMap(
      (line) => line.match(/\b[a-z]+\w*\d\w*|\b\d+UC\d|\b(?:uyvy|yuyv|iyuv)\b/g) ?? [],
    );
    const mosaics = ['rggb', 'bggr', 'gbrg', 'grbg'].flatMap((tile) => [`bayer_${tile}8`, `bayer_${tile}16`]);
    assert.match(list, /bayer_\{rggb,bggr,gbrg,grbg\}\{8,16\}/);
    assert.deepEqual(
      RAW_ENCODINGS.filter((name) => ![...names, ...mosaics].includes(name)),
      [],
    );
    assert.deepEqual(
      names.filter((name) => readableEncoding(name) === undefined),
      [],
    );
    assert.ok(names.length > 25, names.join(' '));
  });

  it('refuses what is no layout, with what to do', () => {
    for (const name of ['constructor', 'rgb', '__proto__', 'h264', '']) {
      assert.equal(readableEncoding(name), undefined, name);
    }
    assert.match(encodingProblem('rgb'), /did you mean rgb8\?/);
    assert.match(encodingProblem('H264'), /H264 video.*decode it first/);
    assert.match(encodingProblem(''), /set the driver's/);
    assert.ok(encodingProblem('x'.repeat(2 ** 20)).length < 1000);
  });
});
