import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildEfficientVit, EFFICIENTVIT_OPSETS } from '../../../src/efficientvit/buildEfficientVit.js';
import { writeOnnx } from '../../../src/onnx/serializeOnnx.js';
import { formulaWeights } from '../../helpers/formulaWeights.js';
import { leaveOut } from '../../helpers/leaveOut.js';

/** A Python with the onnx package: $EFFVIT_PYTHON, else python3. */
const python = process.env['EFFVIT_PYTHON'] ?? 'python3';

/**
 * onnx's own checker, and its shape inference on the graph without our shapes: those that it finds must be
 * those that we wrote.
 */
const SCRIPT = `
import sys, onnx
for path in sys.argv[1:]:
    onnx.checker.check_model(path, full_check=True)
    model = onnx.load(path)
    ours = {v.name: v.type for v in [*model.graph.value_info, *model.graph.output]}
    del model.graph.value_info[:]
    inferred = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    known = {v.name: v.type for v in [*inferred.graph.value_info, *inferred.graph.output]}
    assert len(known) == len(ours) == sum(len(n.output) for n in model.graph.node), (len(known), len(ours))
    for name, kind in known.items():
        a, b = kind.tensor_type, ours[name].tensor_type
        assert a.elem_type == b.elem_type, name
        assert len(a.shape.dim) == len(b.shape.dim), name
        for x, y in zip(a.shape.dim, b.shape.dim):
            if x.HasField("dim_value"):
                assert x.dim_value == y.dim_value, (name, x, y)
            else:
                assert not y.HasField("dim_value"), (name, x, y)
    print("checked", len(model.graph.node))
`;

describe("onnx's checker", () => {
  let folder: string;

  before(async function () {
    const probe = spawnSync(python, ['-c', 'import onnx'], { encoding: 'utf8', timeout: 60_000 });
    if (probe.status !== 0) leaveOut(this, `${python} has no onnx package; EFFVIT_PYTHON names another`);
    folder = await mkdtemp(join(tmpdir(), 'effvit-checker-'));
  });

  after(async () => {
    if (folder !== undefined) await rm(folder, { recursive: true });
  });

  function check(paths: string[]): void {
    const done = spawnSync(python, ['-c', SCRIPT, ...paths], { encoding: 'utf8', timeout: 300_000 });
    assert.equal(done.status, 0, `${done.stdout}${done.stderr}`);
    assert.equal(done.stdout.match(/checked \d+/g)?.length, paths.length);
  }

  it('passes M0 in every opset, batch and input', async function () {
    this.timeout(600_000);
    const paths: string[] = [];
    for (const opset of EFFICIENTVIT_OPSETS) {
      for (const batch of [1, 4, 'dynamic'] as const) {
        for (const input of ['rgb', 'nv12'] as const) {
          const path = join(folder, `${opset}-${batch}-${input}.onnx`);
          const weights = formulaWeights('m0', 10);
          await writeOnnx(path, buildEfficientVit({ variant: 'm0', weights, opset, batch, input }));
          paths.push(path);
        }
      }
    }
    check(paths);
  });

  it('passes M5', async function () {
    this.timeout(600_000);
    const path = join(folder, 'm5.onnx');
    await writeOnnx(path, buildEfficientVit({ variant: 'm5', weights: formulaWeights('m5') }));
    check([path]);
  });
});
