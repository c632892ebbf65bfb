import assert from 'node:assert/strict';
import { CONTROL, PROPERTIES, ROI, TENSOR } from '../../../../src/inference/bpu/bpuAbi.js';
import { BPU_ERRORS } from '../../../../src/inference/bpu/bpuErrors.js';
import { LibDnn } from '../../../../src/inference/bpu/LibDnn.js';
import { NativeMemory, nativeView } from '../../../../src/inference/bpu/NativeMemory.js';
import type { DnnCall } from '../../../../src/inference/bpu/openDnnLibrary.js';
import { TensorArray } from '../../../../src/inference/bpu/TensorArray.js';
import { parseTensorProperties } from '../../../../src/inference/bpu/TensorProperties.js';
import { FakeLibdnn, fakeLogits, writeFakeBin } from '../../../helpers/fakeLibdnn.js';
import { fillRandom } from '../../../helpers/rawFrames.js';
import { scratchFolder } from '../../../helpers/scratchFolder.js';

const SIDE_PX = 32;
const PICTURE_BYTES = (SIDE_PX * SIDE_PX * 3) / 2;
const CLASSES = 50;
const WRONG_USE = -6000015;
const INVALID_ARGUMENT = -6000001;

/** The stand-in for the runtime, by its C functions: what the binding itself never asks of it. */
describe('the fake runtime', () => {
  const scratch = scratchFolder();
  let fake: FakeLibdnn;
  let lib: LibDnn;
  let packed: bigint;
  let model: bigint;
  let owned: { free(): unknown }[];

  before(function () {
    fake = FakeLibdnn.build(this);
    lib = new LibDnn(fake.path);
  });

  beforeEach(() => {
    fake.reset();
    owned = [];
    fake.set({ width: SIDE_PX, height: SIDE_PX, classes: CLASSES });
    packed = lib.initializeFromFile(writeFakeBin(scratch.path('model.bin')));
    model = lib.modelHandle(packed, lib.modelNames(packed, 'it')[0] ?? '', 'it');
  });

  afterEach(() => {
    for (const one of owned) one.free();
    fake.reset();
  });

  function native(lengthBytes: number): NativeMemory {
    const memory = new NativeMemory(lengthBytes);
    owned.push(memory);
    return memory;
  }

  function noise(seed: number, pictures = 1): Uint8Array {
    const nv12 = new Uint8Array(pictures * PICTURE_BYTES);
    fillRandom(nv12, seed);
    return nv12;
  }

  /** A task's memory: as many input tensors as given pictures, the outputs, the words that the runtime wants. */
  function prepare(pictures: readonly Uint8Array[], { outputTimes = 1 } = {}) {
    const input = lib.properties('hbDNNGetInputTensorProperties', model, 0, 'it');
    const output = lib.properties('hbDNNGetOutputTensorProperties', model, 0, 'it');
    const { alignedByteSize } = parseTensorProperties(output);
    const describe = (bytes: number) => ({ properties: input, sizes: [bytes] });
    const inputs = new TensorArray(
      lib,
      pictures.map(({ length }) => describe(length)),
      'it',
    );
    const outputs = new TensorArray(
      lib,
      [{ properties: output, sizes: [alignedByteSize * outputTimes] }],
      'it',
    );
    if (outputTimes > 1) outputs.setPictures(0, output, outputTimes);
    owned.push(inputs, outputs);
    for (const [index, picture] of pictures.entries()) {
      inputs.view(index).set(picture);
      inputs.clean(index);
    }
    const variable = native(8);
    new DataView(variable.bytes.buffer, variable.bytes.byteOffset).setBigUint64(
      0,
      outputs.addressOf(0),
      true,
    );
    const control = native(CONTROL.size);
    const setMore = (more: number): void => {
      new DataView(control.bytes.buffer, control.bytes.byteOffset).setInt32(CONTROL.more, more, true);
    };
    const scores = (picture: number): Float32Array => {
      outputs.invalidate(0);
      const bytes = outputs.view(0).slice();
      return new Float32Array(bytes.buffer, 4 * picture * CLASSES, CLASSES);
    };
    return { inputs, outputs: variable.address, control: control.address, setMore, scores };
  }

  const handleOf = (word: NativeMemory): bigint =>
    new DataView(word.bytes.buffer, word.bytes.byteOffset).getBigUint64(0, true);

  function finish(word: NativeMemory): void {
    assert.equal(lib.call('hbDNNWaitTaskDone', handleOf(word), 1000), 0);
    assert.equal(lib.call('hbDNNReleaseTask', handleOf(word)), 0);
  }

  it('takes a batch as one tensor of all its pictures', () => {
    fake.set({ batch0: 4 });
    const pictures = noise(1, 4);
    const task = prepare([pictures]);
    const word = native(8);
    const address = task.inputs.addressOf(0);
    assert.equal(lib.call('hbDNNInfer', word.address, task.outputs, address, model, task.control), 0);
    finish(word);
    assert.equal(fake.get('one_tensor_tasks'), 1);
    for (let index = 0; index < 4; index++) {
      const nv12 = pictures.subarray(index * PICTURE_BYTES, (index + 1) * PICTURE_BYTES);
      assert.deepEqual(task.scores(index), fakeLogits(nv12, CLASSES), `picture ${index}`);
    }
    assert.equal(fake.violations(), '');
  });

  it('fails a batch of one tensor with each code', () => {
    fake.set({ batch0: 2 });
    const task = prepare([noise(1, 2)]);
    for (const code of Object.keys(BPU_ERRORS).map(Number)) {
      const word = native(8);
      fake.fail('hbDNNInfer', code);
      const address = task.inputs.addressOf(0);
      assert.equal(lib.call('hbDNNInfer', word.address, task.outputs, address, model, task.control), code);
      assert.equal(handleOf(word), 0n);
    }
    assert.equal(fake.get('live_tasks'), 0);
  });

  it('runs appended tasks together', () => {
    const frames = [noise(1), noise(2), noise(3)];
    const tasks = frames.map((nv12) => prepare([nv12]));
    const word = native(8);
    for (const [index, { inputs, outputs, control, setMore }] of tasks.entries()) {
      setMore(index < 2 ? 1 : 0);
      const code = lib.call('hbDNNInfer', word.address, outputs, inputs.addressOf(0), model, control);
      assert.equal(code, 0);
    }
    finish(word);
    assert.equal(fake.get('appended_tasks'), 2);
    for (const [index, { scores }] of tasks.entries()) {
      assert.deepEqual(scores(0), fakeLogits(frames[index] ?? noise(9), CLASSES));
    }
    assert.equal(fake.get('live_tasks'), 0);
    assert.equal(fake.violations(), '');
  });

  it('does not run a task that waits for more, and appends nothing to one that runs', () => {
    const [first, second] = [prepare([noise(1)]), prepare([noise(2)])];
    const word = native(8);
    const run = (task: typeof first): number =>
      lib.call('hbDNNInfer', word.address, task.outputs, task.inputs.addressOf(0), model, task.control);
    first.setMore(1);
    assert.equal(run(first), 0);
    assert.equal(lib.call('hbDNNWaitTaskDone', handleOf(word), 10), WRONG_USE);
    assert.match(fake.violations(), /to which more was to be appended/);
    assert.equal(run(second), 0);
    assert.equal(run(prepare([noise(3)])), WRONG_USE);
    assert.match(fake.violations(), /a task handle that was not NULL/);
    finish(word);
  });

  it('fails an appended task with each code, and keeps what was there before', () => {
    for (const code of Object.keys(BPU_ERRORS).map(Number)) {
      const [first, second] = [prepare([noise(1)]), prepare([noise(2)])];
      const word = native(8);
      const run = (task: typeof first): number =>
        lib.call('hbDNNInfer', word.address, task.outputs, task.inputs.addressOf(0), model, task.control);
      first.setMore(1);
      assert.equal(run(first), 0);
      fake.fail('hbDNNInfer', code);
      assert.equal(run(second), code);
      assert.equal(run(second), 0);
      finish(word);
      assert.deepEqual(first.scores(0), fakeLogits(noise(1), CLASSES));
      assert.deepEqual(second.scores(0), fakeLogits(noise(2), CLASSES));
    }
    assert.equal(fake.violations(), '');
  });

  describe('with a model that cuts and scales', () => {
    const WHOLE = [0, 0, SIDE_PX - 1, SIDE_PX - 1] as const;

    beforeEach(() => fake.set({ resizer: 1 }));

    function inferRegions(
      task: ReturnType<typeof prepare>,
      regions: readonly (readonly number[])[],
      word: NativeMemory,
      call: Extract<DnnCall, 'hbDNNInfer' | 'hbDNNRoiInfer'> = 'hbDNNRoiInfer',
    ): number {
      const rois = native(Math.max(regions.length, 1) * ROI.size);
      const view = new DataView(rois.bytes.buffer, rois.bytes.byteOffset);
      for (const [index, region] of regions.entries()) {
        for (const [at, value] of region.entries()) view.setInt32(index * ROI.size + 4 * at, value, true);
      }
      const inputs = task.inputs.addressOf(0);
      if (call === 'hbDNNInfer')
        return lib.call(call, word.address, task.outputs, inputs, model, task.control);
      return lib.call(
        call,
        word.address,
        task.outputs,
        inputs,
        rois.address,
        regions.length,
        model,
        task.control,
      );
    }

    it('appends regions to one another', () => {
      const [first, second] = [prepare([noise(1)]), prepare([noise(2), noise(3)], { outputTimes: 2 })];
      const word = native(8);
      first.setMore(1);
      assert.equal(inferRegions(first, [WHOLE], word), 0);
      assert.equal(inferRegions(second, [WHOLE, WHOLE], word), 0);
      finish(word);
      assert.deepEqual(first.scores(0), fakeLogits(noise(1), CLASSES));
      assert.deepEqual(second.scores(1), fakeLogits(noise(3), CLASSES));
      assert.equal(fake.get('regions'), 3);
      assert.equal(fake.violations(), '');
    });

    const refused: [string, readonly number[], RegExp][] = [
      ['an odd place', [1, 0, 20, 31], /an odd region/],
      ['an odd size', [0, 0, 30, 31], /an odd region/],
      ['a region outside', [0, 2, 31, 33], /leaves its picture/],
      ['a region before the picture', [-2, 0, 31, 31], /leaves its picture/],
      ['nothing', [4, 4, 3, 31], /a region of 0x28/],
    ];
    for (const [name, region, violation] of refused) {
      it(`refuses ${name}`, () => {
        assert.equal(inferRegions(prepare([noise(1)]), [region], native(8)), INVALID_ARGUMENT);
        assert.match(fake.violations(), violation);
        assert.equal(fake.get('live_tasks'), 0);
      });
    }

    it('refuses strides, ratios, counts and another function', () => {
      const size = (task: ReturnType<typeof prepare>, widthPx: number, strideBytes: number): void => {
        const bytes = nativeView(task.inputs.addressOf(0), TENSOR.size);
        const view = new DataView(bytes.buffer, bytes.byteOffset + TENSOR.properties);
        view.setInt32(PROPERTIES.validShape + 12, widthPx, true);
        view.setInt32(PROPERTIES.alignedShape + 12, strideBytes, true);
      };
      const task = prepare([noise(1, 16)]);
      size(task, SIDE_PX, SIDE_PX + 8);
      assert.equal(inferRegions(task, [WHOLE], native(8)), INVALID_ARGUMENT);
      assert.match(fake.violations(), /a stride of 40/);
      size(task, 256, 256);
      assert.equal(inferRegions(task, [[0, 0, 255, 31]], native(8)), INVALID_ARGUMENT);
      assert.match(fake.violations(), /256x32 is too large for the ratio/);
      assert.equal(inferRegions(task, [], native(8)), INVALID_ARGUMENT);
      assert.match(fake.violations(), /0 regions/);
      assert.equal(inferRegions(prepare([noise(1)]), [WHOLE], native(8), 'hbDNNInfer'), WRONG_USE);
      assert.match(fake.violations(), /a model of another input source/);
    });

    it('fails with each code', () => {
      const task = prepare([noise(1)]);
      for (const code of Object.keys(BPU_ERRORS).map(Number)) {
        const word = native(8);
        fake.fail('hbDNNRoiInfer', code);
        assert.equal(inferRegions(task, [WHOLE], word), code);
      }
      const word = native(8);
      assert.equal(inferRegions(task, [WHOLE], word), 0);
      finish(word);
      assert.equal(fake.violations(), '');
    });
  });
});
