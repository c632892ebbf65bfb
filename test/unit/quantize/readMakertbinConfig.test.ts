import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { EffvitError } from '../../../src/core/EffvitError.js';
import { packagePath } from '../../../src/core/packageRoot.js';
import { parseMakertbinConfig, readMakertbinConfig } from '../../../src/quantize/readMakertbinConfig.js';
import { leaveOut } from '../../helpers/leaveOut.js';

const VALID = `model_parameters:
  onnx_model: './m.onnx'
  march: "bayes-e"
  output_model_file_prefix: 'm'
  node_info: {
    "/a/Softmax": {
      'ON': 'BPU',
      'InputType': 'int16',
      'OutputType': 'int16'
    }
  }
input_parameters:
  input_name: ""
  input_type_rt: 'nv12'
  input_type_train: 'rgb'
  input_layout_train: 'NCHW'
  input_shape: ''
  norm_type: 'data_mean_and_scale'
  mean_value: 123.675 116.28 103.53
  scale_value: 0.017
calibration_parameters:
  cal_data_dir: './calibration'
  calibration_type: 'max'
  max_percentile: 0.9999
compiler_parameters:
  optimize_level: 'O3'
`;

function problemsOf(content: string): string {
  try {
    parseMakertbinConfig(content, 'm.yaml');
  } catch (error) {
    assert.ok(error instanceof EffvitError);
    assert.equal(error.code, 'BAD_CONFIG');
    assert.match(error.message, /^m\.yaml has /);
    assert.ok(!error.message.includes('\n'), 'one sentence on one line');
    return error.message;
  }
  throw assert.fail('accepted');
}

