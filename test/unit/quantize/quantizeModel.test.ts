import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { float32ToFloat16 } from '../../../src/core/float16.js';
import { makeNode, type OnnxModel } from '../../../src/onnx/OnnxModel.js';
import { float32Tensor, tensorToFloat32 } from '../../../src/onnx/OnnxTensor.js';
import { readOnnx } from '../../../src/onnx/readOnnx.js';
import { writeOnnx } from '../../../src/onnx/serializeOnnx.js';
import type { PicturePlanes } from '../../../src/quantize/FramePlanes.js';
import { formatQuantizeReport } from '../../../src/quantize/formatQuantizeReport.js';
import { OrtRunner } from '../../../src/quantize/OrtRunner.js';
import { type QuantizeOptions, quantizeModel } from '../../../src/quantize/quantizeModel.js';
import { parseMakertbinConfig } from '../../../src/quantize/readMakertbinConfig.js';
import { assertRejected } from '../../helpers/assertRefused.js';
import { attentionConfig, attentionModel, noisePlanes } from '../../helpers/attentionModel.js';

async function* stream(pictures: readonly PicturePlanes[]): AsyncGenerator<PicturePlanes> {
  yield* pictures;
}

describe('quantizeModel', () => {
  let root = '';
  let onnxPath = '';
  let outputPath = '';

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'effvit-quantize-'));
    onnxPath = join(root, 'attention.onnx');
    outputPath = join(root, 'out', 'attention_int8.onnx');
    await writeOnnx(onnxPath, attentionModel());
  });

  afterEach(async () => {
    await rm(root, { recursive: true, force: true });
  });

  function options(
    extra: Partial<QuantizeOptions> = {},
    ...replace: (readonly [string, string])[]
  ): QuantizeOptions {
    return {
      config: parseMakertbinConfig(attentionConfig(replace), 'a.yaml'),
      onnxPath,
      outputPath,
      calibration: stream(noisePlanes(6)),
      speedRounds: 0,
      ...extra,
    };
  }

  it('widens float16 first, and gives the same as for the float32 model', async () => {
    const precise = await quantizeModel(options());
    const expected = await readOnnx(outputPath);
    // Halves hold the weights of this model exactly only after they were rounded to them.
    const model = attentionModel();
    const { graph } = model;
    for (const [name, tensor] of graph.initializers) {
      if (tensor.dataType !== 'float32') continue;
      const data = float32ToFloat16(tensorToFloat32(tensor));
      graph.initializers.set(name, { dataType: 'float16', dims: tensor.dims, data });
    }
    graph.inputs = graph.inputs.map((value) => ({ ...value, dataType: 'float16' }));
    graph.outputs = graph.outputs.map((value) => ({ ...value, dataType: 'float16' }));
    await writeOnnx(onnxPath, model);
    const report = await quantizeModel(options());
    assert.deepEqual(report.nodeCounts, precise.nodeCounts);
    assert.ok(report.outputs.outputCosine.mean > 0.9);
    assert.match(report.notes.join(), /has float16 values: it was made float32 first/);
    const made = await readOnnx(outputPath);
    assert.deepEqual(
      made.graph.nodes.map(({ opType }) => opType),
      expected.graph.nodes.map(({ opType }) => opType),
    );
    assert.ok([...made.graph.initializers.values()].every(({ dataType }) => dataType !== 'float16'));
    assert.ok(report.floatBytes < precise.floatBytes);
  });

  it('refuses before any picture what has nothing for int8, a fixed batch, and channels last', async () => {
    const calibration = (async function* (): AsyncGenerator<PicturePlanes> {
      yield assert.fail('A picture was asked for.');
    })();
    const floatSoftmax = ["'ON': 'BPU', 'InputType': 'int16', 'OutputType': 'int16'", "'ON': 'CPU'"] as const;
    const refuse = async (change: (model: OnnxModel) => void, message: RegExp): Promise<void> => {
      const model = attentionModel();
      change(model);
      await writeOnnx(onnxPath, model);
      await assertRejected(quantizeModel(options({ calibration }, floatSoftmax)), 'UNSUPPORTED', message);
      assert.equal(existsSync(outputPath), false);
    };
    await refuse(({ graph }) => {
      const [input, output] = [graph.inputs[0], graph.outputs[0]];
      graph.nodes = [makeNode('Sin', 'softmax', [input?.name ?? ''], [output?.name ?? ''])];
      graph.outputs = [{ name: output?.name ?? '', dataType: 'float32', shape: null }];
    }, /has no node that becomes int8/);
    const shape = (dims: readonly number[]) => (model: OnnxModel) => {
      model.graph.inputs = model.graph.inputs.map((value) => ({ ...value, shape: dims }));
    };
    await refuse(shape([4, 3, 8, 8]), /is 4x3x8x8, a fixed batch of 4/);
    await refuse(shape([1, 8, 8, 3]), /is 1x8x8x3, no colour picture in NCHW/);
  });

  it('writes a model that ONNX Runtime runs, and says how near it is', async () => {
    const stages = new Set<string>();
    const report = await quantizeModel(
      options({
        evaluation: () => stream(noisePlanes(10, 99)),
        onProgress: (stage) => stages.add(stage),
        speedRounds: 5,
      }),
    );
    const model = await readOnnx(outputPath);
    const runner = await OrtRunner.create(model);
    await runner.dispose();
    assert.equal(report.calibrationPictures, 6);
    assert.equal(report.calibrationMethod, 'max 0.99999');
    assert.equal(report.coverage, 'fast');
    assert.ok(report.nodeCounts.int8 > 5 && report.nodeCounts.int16 > 0 && report.nodeCounts.float > 0);
    assert.equal(report.isComparedOnCalibration, false);
    assert.equal(report.outputs.pictureCount, 10);
    assert.ok(report.outputs.outputCosine.mean > 0.99);
    assert.ok(report.nodes.length > 15);
    assert.equal(report.speed?.rounds, 5);
    assert.equal(report.ablation, undefined);
    assert.equal(report.notes.length, 1);
    assert.match(report.notes.join(), /for CPUs: .* BPU, which effvit compile CONFIG --eval LIST measures/);
    assert.ok(stages.has('calibrating') && stages.has('comparing'));
    assert.deepEqual(JSON.parse(JSON.stringify(report)), report, 'plain data');
  });

  it('finds the best of several methods for calibration_type default', async () => {
    const report = await quantizeModel(options({}, ["calibration_type: 'max'", 'calibration_type: default']));
    assert.match(report.calibrationMethod, /\(of 5 tried\)$/);
  });

  it('calibrates on noise for skip, and says so', async () => {
    const report = await quantizeModel(
      options({ calibration: stream([]) }, ["calibration_type: 'max'", 'calibration_type: skip']),
    );
    assert.match(report.notes.join(), /skip calibrates on noise/);
    assert.ok(existsSync(outputPath));
  });

  it('compares the forms of the softmax', async () => {
    const report = await quantizeModel(options({ ablation: true, speedRounds: 3 }));
    const rows = report.ablation ?? [];
    assert.deepEqual(
      rows.map(({ coverage, softmax }) => `${coverage} ${softmax}`),
      ['fast int8', 'fast int16', 'fast float', 'full int8', 'full int16', 'full float'],
    );
    assert.ok(rows.every(({ speed }) => speed?.rounds === 3 && speed.ratio > 0));
    const configured = rows.find(({ coverage, softmax }) => coverage === 'fast' && softmax === 'int16');
    assert.deepEqual(configured?.outputs, report.outputs, 'the model as configured');
    for (const coverage of ['fast', 'full']) {
      const [eight, sixteen] = rows.filter((row) => row.coverage === coverage);
      assert.ok(eight && sixteen);
      assert.ok(eight.softmaxCosine.mean < sixteen.softmaxCosine.mean);
    }
    const text = formatQuantizeReport(report);
    assert.match(text, /softmax cosine/);
    assert.match(text, /flatters/);
    assert.match(text, /same class first/);
  });

  it('moves single nodes as configured', async () => {
    const before = await quantizeModel(options());
    const after = await quantizeModel(
      options({
        overrides: new Map([
          ['depthwise', 'float'],
          ['softmax', 'int8'],
        ]),
      }),
    );
    assert.equal(after.nodeCounts.float, before.nodeCounts.float + 1);
    assert.equal(after.nodeCounts.int16, 0);
  });

  it('reports which parts of the configuration it cannot follow', async () => {
    const report = await quantizeModel(
      options(
        {},
        ["calibration_type: 'max'", "calibration_type: 'max'\n  per_channel: True"],
        ["march: 'bayes-e'", "march: 'bayes-e'\n  remove_node_type: Dequantize\n  output_nodes: head"],
      ),
    );
    assert.equal(report.notes.length, 4);
  });

  describe('refuses, and writes nothing:', () => {
    const broken = async (
      given: () => QuantizeOptions,
      code: Parameters<typeof assertRejected>[1],
      message: RegExp,
    ): Promise<void> => {
      await assertRejected(quantizeModel(given()), code, message);
      assert.deepEqual(await readdir(root), ['attention.onnx']);
    };
    const change = async (edit: (model: OnnxModel) => void): Promise<void> => {
      const model = attentionModel();
      edit(model);
      await writeOnnx(onnxPath, model);
    };

    it('no pictures', () =>
      broken(() => options({ calibration: stream([]) }), 'NOT_FOUND', /no picture to calibrate/));

    it('a picture of another size', () =>
      broken(
        () => options({ calibration: stream([{ source: 'big.png', planes: new Float32Array(27) }]) }),
        'MISMATCH',
        /big\.png has 27 values where the model takes 1x3x16x16/,
      ));

    it('a node that is not there', async () => {
      await broken(
        () => options({}, ["    'softmax'", "    'sofmax'"]),
        'BAD_CONFIG',
        /no node sofmax \(nearest: softmax\)/,
      );
      await broken(
        () => options({ overrides: new Map([['hed', 'int16']]) }),
        'BAD_ARGUMENT',
        /no node hed \(nearest: head\)/,
      );
    });

    it('calibration_type load', () =>
      broken(
        () => options({}, ["calibration_type: 'max'", 'calibration_type: load']),
        'UNSUPPORTED',
        /load takes/,
      ));

    it('inputs that are no colour pictures', async () => {
      await broken(
        () =>
          options(
            {},
            ["input_type_rt: 'nv12'", 'input_type_rt: gray'],
            ["input_type_train: 'rgb'", 'input_type_train: gray'],
          ),
        'UNSUPPORTED',
        /input_type_train is gray/,
      );
      await broken(() => options({}, ["'NCHW'", "'NHWC'"]), 'UNSUPPORTED', /input_layout_train is NHWC/);
    });

    it('a model of another input', async () => {
      await change((model) => {
        model.graph.inputs = [{ name: 'data', dataType: 'float32', shape: ['N', 3, null, 16] }];
      });
      await broken(options, 'UNSUPPORTED', /input "data" is float32 Nx3x\?x16/);
      await change((model) => {
        model.graph.inputs.push({ name: 'more', dataType: 'float32', shape: [1] });
      });
      await broken(options, 'UNSUPPORTED', /has 2 inputs/);
    });

    it('weights that are no numbers', async () => {
      await change((model) => {
        const dims = [12, 1, 3, 3];
        model.graph.initializers.set(
          'depthwise.weight',
          float32Tensor(dims, new Float32Array(108).fill(Number.NaN)),
        );
      });
      await broken(options, 'BAD_WEIGHTS', /depthwise\.weight" hold NaN/);
    });

    it('values that overflow', async () => {
      await change((model) => {
        model.graph.initializers.set('stem.bias', float32Tensor([12], new Float32Array(12).fill(3e38)));
      });
      await broken(options, 'BAD_MODEL', /NaN or infinite/);
    });

    it('a model that ONNX Runtime does not know', async () => {
      await change((model) => {
        model.graph.nodes.push(makeNode('Fancy', 'fancy', ['output'], ['x']));
      });
      await broken(options, 'BAD_MODEL', /ONNX Runtime does not take the model/);
    });

    it('a cancelled run', async () => {
      const controller = new AbortController();
      await broken(
        () =>
          options({
            signal: controller.signal,
            onProgress: (_stage, done) => {
              if (done === 2) controller.abort();
            },
          }),
        'CANCELLED',
        /nothing was written/,
      );
    });
  });
});
