import assert from 'node:assert/strict';
import { EffvitError } from '../../../../src/core/EffvitError.js';
import { resizeAsChip } from '../../../../src/image/chipResizer.js';
import type { BpuBackendSpec } from '../../../../src/inference/BackendSpec.js';
import { BpuBackend } from '../../../../src/inference/bpu/BpuBackend.js';
import { BPU_ERRORS } from '../../../../src/inference/bpu/bpuErrors.js';
import { assertRefused, assertRejected } from '../../../helpers/assertRefused.js';
import { BpuRig } from '../../../helpers/BpuRig.js';
import { fakeLogits } from '../../../helpers/fakeLibdnn.js';
import { fillRandom } from '../../../helpers/rawFrames.js';

const SIDE_PX = 64;
const CLASSES = 1000;
const SHAPE = { widthPx: 200, heightPx: 160, strideBytes: 208 };
const REGIONS = [
  { leftPx: 0, topPx: 0, widthPx: 200, heightPx: 160 },
  { leftPx: 10, topPx: 20, widthPx: 64, heightPx: 64 },
  { leftPx: 100, topPx: 98, widthPx: 40, heightPx: 62 },
  { leftPx: 2, topPx: 2, widthPx: 2, heightPx: 2 },
  { leftPx: 40, topPx: 0, widthPx: 160, heightPx: 160 },
] as const;

function noise(seed: number, bytes: number): Uint8Array {
  const nv12 = new Uint8Array(bytes);
  fillRandom(nv12, seed);
  return nv12;
}

/** The logits of what the chip makes of a region; the fake keeps the chroma of every second pixel and row. */
function expectedLogits(picture: Uint8Array, region: (typeof REGIONS)[number]): Float32Array {
  const size = { widthPx: SIDE_PX, heightPx: SIDE_PX };
  const made = resizeAsChip(picture, SHAPE, region, size);
  const pixels = SIDE_PX * SIDE_PX;
  const nv12 = new Uint8Array((pixels * 3) / 2);
  nv12.set(made.subarray(0, pixels));
  let into = pixels;
  for (let row = 0; row < SIDE_PX; row += 2) {
    for (let column = 0; column < SIDE_PX; column += 2) {
      const at = pixels + row * SIDE_PX + column;
      nv12[into++] = made[at] ?? 0;
      nv12[into++] = made[at + pixels] ?? 0;
    }
  }
  return fakeLogits(nv12, CLASSES);
}