describe('readMakertbinConfig', () => {
  it('reads the file that ships with the package', async () => {
    const { config } = await readMakertbinConfig(packagePath('config', 'efficientvit_m5.yaml'));
    const nodes = Object.entries(config.model_parameters.node_info);
    assert.equal(nodes.length, 28);
    for (const [, info] of nodes) {
      assert.deepEqual(info, { ON: 'BPU', InputType: 'int16', OutputType: 'int16' });
    }
    assert.equal(config.model_parameters.march, 'bayes-e');
    assert.equal(config.calibration_parameters.calibration_type, 'max');
    assert.equal(config.calibration_parameters.max_percentile, 0.9999);
    assert.deepEqual(config.calibration_parameters.cal_data_type, ['float32']);
    assert.deepEqual(config.input_parameters.mean_value, [[123.675, 116.28, 103.53]]);
    assert.deepEqual(config.input_parameters.scale_value, [[0.01712475, 0.017507, 0.01742919]]);
    assert.deepEqual(config.input_parameters.input_space_and_range, ['regular']);
    assert.equal(config.compiler_parameters.optimize_level, 'O3');
  });

  it('names the softmax nodes of the reference export, all of them', async function () {
    const golden = packagePath('..', 'shared', 'golden', 'efficientvit_m5_onnx_nodes.json');
    if (!existsSync(golden)) leaveOut(this, `no ${golden}`);
    const { nodes } = JSON.parse(readFileSync(golden, 'utf8')) as { nodes: [string, string][] };
    const softmaxes = nodes.filter(([type]) => type === 'Softmax').map(([, name]) => name);
    const { config } = await readMakertbinConfig(packagePath('config', 'efficientvit_m5.yaml'));
    assert.deepEqual(Object.keys(config.model_parameters.node_info).sort(), softmaxes.sort());
  });

  it('splits lists, parses numbers and fills in the defaults of the manual', () => {
    const { config } = parseMakertbinConfig(VALID, 'm.yaml');
    assert.deepEqual(config.input_parameters.input_name, []);
    assert.deepEqual(config.input_parameters.input_type_rt, ['nv12']);
    assert.deepEqual(config.input_parameters.scale_value, [[0.017]]);
    assert.equal(config.input_parameters.input_batch, 1);
    assert.equal(config.model_parameters.working_dir, 'model_output');
    assert.equal(config.model_parameters.layer_out_dump, false);
    assert.equal(config.calibration_parameters.preprocess_on, false);
    assert.equal(config.compiler_parameters.compile_mode, 'latency');
  });

  it('names every problem with its line at once', () => {
    const message = problemsOf(
      VALID.replace('march: "bayes-e"', 'march: bayes-f')
        .replace("'InputType': 'int16'", "'InputTyp': 'int16'")
        .replace("input_layout_train: 'NCHW'", 'input_layout: NCHW')
        .replace('max_percentile: 0.9999', 'max_percentile: 1.5')
        .replace("optimize_level: 'O3'", 'optimize_level: 3'),
    );
    assert.match(message, /has 6 problems/);
    assert.match(
      message,
      /line 3: model_parameters\.march: expected bayes-e, bernoulli2, bayes, got 'bayes-f'/,
    );
    assert.match(
      message,
      /line 8: model_parameters\.node_info\.\/a\/Softmax\.InputTyp: .*nearest: InputType\)/,
    );
    assert.match(message, /line 12: input_parameters\.input_layout_train: is missing/);
    assert.match(message, /line 16: input_parameters\.input_layout: is not a key/);
    assert.match(message, /line 24: calibration_parameters\.max_percentile: .*got 1\.5/);
    assert.match(message, /line 26: compiler_parameters\.optimize_level: expected O0, O1, O2, O3, got 3/);
  });

  it('takes the mode between latency and bandwidth with its factor alone', () => {
    const balanced = VALID.replace("optimize_level: 'O3'", "optimize_level: 'O3'\n  compile_mode: balance");
    assert.match(problemsOf(balanced), /compiler_parameters\.balance_factor: compile_mode balance needs it/);
    assert.match(problemsOf(`${balanced}  balance_factor: 101`), /balance_factor: .*0 to 100, got 101/);
    const { config } = parseMakertbinConfig(`${balanced}  balance_factor: 2`, 'm.yaml');
    assert.equal(config.compiler_parameters.balance_factor, 2);
  });

  it('names a missing and an unknown group', () => {
    const message = problemsOf(VALID.replace('compiler_parameters', 'compiler_parameter'));
    assert.match(message, /compiler_parameter: .*nearest: compiler_parameters\)/);
    assert.match(message, /compiler_parameters: is missing/);
  });

  it('says where a tab stands', () => {
    const message = problemsOf(VALID.replace('  march: "bayes-e"', '\tmarch: "bayes-e"'));
    assert.match(message, /line 3: a tab where YAML requires spaces/);
  });

  it('refuses a key with two values, not one that is repeated', () => {
    assert.match(
      problemsOf(VALID.replace("input_shape: ''", "norm_type: 'data_mean'")),
      /line 18: norm_type has two values/,
    );
    parseMakertbinConfig(VALID.replace("input_shape: ''", "input_type_rt: 'nv12'"), 'm.yaml');
  });

  it('takes brackets that close at the margin, as PyYAML does', () => {
    const { config } = parseMakertbinConfig(
      VALID.replace('\n    }\n  }\n', "\n    }, # it's {\n}\n"),
      'm.yaml',
    );
    assert.deepEqual(Object.keys(config.model_parameters.node_info), ['/a/Softmax']);
    const message = problemsOf(
      VALID.replace('\n    }\n  }\n', '\n    },\n}\n').replace("'ON': 'BPU'", "'ON': 'GPU'"),
    );
    assert.match(message, /line 7: .*ON: expected BPU, CPU, got 'GPU'/);
  });

  it('explains a bare ON', () => {
    assert.match(problemsOf(VALID.replace("'ON': 'BPU'", 'ON: BPU')), /line 7: .*write 'ON' with quotes/);
  });

  it('checks what belongs together', () => {
    const message = problemsOf(
      VALID.replace('  scale_value: 0.017\n', '')
        .replace('mean_value: 123.675 116.28 103.53', "mean_value: '1 2'")
        .replace("input_type_rt: 'nv12'", "input_type_rt: 'gray'")
        .replace("  cal_data_dir: './calibration'\n", ''),
    );
    assert.match(message, /has 4 problems/);
    assert.match(message, /scale_value: norm_type data_mean_and_scale needs it/);
    assert.match(message, /mean_value: expected one number or one a channel \(3\), got 2/);
    assert.match(message, /gray cannot be converted to input_type_train rgb/);
    assert.match(message, /cal_data_dir: names no folder/);
  });

  it('takes the spellings of the model zoo', () => {
    const { config } = parseMakertbinConfig(
      VALID.replace(
        '  march: "bayes-e"\n',
        '  march: bayes-e\n  remove_node_type: "Dequantize; Transpose"\n  debug_mode: "dump_calibration_data"\n',
      )
        .replace(
          '  max_percentile: 0.9999\n',
          '  optimization: set_Softmax_input_int8,set_Softmax_output_int8\n',
        )
        .replace("optimize_level: 'O3'\n", "optimize_level: 'O3'\n  jobs: 32\n"),
      'm.yaml',
    );
    assert.deepEqual(config.model_parameters.remove_node_type, ['Dequantize', 'Transpose']);
    assert.deepEqual(config.calibration_parameters.optimization, [
      'set_Softmax_input_int8',
      'set_Softmax_output_int8',
    ]);
    assert.equal(config.compiler_parameters.jobs, 32);
  });

  for (const [name, content] of [
    ['an empty file', ''],
    ['a list', '- a\n- b\n'],
    ['a word', 'hello\n'],
    [
      'groups without keys',
      'model_parameters:\ninput_parameters:\ncalibration_parameters:\ncompiler_parameters:\n',
    ],
    ['an alias without an anchor', 'model_parameters: *nowhere\n'],
    [
      'a bomb of aliases',
      `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghij'
        .split('')
        .map((k, i) => `${k}: &${k} [${`*${'abcdefghi'[i]},`.repeat(9)}]`)
        .join('\n')}\n`,
    ],
    ['a broken string', `model_parameters: 'abc\n`],
  ] as const) {
    it(`refuses ${name} with one sentence`, () => {
      assert.ok(problemsOf(content).length < 4000);
    });
  }

  it('says what to name where there is no file', async () => {
    await assert.rejects(readMakertbinConfig('/nowhere/x.yaml'), (error: unknown) => {
      assert.ok(error instanceof EffvitError);
      assert.equal(error.code, 'NOT_FOUND');
      assert.match(error.message, /^No file \/nowhere\/x\.yaml: name/);
      return true;
    });
  });
});
