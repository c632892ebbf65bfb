import assert from 'node:assert/strict';
import {
  type CompileMode,
  checkCompilable,
  compileModeOf,
  compilerConfig,
} from '../../../src/compile/compilerConfig.js';
import { prepareCompilerModel } from '../../../src/compile/prepareCompilerModel.js';
import { emptyGraph, makeNode, type OnnxDim, type OnnxModel } from '../../../src/onnx/OnnxModel.js';
import { float32Tensor } from '../../../src/onnx/OnnxTensor.js';
import { parseVendorYaml } from '../../../src/quantize/parseVendorYaml.js';
import { type MakertbinFile, parseMakertbinConfig } from '../../../src/quantize/readMakertbinConfig.js';
import { assertRefused, assertRejected } from '../../helpers/assertRefused.js';
import { testModel } from '../../helpers/testModel.js';

const YAML = `model_parameters:
  onnx_model: "./m.onnx"
  march: "bayes-e"
  output_model_file_prefix: "m"
  working_dir: "out"
  node_info:
    "relu": { "ON": "BPU", "InputType": "int16" }
input_parameters:
  input_type_rt: "nv12"
  input_type_train: "rgb"
  input_layout_train: "NCHW"
  norm_type: "data_scale"
  scale_value: "0.01"
calibration_parameters:
  cal_data_dir: "./somewhere"
  calibration_type: "max"
  max_percentile: 0.9999
compiler_parameters:
  optimize_level: "O3"
  debug: False
`;

const config = (change: (yaml: string) => string = (yaml) => yaml): MakertbinFile =>
  parseMakertbinConfig(change(YAML), 'm.yaml');

function model(shape: readonly OnnxDim[] = [1, 3, 8, 8], version = 11): OnnxModel {
  const graph = emptyGraph('g');
  graph.inputs.push({ name: 'x', dataType: 'float32', shape });
  graph.outputs.push({ name: 'y', dataType: 'float32', shape });
  graph.initializers.set('low', float32Tensor([1], Float32Array.of(0)));
  graph.initializers.set('high', float32Tensor([], Float32Array.of(6)));
  graph.nodes.push(
    makeNode('Relu', 'relu', ['x'], ['r']),
    makeNode('Clip', 'clip', ['r', 'low', 'high'], ['y']),
  );
  return { ...testModel(graph), opsets: [{ domain: '', version }] };
}

describe('prepareCompilerModel', () => {
  it('makes scalars of the bounds of Clip, and says so', async () => {
    const made = model();
    const notes = await prepareCompilerModel(made, config(), 'm.onnx');
    assert.match(notes.join(), /1 bounds of Clip had the shape \[1\]/);
    assert.deepEqual(made.graph.initializers.get('low')?.dims, []);
  });

  it('lowers the opset where that is exact, and says so', async () => {
    const made = model([1, 3, 8, 8], 13);
    const notes = await prepareCompilerModel(made, config(), 'm.onnx');
    assert.match(notes.join(), /converted from opset 13 to 11/);
    assert.deepEqual(made.opsets, [{ domain: '', version: 11 }]);
  });

  it('names all that is wrong at once: inputs, shapes, operators', async () => {
    const made = model(['N', 3, 8, 8]);
    made.graph.nodes.push(makeNode('Loop', 'loop', ['y'], ['l']), {
      ...makeNode('Gelu', 'gelu', ['l'], ['k']),
      domain: 'com.microsoft',
    });
    await assertRejected(
      prepareCompilerModel(made, config(), 'm.onnx'),
      'UNSUPPORTED',
      /m\.onnx cannot be compiled: its input x has the shape Nx3x8x8.*Loop \(1\), com\.microsoft\.Gelu \(1\)/,
    );
    const two = model();
    two.graph.inputs.push({ name: 'mask', dataType: 'float32', shape: [1] });
    await assertRejected(
      prepareCompilerModel(two, config(), 'm.onnx'),
      'UNSUPPORTED',
      /2 inputs \(x, mask\)/,
    );
  });

  it('sends a model that is quantised already back to its float form', async () => {
    const made = model();
    made.graph.nodes.push(makeNode('QuantizeLinear', 'q', ['y'], ['z']));
    await assertRejected(
      prepareCompilerModel(made, config(), 'm.onnx'),
      'UNSUPPORTED',
      /give the float model/,
    );
  });

  it('names nodes of the configuration that the model does not have', async () => {
    await assertRejected(
      prepareCompilerModel(
        model(),
        config((yaml) => yaml.replace('"relu"', '"rleu"')),
        'm.onnx',
      ),
      'BAD_CONFIG',
      /line 7: model_parameters\.node_info: the model has no node rleu \(nearest: relu\)/,
    );
  });
});

