import assert from 'node:assert/strict';
import { type ChipPlan, chipPlan, chipRegion } from '../../../src/image/chipPlan.js';
import { nv12AsChip } from '../../../src/image/chipResizer.js';
import type { RawImageFrame } from '../../../src/image/ImageFrame.js';
import type { PictureRegion } from '../../../src/image/PictureRegion.js';
import { type PreprocessOptions, preprocessOptions } from '../../../src/image/PreprocessOptions.js';
import { planFrame } from '../../../src/image/planFrame.js';
import type { BackendSpec } from '../../../src/inference/BackendSpec.js';
import { simulatedDevice } from '../../../src/inference/simulated/SimulatedDevice.js';
import type { FrameResult } from '../../../src/pool/FrameOutcome.js';
import { InferencePool } from '../../../src/pool/InferencePool.js';
import { BpuRig } from '../../helpers/BpuRig.js';
import { fakeLogits } from '../../helpers/fakeLibdnn.js';
import { fillRandom, rawFrame } from '../../helpers/rawFrames.js';

const ON_CHIP = preprocessOptions({ resizeOn: 'bpu' });

type Shape = Parameters<typeof rawFrame>[0];

describe('frames that the chip cuts and scales', () => {
  const bpu = new BpuRig({ resizer: 1 });
  let pools: InferencePool<Float32Array>[];

  beforeEach(() => {
    pools = [];
  });

  afterEach(async () => {
    await Promise.all(pools.map((pool) => pool.close({ drain: false })));
  });

  const bpuSpec = (): BackendSpec => bpu.specOf({ timeoutMs: 5000, isResizer: true });

  async function startPool(
    preprocess: PreprocessOptions,
    backend: BackendSpec = bpuSpec(),
    threads = 1,
  ): Promise<InferencePool<Float32Array>> {
    const pool = new InferencePool<Float32Array>({
      model: { backend, preprocess, postprocess: (logits) => logits.slice() },
      dropPolicy: 'block',
      threads,
    });
    pools.push(pool);
    await pool.start();
    return pool;
  }

  async function classify(pool: InferencePool<Float32Array>, frame: RawImageFrame) {
    const outcome = await pool.submit(frame, { keepNv12: true });
    assert.equal(outcome.kind, 'result', JSON.stringify(outcome));
    return outcome as FrameResult<Float32Array>;
  }

  function noise(shape: Shape, seed: number): RawImageFrame {
    return rawFrame(shape, (data) => fillRandom(data, seed));
  }

  function planOf(frame: RawImageFrame, options: PreprocessOptions): ChipPlan {
    const plan = chipPlan(planFrame(frame, options).shape, options);
    assert.ok(typeof plan === 'object', String(plan));
    return plan;
  }

  /** What the chip makes of the frame itself, without any copy. */
  function expectedNv12(frame: RawImageFrame, options: PreprocessOptions): Uint8Array {
    const { region, segments } = planOf(frame, options);
    const topPx = (segments[0]?.sourceOffsetBytes ?? 0) / frame.strideBytes;
    const { widthPx, heightPx, strideBytes, data } = frame;
    return nv12AsChip(data, { widthPx, heightPx, strideBytes }, { ...region, topPx }, options);
  }

  const shapes: [string, Shape][] = [
    ['640x480', { encoding: 'nv12', widthPx: 640, heightPx: 480 }],
    ['an upright picture', { encoding: 'nv12', widthPx: 480, heightPx: 640 }],
    [
      'rows of a length that the chip does not take',
      { encoding: 'nv12', widthPx: 500, heightPx: 400, paddingBytes: 10 },
    ],
    ['a small picture', { encoding: 'nv12', widthPx: 64, heightPx: 48 }],
    ['1280x720', { encoding: 'nv12', widthPx: 1280, heightPx: 720 }],
  ];
  for (const [name, shape] of shapes) {
    it(`has them copied once: ${name}`, async () => {
      const pool = await startPool(ON_CHIP);
      // The first comes through the slot, the others where the device reads them.
      for (const seed of [1, 3, 5]) {
        const frame = noise(shape, seed);
        const regionsBefore = bpu.fake.get('regions');
        const { value, nv12, pictureNotes } = await classify(pool, frame);
        assert.equal(bpu.fake.get('regions') - regionsBefore, 1);
        const expected = expectedNv12(frame, ON_CHIP);
        assert.deepEqual(bpu.fake.lastNv12(), expected);
        assert.deepEqual(nv12, expected);
        assert.deepEqual(value, fakeLogits(expected));
        assert.equal(pictureNotes, undefined);
      }
      await pool.close();
      bpu.assertClean();
    });
  }

  it('allocates more memory for larger pictures, and keeps it for smaller ones', async () => {
    const pool = await startPool(ON_CHIP);
    for (const [index, widthPx] of [320, 640, 800, 320, 800].entries()) {
      const frame = noise({ encoding: 'nv12', widthPx, heightPx: 480 }, 2 * index + 1);
      assert.deepEqual((await classify(pool, frame)).nv12, expectedNv12(frame, ON_CHIP));
    }
    await pool.close();
    bpu.assertClean();
  });

  it('looks at the roi alone', async () => {
    const options = preprocessOptions({
      resizeOn: 'bpu',
      resizeMode: 'stretch',
      roi: { left: 101, top: 51, width: 301, height: 199, isFraction: false },
    });
    const pool = await startPool(options);
    const frame = noise({ encoding: 'nv12', widthPx: 640, heightPx: 480 }, 3);
    const { region, segments } = planOf(frame, options);
    assert.deepEqual([region.leftPx, region.widthPx, region.heightPx], [102, 300, 200]);
    assert.equal(segments[0]?.sourceOffsetBytes, 50 * 640);
    assert.deepEqual((await classify(pool, frame)).nv12, expectedNv12(frame, options));
    assert.equal(bpu.fake.violations(), '');
  });

  it('leaves to the CPU what the chip cannot do, and says so', async () => {
    const pool = await startPool(ON_CHIP);
    for (const shape of [
      { encoding: 'rgb8', widthPx: 320, heightPx: 240 },
      { encoding: 'nv12', widthPx: 321, heightPx: 240 },
      { encoding: 'nv12', widthPx: 3840, heightPx: 2160 },
    ] as const) {
      const { value, nv12, pictureNotes } = await classify(pool, noise(shape, 7));
      assert.deepEqual(pictureNotes, ['cpu_resized']);
      assert.deepEqual(value, fakeLogits(nv12 ?? new Uint8Array(0)));
    }
    // Nothing is to be resized.
    const prepared = await classify(pool, noise({ encoding: 'nv12', widthPx: 224, heightPx: 224 }, 9));
    assert.equal(prepared.pictureNotes, undefined);
    assert.equal(bpu.fake.violations(), '');
  });

  it('narrows a region that is a little too large, and says so', async () => {
    const pool = await startPool(ON_CHIP);
    const frame = noise({ encoding: 'nv12', widthPx: 1920, heightPx: 1080 }, 5);
    const { nv12, pictureNotes } = await classify(pool, frame);
    assert.deepEqual(pictureNotes, ['chip_narrowed']);
    const { region } = planOf(frame, ON_CHIP);
    assert.deepEqual([region.widthPx, region.heightPx], [892, 892]);
    assert.ok(Math.abs(region.leftPx + 446 - 960) <= 3, `${region.leftPx}`);
    assert.deepEqual(nv12, expectedNv12(frame, ON_CHIP));
    assert.equal(bpu.fake.violations(), '');
  });

  it('goes by resize_on from one frame to the next', async () => {
    const pool = await startPool(preprocessOptions());
    const frame = noise({ encoding: 'nv12', widthPx: 400, heightPx: 300 }, 3);
    const large = noise({ encoding: 'nv12', widthPx: 1920, heightPx: 1080 }, 5);
    const onChip = expectedNv12(frame, ON_CHIP);
    assert.deepEqual((await classify(pool, frame)).nv12, onChip);
    // All of the region is more than the chip takes.
    assert.notDeepEqual((await classify(pool, large)).nv12, expectedNv12(large, ON_CHIP));
    pool.setModelOptions({ preprocess: preprocessOptions({ resizeOn: 'cpu' }) });
    assert.notDeepEqual((await classify(pool, frame)).nv12, onChip);
    pool.setModelOptions({ preprocess: ON_CHIP });
    assert.deepEqual((await classify(pool, frame)).nv12, onChip);
    assert.deepEqual((await classify(pool, large)).nv12, expectedNv12(large, ON_CHIP));
    await pool.close();
    bpu.assertClean();
  });

  it('fails a frame alone where its memory cannot be had', async () => {
    const pool = await startPool(ON_CHIP);
    bpu.fake.fail('hbSysAllocCachedMem', -6000130);
    const frame = noise({ encoding: 'nv12', widthPx: 400, heightPx: 300 }, 3);
    const outcome = await pool.submit(frame);
    assert.equal(outcome.kind === 'dropped' && outcome.cause, 'inference_failed');
    assert.match(
      outcome.kind === 'dropped' ? (outcome.error?.message ?? '') : '',
      /hbSysAllocCachedMem failed/,
    );
    assert.deepEqual((await classify(pool, frame)).nv12, expectedNv12(frame, ON_CHIP));
    await pool.close();
    bpu.assertClean();
  });

  describe('of which several regions are wanted', () => {
    const STRETCHED = preprocessOptions({ resizeOn: 'bpu', resizeMode: 'stretch' });
    const BOXES = [
      { leftPx: 10, topPx: 20, widthPx: 300, heightPx: 200 },
      { leftPx: 0, topPx: 0, widthPx: 640, heightPx: 480 },
      { leftPx: 401.2, topPx: 99.5, widthPx: 120, heightPx: 121 },
      { leftPx: 900, topPx: 0, widthPx: 10, heightPx: 10 },
      { leftPx: 600, topPx: 440, widthPx: 300, heightPx: 300 },
    ];

    async function regionsOf(pool: InferencePool<Float32Array>, frame: RawImageFrame, boxes = BOXES) {
      const outcome = await pool.submitRegions(frame, boxes);
      assert.equal(outcome.kind, 'regions', JSON.stringify(outcome));
      return outcome.kind === 'regions' ? outcome.regions : [];
    }

    /** The chip's pixels of a region that a box became. */
    function expectedLogits(frame: RawImageFrame, region: PictureRegion): Float32Array {
      const found = chipRegion(planFrame(frame, STRETCHED).shape, region, STRETCHED);
      assert.ok(typeof found === 'object', String(found));
      const { widthPx, heightPx, strideBytes, data } = frame;
      return fakeLogits(nv12AsChip(data, { widthPx, heightPx, strideBytes }, found.region, STRETCHED));
    }

    for (const [name, shape] of [
      ['as the chip has them', { encoding: 'nv12', widthPx: 640, heightPx: 480 }],
      ['copied row by row', { encoding: 'nv12', widthPx: 640, heightPx: 480, paddingBytes: 6 }],
    ] as const) {
      it(`computes them as one task of one copy, with rows ${name}`, async () => {
        const pool = await startPool(STRETCHED, bpuSpec(), 3);
        for (const seed of [1, 3]) {
          const frame = noise(shape, seed);
          const tasksBefore = bpu.fake.get('infers');
          const regions = await regionsOf(pool, frame);
          assert.equal(bpu.fake.get('infers') - tasksBefore, 1);
          assert.equal(bpu.fake.get('last_batch'), 4);
          assert.deepEqual(
            regions.map(({ kind }) => kind),
            ['classified', 'classified', 'classified', 'unknown', 'classified'],
          );
          for (const region of regions) {
            if (region.kind !== 'classified') continue;
            assert.deepEqual(region.value, expectedLogits(frame, region.region));
          }
        }
        await pool.close();
        bpu.assertClean();
      });
    }

    it('takes more than fit one task', async () => {
      const pool = await startPool(STRETCHED);
      const frame = noise({ encoding: 'nv12', widthPx: 640, heightPx: 480 }, 3);
      const boxes = Array.from({ length: 19 }, (_, index) => ({
        leftPx: 20 * index,
        topPx: 10 * index,
        widthPx: 100 + 4 * index,
        heightPx: 80,
      }));
      const tasksBefore = bpu.fake.get('infers');
      const regions = await regionsOf(pool, frame, boxes);
      assert.equal(bpu.fake.get('infers') - tasksBefore, 3);
      for (const region of regions) {
        assert.equal(region.kind, 'classified');
        if (region.kind === 'classified')
          assert.deepEqual(region.value, expectedLogits(frame, region.region));
      }
      assert.equal(bpu.fake.violations(), '');
    });

    it('leaves a frame to the CPU of which one is too large for the chip', async () => {
      const pool = await startPool(STRETCHED);
      const frame = noise({ encoding: 'nv12', widthPx: 1920, heightPx: 1080 }, 3);
      const boxes = [
        { leftPx: 10, topPx: 20, widthPx: 300, heightPx: 200 },
        { leftPx: 0, topPx: 0, widthPx: 1920, heightPx: 1080 },
      ];
      const outcome = await pool.submitRegions(frame, boxes);
      assert.equal(outcome.kind, 'regions');
      if (outcome.kind !== 'regions') return;
      assert.deepEqual(outcome.pictureNotes, ['cpu_resized']);
      assert.deepEqual(
        outcome.regions.map(({ kind }) => kind),
        ['classified', 'classified'],
      );
      assert.equal(bpu.fake.violations(), '');
    });
  });

  it('is simulated with the same pixels', async () => {
    const simulated: BackendSpec = {
      kind: 'bpu_sim',
      chip: 'rdk-x5',
      deviceModel: { cores: 1, serviceMs: 0.1, hostMs: 0 },
      core: 'any',
      device: simulatedDevice('rdk-x5'),
      isResizer: true,
      results: { kind: 'hash', widthPx: 224, heightPx: 224, classCount: 10 },
    };
    const pool = await startPool(ON_CHIP, simulated);
    const frame = noise({ encoding: 'nv12', widthPx: 640, heightPx: 480 }, 3);
    const [first, again] = [await classify(pool, frame), await classify(pool, frame)];
    assert.deepEqual(first.nv12, expectedNv12(frame, ON_CHIP));
    assert.deepEqual(again.nv12, first.nv12);
    assert.deepEqual(again.value, first.value);
    const other = await classify(pool, noise({ encoding: 'nv12', widthPx: 640, heightPx: 480 }, 5));
    assert.notDeepEqual(other.value, first.value);
  });
});
