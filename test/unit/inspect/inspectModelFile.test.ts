import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { EffvitError } from '../../../src/core/EffvitError.js';
import { packagePath } from '../../../src/core/packageRoot.js';
import { buildEfficientVit } from '../../../src/efficientvit/buildEfficientVit.js';
import { loadRuntime } from '../../../src/inference/onnx/loadRuntime.js';
import { formatModelInfo } from '../../../src/inspect/formatModelInfo.js';
import { inspectModelFile } from '../../../src/inspect/inspectModelFile.js';
import { emptyGraph, intsAttr, makeNode, type OnnxModel } from '../../../src/onnx/OnnxModel.js';
import { scalarTensor } from '../../../src/onnx/OnnxTensor.js';
import { writeOnnx } from '../../../src/onnx/serializeOnnx.js';
import { formulaWeights } from '../../helpers/formulaWeights.js';
import { leaveOut } from '../../helpers/leaveOut.js';
import { writeSafetensors } from '../../helpers/writeSafetensors.js';

/** A 3x3 convolution, 2 to 4 channels, on 8x8, its weights and input in int8 pairs. */
function quantizedConv(): OnnxModel {
  const graph = emptyGraph('g');
  graph.inputs.push({ name: 'x', dataType: 'float32', shape: ['N', 2, 8, 8] });
  graph.outputs.push({ name: 'y', dataType: 'float32', shape: ['N', 4, 6, 6] });
  graph.initializers.set('scale', scalarTensor('float32', 0.1));
  graph.initializers.set('zero', scalarTensor('uint8', 128));
  graph.initializers.set('wzero', scalarTensor('int8', 0));
  graph.initializers.set('w', { dataType: 'int8', dims: [4, 2, 3, 3], data: new Int8Array(72).fill(1) });
  graph.nodes.push(
    makeNode('QuantizeLinear', 'q', ['x', 'scale', 'zero'], ['xq']),
    makeNode('DequantizeLinear', 'dq', ['xq', 'scale', 'zero'], ['xd']),
    makeNode('DequantizeLinear', 'dw', ['w', 'scale', 'wzero'], ['wd']),
    makeNode('Conv', 'c', ['xd', 'wd'], ['y'], { kernel_shape: intsAttr([3, 3]) }),
  );
  return {
    irVersion: 7,
    producerName: 'someone',
    producerVersion: '2',
    domain: '',
    modelVersion: 0,
    docString: '',
    opsets: [{ domain: '', version: 13 }],
    metadata: new Map([['note', 'hi']]),
    graph,
    opaque: {},
  };
}

