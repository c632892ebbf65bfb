import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { simulatedBpuSpec } from '../../../../src/classify/simulatedBpuSpec.js';
import type { SimulatedBpuSpec } from '../../../../src/inference/BackendSpec.js';
import { createBackend, prepareBackend } from '../../../../src/inference/createBackend.js';
import { SimulatedBpu } from '../../../../src/inference/simulated/SimulatedBpu.js';
import {
  SimulatedDevice,
  simulatedDevice,
  waitUntil,
} from '../../../../src/inference/simulated/SimulatedDevice.js';
import { loadManifest } from '../../../../src/model/loadManifest.js';
import { resolveModel } from '../../../../src/model/resolveModel.js';
import { monotonicNs } from '../../../../src/stats/monotonicNs.js';
import { assertRefused, assertRejected } from '../../../helpers/assertRefused.js';
import { writeColourModel } from '../../../helpers/colourModel.js';
import { fillRandom } from '../../../helpers/rawFrames.js';
import { scratchFolder } from '../../../helpers/scratchFolder.js';

const SIDE_PX = 224;
const NV12_BYTES = (SIDE_PX * SIDE_PX * 3) / 2;

function specOf(overrides: Partial<SimulatedBpuSpec> = {}): SimulatedBpuSpec {
  return {
    kind: 'bpu_sim',
    chip: 'rdk-x5',
    deviceModel: { cores: 1, serviceMs: 0, hostMs: 0 },
    core: 'any',
    device: simulatedDevice('rdk-x5'),
    results: { kind: 'hash', widthPx: SIDE_PX, heightPx: SIDE_PX, classCount: 1000 },
    ...overrides,
  };
}

function noise(seed: number): Uint8Array {
  const nv12 = new Uint8Array(NV12_BYTES);
  fillRandom(nv12, seed);
  return nv12;
}

async function logitsOf(spec: SimulatedBpuSpec, nv12: Uint8Array): Promise<number[]> {
  const backend = await createBackend(spec);
  await backend.load();
  const { logits } = await backend.run(nv12);
  const copy = [...logits];
  await backend.dispose();
  return copy;
}

