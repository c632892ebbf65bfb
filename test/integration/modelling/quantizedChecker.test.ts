import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packagePath } from '../../../src/core/packageRoot.js';
import { writeOnnx } from '../../../src/onnx/serializeOnnx.js';
import { quantizeModel } from '../../../src/quantize/quantizeModel.js';
import { parseMakertbinConfig } from '../../../src/quantize/readMakertbinConfig.js';
import { attentionConfig, attentionModel, noisePlanes } from '../../helpers/attentionModel.js';
import { leaveOut } from '../../helpers/leaveOut.js';

/** A Python with the onnx package: $EFFVIT_PYTHON, else python3. */
const python = process.env['EFFVIT_PYTHON'] ?? 'python3';

/**
 * The checker with shape inference; then the pairs by themselves: each has one constant scale and zero point,
 * both of the types that the standard pairs with the quantised one.
 */
const CHECK_SCRIPT = `
import sys, onnx
from onnx import TensorProto as T
for path in sys.argv[1:]:
    onnx.checker.check_model(path, full_check=True)
    model = onnx.load(path)
    constants = {c.name: c for c in model.graph.initializer}
    pairs = [n for n in model.graph.node if n.op_type in ("QuantizeLinear", "DequantizeLinear")]
    for node in pairs:
        scale, zero = constants[node.input[1]], constants[node.input[2]]
        assert scale.data_type == T.FLOAT and scale.dims == zero.dims, node.name
        assert zero.data_type in (T.UINT8, T.INT8, T.INT32, T.INT16), node.name
        assert node.domain == ("com.microsoft" if zero.data_type == T.INT16 else ""), node.name
    print("checked", len(pairs))
`;

/** PyYAML, as hb_mapper reads its configuration: the groups, and the nodes that it would find. */
const YAML_SCRIPT = `
import sys, yaml
with open(sys.argv[1]) as file:
    config = yaml.load(file, Loader=yaml.FullLoader)
assert list(config) == ["model_parameters", "input_parameters", "calibration_parameters", "compiler_parameters"]
nodes = config["model_parameters"]["node_info"]
assert len(nodes) == 28
assert all(n == {"ON": "BPU", "InputType": "int16", "OutputType": "int16"} for n in nodes.values())
assert config["model_parameters"]["layer_out_dump"] is False
assert [float(v) for v in config["input_parameters"]["mean_value"].split()] == [123.675, 116.28, 103.53]
assert config["calibration_parameters"]["max_percentile"] == 0.9999
print("read")
`;

describe("quantised models before onnx's checker", () => {
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'effvit-quantized-'));
  });

  after(async () => {
    await rm(folder, { recursive: true });
  });

  function runPython(context: Mocha.Context, module: string, script: string, paths: string[]): string {
    const probe = spawnSync(python, ['-c', `import ${module}`], { encoding: 'utf8', timeout: 60_000 });
    if (probe.status !== 0) leaveOut(context, `${python} has no ${module}; EFFVIT_PYTHON names another`);
    const done = spawnSync(python, ['-c', script, ...paths], { encoding: 'utf8', timeout: 300_000 });
    assert.equal(done.status, 0, `${done.stdout}${done.stderr}`);
    return done.stdout;
  }

  it('passes with every form of the softmax and either coverage', async function () {
    this.timeout(300_000);
    const onnxPath = join(folder, 'float.onnx');
    await writeOnnx(onnxPath, attentionModel());
    const paths: string[] = [];
    for (const coverage of ['fast', 'full'] as const) {
      for (const softmax of ['int8', 'int16', 'float'] as const) {
        const outputPath = join(folder, `${coverage}-${softmax}.onnx`);
        await quantizeModel({
          config: parseMakertbinConfig(attentionConfig(), 'a.yaml'),
          onnxPath,
          outputPath,
          calibration: (async function* () {
            yield* noisePlanes(3);
          })(),
          coverage,
          overrides: new Map([['softmax', softmax]]),
          speedRounds: 0,
        });
        paths.push(outputPath);
      }
    }
    const output = runPython(this, 'onnx', CHECK_SCRIPT, paths);
    assert.equal(output.match(/checked \d{2}/g)?.length, paths.length);
  });

  it('has a configuration that PyYAML reads as hb_mapper needs it', function () {
    this.timeout(300_000);
    const output = runPython(this, 'yaml', YAML_SCRIPT, [packagePath('config', 'efficientvit_m5.yaml')]);
    assert.match(output, /read/);
  });
});