describe('inspectModelFile', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'effvit-info-'));
    path = join(folder, 'file');
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  it('describes an ONNX model', async () => {
    const model = buildEfficientVit({ variant: 'm0', weights: formulaWeights('m0', 10), batch: 'dynamic' });
    await writeOnnx(path, model);
    const info = await inspectModelFile(path);
    assert.ok(info.kind === 'onnx');
    assert.deepEqual(info.inputs, [{ name: 'data', dataType: 'float32', shape: ['N', 3, 224, 224] }]);
    assert.deepEqual(info.outputs, [{ name: 'output', dataType: 'float32', shape: ['N', 10] }]);
    assert.deepEqual(info.opsets, ['ai.onnx 11']);
    assert.equal(info.nodeCount, 595);
    assert.deepEqual(info.operators[0], { opType: 'Transpose', count: 120 });
    assert.equal(info.quantization.kind, 'none');
    // 79 million in the paper's table, at 1000 classes; the head has 0.2 million of them.
    assert.ok(info.macCount !== null && Math.abs(info.macCount / 1e6 - 79) < 2, `${info.macCount}`);
    // Folding batch norms leaves two million of the 2.35; the head shrank by 990 classes.
    assert.ok(info.parameterCount > 2.1e6 && info.parameterCount < 2.35e6, `${info.parameterCount}`);
    assert.match(formatModelInfo(info), /^input +data: float32 \[N, 3, 224, 224\]$/m);
  });

  it('finds shapes that the file does not state, and says how it is quantised', async () => {
    await writeOnnx(path, quantizedConv());
    const info = await inspectModelFile(path);
    assert.ok(info.kind === 'onnx');
    assert.equal(info.macCount, 4 * 6 * 6 * 2 * 9);
    assert.equal(info.parameterCount, 72);
    assert.deepEqual(info.quantization, {
      kind: 'qdq',
      weightTypes: { int8: 1 },
      activationTypes: { uint8: 1 },
    });
    assert.deepEqual(formatModelInfo(info).split('\n').slice(2), [
      'format         ONNX, IR version 7, opset ai.onnx 13',
      'producer       someone 2',
      'input          x: float32 [N, 2, 8, 8]',
      'output         y: float32 [N, 4, 6, 6]',
      'parameters     72',
      'MACs           2592',
      'quantised      yes, QuantizeLinear and DequantizeLinear pairs; weights int8 1; activations uint8 1',
      'nodes          4',
      'operators      DequantizeLinear 2, Conv 1, QuantizeLinear 1',
      'metadata note  hi',
    ]);
  });

  it('has no MAC count where the graph does not run here', async () => {
    const model = quantizedConv();
    model.graph.nodes.push(makeNode('Mystery', 'm', ['y'], ['z']));
    await writeOnnx(path, model);
    const info = await inspectModelFile(path);
    assert.ok(info.kind === 'onnx');
    assert.equal(info.macCount, null);
    assert.match(formatModelInfo(info), /^MACs +unknown/m);
  });

  it('describes an ONNX that this package did not write', async function () {
    const foreign = packagePath('..', 'shared', 'data', 'mobilenet_v2_1.0_224.onnx');
    if (!existsSync(foreign)) leaveOut(this, `no model at ${foreign}`);
    const info = await inspectModelFile(foreign);
    assert.ok(info.kind === 'onnx');
    // MobileNetV2's paper: 300 million MACs, 3.4 million parameters.
    assert.ok(info.macCount !== null && Math.abs(info.macCount / 1e6 - 300) < 3);
    assert.ok(Math.abs(info.parameterCount / 1e6 - 3.4) < 0.15);
  });

  it('describes weights from their header, and names the variant', async () => {
    await writeSafetensors(path, formulaWeights('m2', 7), { dtype: 'F16', metadata: new Map([['a', 'b']]) });
    const info = await inspectModelFile(path);
    assert.ok(info.kind === 'safetensors');
    assert.deepEqual(info.efficientVit, { variant: 'm2', classCount: 7 });
    assert.deepEqual(Object.keys(info.elementsByDtype), ['F16']);
    assert.deepEqual(info.metadata, { a: 'b' });
    assert.match(formatModelInfo(info), /^model +efficientvit_m2, 7 classes$/m);
  });

  it('describes a PyTorch checkpoint', async () => {
    const info = await inspectModelFile(packagePath('test', 'fixtures', 'state_dict.pth'));
    assert.ok(info.kind === 'pytorch');
    assert.equal(info.tensors.length, 9);
    assert.deepEqual(info.elementsByDtype, { F32: 16, F16: 2, BF16: 2, F64: 1, I64: 1 });
    assert.equal(info.efficientVit, null);
  });

  it("describes ONNX Runtime's own format", async () => {
    const onnx = join(folder, 'm.onnx');
    await writeOnnx(onnx, quantizedConv());
    const session = await loadRuntime().InferenceSession.create(onnx, {
      optimizedModelFilePath: path,
      extra: { session: { save_model_format: 'ORT' } },
      logSeverityLevel: 3,
    });
    await session.release();
    const info = await inspectModelFile(path);
    assert.ok(info.kind === 'ort');
    assert.match(info.formatVersion, /^\d+$/);
    const whole = await readFile(path);
    for (const length of [8, 20, 100]) {
      await writeFile(path, whole.subarray(0, length));
      await assert.rejects(inspectModelFile(path), { code: 'BAD_MODEL', message: /damaged \.ort/ });
    }
  });

  it('describes a compiled BPU model', async () => {
    const march = Buffer.from('\x0a\x05MARCH\x12\x0abernoulli2', 'latin1');
    await writeFile(path, Buffer.concat([Buffer.from([8, 1, 16, 1, 42, 9]), march, Buffer.alloc(100)]));
    const info = await inspectModelFile(path);
    assert.ok(info.kind === 'bpu');
    assert.equal(info.chip, 'rdk-x3');
    assert.match(formatModelInfo(info), /^march +bernoulli2 \(rdk-x3\)$/m);
  });

  it('refuses anything else in one sentence', async () => {
    await assert.rejects(inspectModelFile(path), { code: 'NOT_FOUND' });
    await assert.rejects(inspectModelFile(folder), { code: 'BAD_MODEL', message: /a folder/ });
    for (const content of ['text', 'RIFF....WEBP', '\x89PNG\r\n\x1a\n']) {
      await writeFile(path, content);
      await assert.rejects(inspectModelFile(path), { code: 'BAD_MODEL', message: /no model file: expected/ });
    }
    await assert.rejects(inspectModelFile(packagePath('test', 'fixtures', 'legacy.pth')), {
      code: 'BAD_WEIGHTS',
    });
  });

  it('never brings anything but an EffvitError out of any file', async () => {
    const starts = [
      [8, 1, 16, 1, 42],
      [8, 7],
      [0, 0, 0, 0, 0x4f, 0x52, 0x54, 0x4d],
      [80, 75, 3, 4],
      [0x80, 2],
    ];
    const json = [4, 0, 0, 0, 0, 0, 0, 0, 0x7b];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...starts, json),
        fc.uint8Array({ maxLength: 60 }),
        async (start, rest) => {
          await writeFile(path, Uint8Array.from([...start, ...rest]));
          try {
            formatModelInfo(await inspectModelFile(path));
          } catch (error) {
            assert.ok(error instanceof EffvitError, String(error));
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