describe('compilerConfig', () => {
  it('changes paths, name, level and debug, and nothing else', () => {
    const text = compilerConfig(YAML, {
      modelName: 'm_batch4',
      inputName: 'x',
      level: 'O2',
      mode: undefined,
      inputSource: 'resizer',
    });
    // Read as the vendor's tools do: a bare ON would be true.
    const made = parseVendorYaml(text).document.toJS() as Record<string, Record<string, unknown>>;
    const given = parseVendorYaml(YAML).document.toJS() as Record<string, Record<string, unknown>>;
    assert.deepEqual(made, {
      ...given,
      model_parameters: {
        ...given['model_parameters'],
        onnx_model: './model.onnx',
        working_dir: './output',
        output_model_file_prefix: 'm_batch4',
      },
      calibration_parameters: {
        ...given['calibration_parameters'],
        cal_data_dir: './calibration_f32',
        cal_data_type: 'float32',
      },
      compiler_parameters: { optimize_level: 'O2', debug: true, input_source: { x: 'resizer' } },
    });
    assert.ok(text.includes('"ON"'));
  });

  it('has another mode, without the factor that only balance has', () => {
    const balanced = `${YAML.trimEnd()}\n  compile_mode: balance\n  balance_factor: 2\n`;
    const compilerOf = (mode: CompileMode | undefined): unknown => {
      const text = compilerConfig(balanced, {
        modelName: 'm',
        inputName: 'x',
        level: undefined,
        mode,
        inputSource: 'pyramid',
      });
      return parseVendorYaml(text).document.toJS()['compiler_parameters'];
    };
    const kept = compilerOf(undefined) as Record<string, unknown>;
    assert.deepEqual([kept['compile_mode'], kept['balance_factor']], ['balance', 2]);
    const changed = compilerOf('latency') as Record<string, unknown>;
    assert.equal(changed['compile_mode'], 'latency');
    assert.equal('balance_factor' in changed, false);
  });

  it('compiles large batches for the fewest cycles, unless a mode is given', () => {
    assert.deepEqual(
      [1, 2, 4, 8].map((batch) => compileModeOf(batch, undefined)),
      [undefined, undefined, 'latency', 'latency'],
    );
    assert.equal(compileModeOf(8, 'bandwidth'), 'bandwidth');
    assert.equal(compileModeOf(1, 'latency'), 'latency');
  });

  it('refuses what the node could not run, all at once', () => {
    assert.doesNotThrow(() => checkCompilable(config()));
    const other = config((yaml) =>
      yaml.replace('bayes-e', 'bernoulli2').replace('input_type_rt: "nv12"', 'input_type_rt: "yuv444"'),
    );
    assertRefused(
      () => checkCompilable(other),
      'BAD_CONFIG',
      /march is bernoulli2.*input_type_rt is yuv444, and the node gives nv12/,
    );
    const limited = config((yaml) =>
      yaml.replace('  norm_type', '  input_space_and_range: "bt601_video"\n  norm_type'),
    );
    assertRefused(() => checkCompilable(limited), 'BAD_CONFIG', /full range, which is regular/);
  });
});