describe('SimulatedBpu', () => {
  const scratch = scratchFolder();

  it('says that it is a simulation, of what, and where its logits come from', async () => {
    const info = await new SimulatedBpu(specOf()).load();
    assert.equal(info.backend, 'bpu_sim');
    assert.equal(info.isSimulated, true);
    assert.equal(info.classCount, 1000);
    assert.match(
      info.runtime,
      /^simulated rdk-x5 \(bayes-e, 1 core, 0 ms \+ 0 ms a frame, logits from a hash/,
    );
  });

  it('gives equal frames equal logits, and others for any byte or another seed', async () => {
    const frame = noise(1);
    const logits = await logitsOf(specOf(), frame);
    assert.deepEqual(await logitsOf(specOf(), frame), logits);
    assert.notDeepEqual(await logitsOf(specOf({ seed: 2 }), frame), logits);
    for (const place of [0, 3, SIDE_PX * SIDE_PX, NV12_BYTES - 1]) {
      const other = noise(1);
      other[place] = (other[place] ?? 0) ^ 1;
      assert.notDeepEqual(await logitsOf(specOf(), other), logits, `byte ${place}`);
    }
    // The same bytes at an odd address.
    const shifted = new Uint8Array(NV12_BYTES + 1).subarray(1);
    shifted.set(frame);
    assert.deepEqual(await logitsOf(specOf(), shifted), logits);
    assert.ok(logits.every(Number.isFinite));
  });

  it('takes its logits from the CPU where it is told to', async () => {
    const manifest = await loadManifest(await writeColourModel(scratch.path('colours')), 'folder');
    const onnx = {
      kind: 'onnx' as const,
      modelPath: scratch.path('colours', 'colours.onnx'),
      input: manifest.input,
      yuvRange: 'full' as const,
    };
    const frame = noise(2);
    const cpu = await createBackend(onnx);
    await cpu.load();
    const wanted = [...(await cpu.run(frame)).logits];
    await cpu.dispose();
    const spec = await prepareBackend(specOf({ results: { kind: 'onnx', spec: onnx } }));
    assert.deepEqual(await logitsOf(spec as SimulatedBpuSpec, frame), wanted);
  });

  it('blocks for service and host time, and counts the service as busy time of the device', async () => {
    const device = new SharedArrayBuffer(66 * 8);
    const backend = new SimulatedBpu(specOf({ device, deviceModel: { cores: 1, serviceMs: 3, hostMs: 1 } }));
    await backend.load();
    for (let frame = 0; frame < 3; frame++) {
      const { inferenceNs } = await backend.run(noise(frame));
      // Never earlier; how much later is the machine's business.
      assert.ok(inferenceNs >= 4e6, `${inferenceNs}`);
    }
    assert.deepEqual(new SimulatedDevice(device).counters(), { frames: 3, busyNs: 9e6 });
  });

  it('draws the same service times for the same seed', async () => {
    const busy = async (seed: number): Promise<number> => {
      const device = new SharedArrayBuffer(66 * 8);
      const deviceModel = { cores: 1, serviceMs: 0.2, hostMs: 0 };
      const backend = new SimulatedBpu(specOf({ device, deviceModel, serviceJitter: 0.5, seed }));
      await backend.load();
      for (let frame = 0; frame < 10; frame++) await backend.run(noise(0));
      return new SimulatedDevice(device).counters().busyNs;
    };
    const first = await busy(7);
    assert.equal(await busy(7), first);
    assert.notEqual(await busy(8), first);
    assert.ok(first >= 1e6 && first <= 3e6);
  });

  it('is one queue for all threads', async () => {
    const device = new SharedArrayBuffer(66 * 8);
    const spec = specOf({ device, deviceModel: { cores: 1, serviceMs: 20, hostMs: 0 } });
    const url = new URL('../../../../src/inference/createBackend.js', import.meta.url).href;
    const program = `
      const { workerData } = require('node:worker_threads');
      (async () => {
        const { createBackend } = await import(${JSON.stringify(url)});
        const backend = await createBackend(workerData);
        await backend.load();
        for (let frame = 0; frame < 3; frame++) await backend.run(new Uint8Array(${NV12_BYTES}));
      })();`;
    const workers = [0, 1].map(() => new Worker(program, { eval: true, workerData: spec }));
    await Promise.all(workers.map((worker) => once(worker, 'exit')));
    const words = new BigInt64Array(device);
    assert.deepEqual(new SimulatedDevice(device).counters(), { frames: 6, busyNs: 120e6 });
    assert.ok(Number(words[2]) > 0 && words[3] === 0n, 'one core served all');
  });

  it('uses any core where the device lacks the one that was chosen', async () => {
    const device = new SharedArrayBuffer(66 * 8);
    const deviceModel = { cores: 1, serviceMs: 0.1, hostMs: 0 };
    const backend = new SimulatedBpu(specOf({ device, deviceModel, core: 1 }));
    await backend.load();
    await backend.run(noise(0));
    assert.ok(Number(new BigInt64Array(device)[2]) > 0);
  });

  it('refuses to run before it is loaded', async () => {
    await assertRejected(new SimulatedBpu(specOf()).run(noise(0)), 'CLOSED', /call load first/);
  });
});

describe('simulatedBpuSpec', () => {
  it('takes the device model of the manifest', async () => {
    const spec = simulatedBpuSpec(await resolveModel('efficientvit_m5'), { bpuCore: '1' });
    assert.deepEqual(spec.deviceModel, { cores: 1, serviceMs: 5.72, hostMs: 0.62, kind: 'published' });
    assert.equal(spec.chip, 'rdk-x5');
    assert.equal(spec.core, 1);
    assert.deepEqual(spec.results, { kind: 'hash', widthPx: 224, heightPx: 224, classCount: 1000 });
  });

  it('refuses a model without one', async () => {
    const manifest = await resolveModel('efficientvit_m5');
    assertRefused(
      () => simulatedBpuSpec({ ...manifest, deviceModels: {} }, { bpuCore: 'any' }),
      'BAD_MANIFEST',
      /efficientvit_m5 has no device model.*rdk-x5 or rdk-x3/,
    );
    assertRefused(
      () => simulatedBpuSpec(manifest, { bpuCore: 'any' }, undefined, 'rdk-x3'),
      'BAD_MANIFEST',
      /of rdk-x3 into its manifest/,
    );
    const { classCount: _, ...output } = manifest.output;
    assertRefused(
      () => simulatedBpuSpec({ ...manifest, output }, { bpuCore: 'any' }),
      'BAD_MANIFEST',
      /output\.class_count/,
    );
  });
});

describe('waitUntil', () => {
  it('does not return early', () => {
    for (const waitNs of [0, 50_000, 300_000, 2_000_000]) {
      const deadlineNs = monotonicNs() + waitNs;
      waitUntil(deadlineNs);
      assert.ok(monotonicNs() >= deadlineNs);
    }
  });

  describe('with tasks of several frames', () => {
    const batches = [
      { batch: 2, serviceMs: 7 },
      { batch: 4, serviceMs: 9 },
    ];

    async function loaded(overrides: Partial<SimulatedBpuSpec> = {}) {
      const device = new SharedArrayBuffer(simulatedDevice('rdk-x5').byteLength);
      const deviceModel = { cores: 1, serviceMs: 5, hostMs: 0, batches };
      const backend = new SimulatedBpu(specOf({ device, deviceModel, ...overrides }));
      const info = await backend.load();
      const { batch } = backend;
      assert.ok(batch);
      return { backend, batch, info, device: new SimulatedDevice(device) };
    }

    it('says which, and has none where the device model has none', async () => {
      const { info } = await loaded();
      assert.deepEqual(info.batchSizes, [1, 2, 4]);
      assert.match(info.runtime, /5 ms \+ 0 ms a frame, 7 ms for 2, 9 ms for 4, logits/);
      const single = new SimulatedBpu(specOf());
      assert.equal((await single.load()).batchSizes, undefined);
      assert.equal(single.batch, undefined);
    });

    it('gives each frame the logits that it gets alone', async () => {
      const { batch } = await loaded();
      const frames = [1, 2, 3].map(noise);
      for (const [place, nv12] of frames.entries()) batch.write(place, nv12);
      const { logits } = await batch.run(0, 3);
      for (const [place, nv12] of frames.entries()) {
        assert.deepEqual([...(logits[place] ?? [])], await logitsOf(specOf(), nv12));
      }
      const alone = await batch.run(2, 1);
      assert.deepEqual([...(alone.logits[0] ?? [])], await logitsOf(specOf(), noise(3)));
      assert.equal(alone.logits.length, 1);
    });

    it('keeps a core busy as long as the smallest task takes that holds them', async () => {
      for (const [count, busyMs] of [
        [1, 5],
        [2, 7],
        [3, 9],
        [4, 9],
      ] as const) {
        const { batch, device } = await loaded();
        for (let place = 0; place < count; place++) batch.write(place, noise(place));
        const { inferenceNs } = await batch.run(0, count);
        assert.deepEqual(device.counters(), { frames: count, busyNs: busyMs * 1e6 });
        assert.ok(inferenceNs >= busyMs * 1e6);
      }
    });

    it('refuses more than a task has', async () => {
      const { batch } = await loaded();
      for (let place = 0; place < 5; place++) batch.write(place, noise(place));
      await assertRejected(batch.run(0, 5), 'INTERNAL', /No task has 5 frames/);
    });
  });
});
