import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { packagePath } from '../../../src/core/packageRoot.js';
import { leaveOut } from '../../helpers/leaveOut.js';
import { runEffvit } from '../../helpers/runEffvit.js';

const BAG = packagePath('bags', 'signs_drive');
const EXPECTED = packagePath('bags', 'signs_drive_expected.json');
const MODEL = 'efficientvit_m5_signs';

/** CPUs add up float32 products in different orders; scores differ in the fifth digit at most. */
const TOLERANCE = '0.01';

interface Truth {
  readonly frames: { topic: string; stamp: { sec: number; nanosec: number }; label: string }[];
}

interface ReplayOutput {
  readonly frames: { received: number; published: number; dropped: Record<string, number> };
  readonly results: { topic: string; stamp: [number, number]; results: { label: string }[] }[];
}

describe('the bundled model on the bundled recording', function () {
  this.timeout(300_000);

  before(function () {
    if (!existsSync(packagePath('models', MODEL, 'model.safetensors'))) {
      leaveOut(this, 'the weights of the bundled model are not in this checkout');
    }
  });

  it('names the sign in nearly every frame', async () => {
    const run = await runEffvit(['replay', BAG, '--model', MODEL, '--json', '--results']);
    assert.equal(run.code, 0, run.stderr);
    const { frames, results } = JSON.parse(run.stdout) as ReplayOutput;
    const truth = (
      JSON.parse(readFileSync(packagePath('bags', 'signs_drive', 'truth.json'), 'utf8')) as Truth
    ).frames;
    assert.deepEqual(frames, { received: truth.length, published: truth.length, dropped: {} });
    const right = truth.filter(({ topic, stamp, label }) => {
      const found = results.find(
        (frame) => frame.topic === topic && frame.stamp[0] === stamp.sec && frame.stamp[1] === stamp.nanosec,
      );
      return found?.results[0]?.label === label;
    });
    assert.ok(right.length >= 0.9 * truth.length, `${right.length} of ${truth.length} frames are right`);
  });

  it('gives the results that were recorded with it', async () => {
    const args = ['replay', BAG, '--model', MODEL, '--expect', EXPECTED, '--tolerance', TOLERANCE, '--quiet'];
    const run = await runEffvit(args);
    assert.equal(run.code, 0, `${run.stdout}${run.stderr}`);
    assert.match(run.stdout, /as expected/);
  });
});