describe('BpuBackend with a model that cuts and scales itself', () => {
  const bpu = new BpuRig();
  let backends: BpuBackend[];

  beforeEach(() => {
    backends = [];
  });

  afterEach(async () => {
    for (const backend of backends) await backend.dispose().catch(() => undefined);
  });

  function makeBackend(overrides: Partial<BpuBackendSpec> = {}): BpuBackend {
    const backend = new BpuBackend(bpu.specOf({ widthPx: SIDE_PX, heightPx: SIDE_PX, ...overrides }));
    backends.push(backend);
    return backend;
  }

  async function loaded(settings: Record<string, number> = {}, overrides: Partial<BpuBackendSpec> = {}) {
    bpu.fake.set({ resizer: 1, width: SIDE_PX, height: SIDE_PX, ...settings });
    const backend = makeBackend(overrides);
    const info = await backend.load();
    const { batch, resizer } = backend;
    assert.ok(batch !== undefined && resizer !== undefined);
    return { backend, batch, resizer, info };
  }

  const packed = {
    models: [
      { batch: 1, name: 'EfficientViT_m5_224x224_nv12_inner' },
      { batch: 4, name: 'another_model' },
    ],
  };
  const variants: [string, Record<string, number>, Partial<BpuBackendSpec>][] = [
    ['one memory', {}, {}],
    ['luma and chroma as two memories', { input_type: 2 }, {}],
    ['tasks of four', { name_count: 2, batch1: 4 }, packed],
    ['scores in int8, padded', { output_type: 8, padded_output: 1, batch0: 2 }, {}],
  ];
  for (const [name, settings, overrides] of variants) {
    it(`computes several regions of one picture as one task, by ${name}`, async () => {
      const { backend, batch, resizer, info } = await loaded(settings, overrides);
      assert.equal(info.mostRegions, 8);
      const picture = resizer.allocate((SHAPE.strideBytes * SHAPE.heightPx * 3) / 2);
      const bytes = noise(3, picture.bytes.length);
      for (const count of [1, 2, 4, REGIONS.length]) {
        picture.bytes.set(bytes);
        const tasksBefore = bpu.fake.get('infers');
        for (const [place, region] of REGIONS.slice(0, count).entries()) {
          resizer.place(place, picture, SHAPE, region);
        }
        const { logits } = await batch.run(0, count);
        assert.equal(bpu.fake.get('infers') - tasksBefore, 1);
        const factor = settings['output_type'] === 8 ? 4 : 1;
        for (const [index, region] of REGIONS.slice(0, count).entries()) {
          const expected = expectedLogits(bytes, region).map((value) => value * factor);
          assert.deepEqual(logits[index], expected, `${index} of ${count}`);
        }
      }
      resizer.release(picture);
      await backend.dispose();
      bpu.assertClean();
    });
  }

  it('takes prepared pictures between regions of others', async () => {
    const { backend, batch, resizer } = await loaded({ name_count: 2, batch1: 4 }, packed);
    const [first, second] = [0, 1].map(() => resizer.allocate(208 * 240));
    assert.ok(first && second);
    first.bytes.set(noise(1, first.bytes.length));
    second.bytes.set(noise(2, second.bytes.length));
    const prepared = noise(5, (SIDE_PX * SIDE_PX * 3) / 2);
    resizer.place(0, second, SHAPE, REGIONS[1]);
    batch.write(1, prepared);
    resizer.place(2, first, SHAPE, REGIONS[2]);
    const { logits } = await batch.run(0, 3);
    assert.deepEqual(logits, [
      expectedLogits(second.bytes, REGIONS[1]),
      fakeLogits(prepared, CLASSES),
      expectedLogits(first.bytes, REGIONS[2]),
    ]);
    // One of them once more, alone.
    assert.deepEqual((await batch.run(2, 1)).logits, [expectedLogits(first.bytes, REGIONS[2])]);
    assert.deepEqual((await backend.run(prepared)).logits, fakeLogits(prepared, CLASSES));
    await backend.dispose();
    bpu.assertClean();
  });

  it('refuses what the chip cannot do, and goes on with what was in that place', async () => {
    const { backend, batch, resizer } = await loaded();
    const picture = resizer.allocate(208 * 240);
    picture.bytes.set(noise(4, picture.bytes.length));
    resizer.place(0, picture, SHAPE, REGIONS[0]);
    const refused: [
      Partial<typeof SHAPE>,
      Partial<Record<keyof (typeof REGIONS)[number], number>>,
      RegExp,
    ][] = [
      [{}, { leftPx: 1 }, /^A region of 64x64 at 1,20 in 200x160 is not all even/],
      [{}, { leftPx: 150 }, /leaves the picture/],
      [{ strideBytes: 200 }, {}, /rows of 200 bytes.*multiples of 16/],
      [{ heightPx: 162 }, {}, /a picture of 50544 bytes in memory of 49920/],
    ];
    for (const [shape, region, message] of refused) {
      assertRefused(
        () => resizer.place(0, picture, { ...SHAPE, ...shape }, { ...REGIONS[1], ...region }),
        'BAD_IMAGE',
        message,
      );
    }
    assertRefused(
      () =>
        resizer.place(
          0,
          picture,
          { widthPx: 400, heightPx: 80, strideBytes: 400 },
          { leftPx: 0, topPx: 0, widthPx: 400, heightPx: 80 },
        ),
      'BAD_IMAGE',
      /of 400x80 is too large: the chip makes 64x64 of 252x252 at most/,
    );
    assert.deepEqual((await batch.run(0, 1)).logits, [expectedLogits(picture.bytes, REGIONS[0])]);
    resizer.release(picture);
    assertRefused(() => resizer.release(picture), 'INTERNAL', /was freed/);
    await assertRejected(batch.run(0, 1), 'INTERNAL', /empty place/);
    await backend.dispose();
    assert.equal(bpu.fake.violations(), '');
  });

  it('frees the pictures that nobody gave back', async () => {
    const { backend, resizer } = await loaded();
    resizer.allocate(100);
    resizer.allocate(300);
    await backend.dispose();
    bpu.assertClean();
  });

  it('knows a resizer by the runtime, and holds the manifest to it', async () => {
    bpu.fake.set({ resizer: 1, width: SIDE_PX, height: SIDE_PX });
    await assertRejected(
      makeBackend({ isResizer: false }).load(),
      'BAD_MODEL',
      /its input source is resizer, and its manifest says pyramid/,
    );
    bpu.fake.set({ resizer: 0 });
    await assertRejected(
      makeBackend({ isResizer: true }).load(),
      'BAD_MODEL',
      /its input source is pyramid, and its manifest says resizer/,
    );
    const backend = makeBackend();
    await backend.load();
    assert.equal(backend.resizer, undefined);
    assert.equal(bpu.fake.violations(), '');
  });

  it('goes by the manifest where the runtime does not tell', async () => {
    bpu.fake.set({ resizer: 1, width: SIDE_PX, height: SIDE_PX });
    bpu.fake.fail('hbDNNGetInputSource', -6000015);
    const backend = makeBackend({ isResizer: true });
    await backend.load();
    assert.ok(backend.resizer);
  });

  it('meets every error of the runtime', async () => {
    for (const call of [
      'hbDNNRoiInfer',
      'hbDNNWaitTaskDone',
      'hbSysFlushMem',
      'hbDNNReleaseTask',
      'hbSysAllocCachedMem',
    ]) {
      for (const code of Object.keys(BPU_ERRORS).map(Number)) {
        bpu.fake.reset();
        const { backend, batch, resizer } = await loaded({}, { timeoutMs: 30 });
        const picture = resizer.allocate(208 * 240);
        picture.bytes.set(noise(4, picture.bytes.length));
        resizer.place(0, picture, SHAPE, REGIONS[0]);
        resizer.place(1, picture, SHAPE, REGIONS[1]);
        bpu.fake.fail(call, code);
        await assert.rejects(
          async () => {
            resizer.allocate(1000);
            await batch.run(0, 2);
          },
          (error) =>
            error instanceof EffvitError && error.message.startsWith(`${call} failed with ${code} (`),
        );
        if (!(call === 'hbDNNWaitTaskDone' && code === -6000008)) {
          const { logits } = await batch.run(0, 2);
          assert.deepEqual(logits[1], expectedLogits(picture.bytes, REGIONS[1]), `${call} ${code}`);
        }
        await backend.dispose();
        bpu.assertClean(`${call} ${code}`);
      }
    }
  });

  it('keeps the picture of a task that hangs until it has ended', async () => {
    const { backend, batch, resizer } = await loaded({}, { timeoutMs: 20 });
    const picture = resizer.allocate(208 * 240);
    resizer.place(0, picture, SHAPE, REGIONS[0]);
    bpu.fake.set({ hang: 1 });
    await assertRejected(batch.run(0, 1), 'WORKER_DIED', /after 20 ms/);
    bpu.fake.unhang();
    await backend.dispose();
    bpu.assertClean();
  });
});
