import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { packagePath } from '../../../src/core/packageRoot.js';
import {
  type BuildEfficientVitOptions,
  buildEfficientVit,
  EFFICIENTVIT_OPSETS,
} from '../../../src/efficientvit/buildEfficientVit.js';
import { yuvToRgbMatrix } from '../../../src/efficientvit/nv12Stem.js';
import { EFFICIENTVIT_VARIANTS } from '../../../src/model/manifestValues.js';
import { standardOpset } from '../../../src/onnx/OnnxModel.js';
import { topologicalOrder } from '../../../src/onnx/topologicalOrder.js';
import { formulaPicture, formulaWeights, measuredLogits } from '../../helpers/formulaWeights.js';
import { leaveOut } from '../../helpers/leaveOut.js';
import { largestDifference, relativeDifference, runOnnx } from '../../helpers/runOnnx.js';

const PICTURE_DIMS = [1, 3, 224, 224];

function build(options: Partial<BuildEfficientVitOptions> & Pick<BuildEfficientVitOptions, 'variant'>) {
  return buildEfficientVit({ weights: formulaWeights(options.variant), ...options });
}

describe('buildEfficientVit', () => {
  const measured = measuredLogits();

  for (const variant of EFFICIENTVIT_VARIANTS) {
    it(`gives timm's logits for ${variant}`, async () => {
      const logits = await runOnnx(build({ variant }), formulaPicture(), PICTURE_DIMS);
      assert.ok(relativeDifference(logits, measured[variant].logits) < 1e-5);
    });
  }

  it('gives the golden logits of M0 and M5', async function () {
    const path = packagePath('..', 'shared', 'golden', 'efficientvit_golden.json');
    if (!existsSync(path)) leaveOut(this, `no golden logits at ${path}`);
    const golden = JSON.parse(readFileSync(path, 'utf8')) as Record<string, { logits: number[] }>;
    for (const variant of ['m0', 'm5'] as const) {
      const model = buildEfficientVit({ variant, weights: formulaWeights(variant, 1000, 1) });
      const logits = await runOnnx(model, formulaPicture(), PICTURE_DIMS);
      assert.ok(largestDifference(logits, golden[`efficientvit_${variant}`]?.logits ?? []) < 1e-5);
    }
  });

  it('gives the same logits in every opset', async () => {
    for (const opset of EFFICIENTVIT_OPSETS) {
      const model = build({ variant: 'm0', opset });
      assert.equal(standardOpset(model), opset);
      const logits = await runOnnx(model, formulaPicture(), PICTURE_DIMS);
      assert.ok(relativeDifference(logits, measured.m0.logits) < 1e-5, `opset ${opset}`);
    }
  });

  it('gives each picture of a batch its own logits, fixed or dynamic', async () => {
    const picture = formulaPicture();
    const grey = new Float32Array(picture.length).fill(0.25);
    const alone = await runOnnx(build({ variant: 'm1' }), grey, PICTURE_DIMS);
    for (const batch of [3, 'dynamic'] as const) {
      const model = build({ variant: 'm1', batch, opset: 13 });
      assert.deepEqual(model.graph.inputs[0]?.shape, [batch === 3 ? 3 : 'N', 3, 224, 224]);
      assert.deepEqual(model.graph.outputs[0]?.shape, [batch === 3 ? 3 : 'N', 1000]);
      const pictures = new Float32Array(3 * picture.length);
      pictures.set(grey);
      pictures.set(picture, picture.length);
      pictures.set(grey, 2 * picture.length);
      const logits = await runOnnx(model, pictures, [3, 3, 224, 224]);
      assert.ok(relativeDifference(logits.subarray(0, 1000), alone) < 1e-5);
      assert.ok(relativeDifference(logits.subarray(1000, 2000), measured.m1.logits) < 1e-5);
      assert.ok(relativeDifference(logits.subarray(2000), alone) < 1e-5);
    }
    // The two pictures differ in their logits, or the above would show nothing.
    assert.ok(relativeDifference(alone, measured.m1.logits) > 0.01);
  });

  it('takes the class count from the head', async () => {
    const model = buildEfficientVit({ variant: 'm0', weights: formulaWeights('m0', 5), classCount: 5 });
    assert.deepEqual(model.graph.outputs[0]?.shape, [1, 5]);
    assert.equal((await runOnnx(model, formulaPicture(), PICTURE_DIMS)).length, 5);
  });

  for (const range of ['full', 'limited'] as const) {
    it(`takes NV12 (${range} range) as the RGB model takes its decoded picture, borders too`, async () => {
      const normalisation = { range, mean: [120, 110, 100], scale: [0.02, 0.015, 0.0175] } as const;
      const bytes = nv12Noise();
      const model = build({ variant: 'm0', input: 'nv12', normalisation });
      assert.deepEqual(model.graph.inputs[0], {
        name: 'data',
        dataType: 'uint8',
        shape: [1, 1, 336, 224],
      });
      const rgb = decodeNv12(bytes, normalisation);
      const fromBytes = await runOnnx(model, bytes, [1, 1, 336, 224]);
      const fromRgb = await runOnnx(build({ variant: 'm0' }), rgb, PICTURE_DIMS);
      assert.ok(relativeDifference(fromBytes, fromRgb) < 1e-5);

      // The stem alone, value by value: a fault at the border would drown in the average behind it.
      const stem = (whole: ReturnType<typeof build>, last: string): ReturnType<typeof build> => {
        const { graph } = whole;
        const end = graph.nodes.findIndex((node) => node.name === last);
        const name = graph.nodes[end]?.outputs[0] ?? '';
        const nodes = graph.nodes.slice(0, end + 1);
        for (const node of nodes)
          node.outputs = node.outputs.map((value) => (value === name ? 'output' : value));
        const outputs = [{ name: 'output', dataType: 'float32' as const, shape: [1, 8, 112, 112] }];
        return { ...whole, graph: { ...graph, nodes, outputs, valueInfo: new Map() } };
      };
      const stemFromBytes = await runOnnx(stem(model, '/nv12/Add'), bytes, [1, 1, 336, 224]);
      const stemFromRgb = await runOnnx(
        stem(build({ variant: 'm0' }), '/patch_embed/conv1/conv/Conv'),
        rgb,
        PICTURE_DIMS,
      );
      assert.ok(largestDifference(stemFromBytes, stemFromRgb) < 5e-6);
      const spread = Math.max(...stemFromRgb) - Math.min(...stemFromRgb);
      assert.ok(spread > 1, `the stem's values spread over ${spread}`);
    });
  }

  it('names the 28 Softmax nodes of M5 as the vendor does', () => {
    const { graph } = build({ variant: 'm5' });
    const names = graph.nodes.filter((node) => node.opType === 'Softmax').map((node) => node.name);
    const wanted: string[] = [];
    for (const [stage, depth, heads] of [
      [0, 1, 3],
      [1, 3, 3],
      [2, 4, 4],
    ] as const) {
      for (let block = 0; block < depth; block++) {
        for (let head = 0; head < heads; head++) {
          const suffix = head === 0 ? '' : `_${head}`;
          wanted.push(`/stages/stages.${stage}/blocks/blocks.${block}/mixer/m/attn/Softmax${suffix}`);
        }
      }
    }
    assert.deepEqual(names, wanted);
    assert.equal(names.length, 28);
    assert.equal(new Set(graph.nodes.map((node) => node.name)).size, graph.nodes.length);
  });

  // What the vendor's compiler makes slow: see cascadedGroupAttention.
  for (const variant of EFFICIENTVIT_VARIANTS) {
    it(`has no attention value of ${variant} whose innermost dimension is a window's`, () => {
      const { graph } = build({ variant });
      const convolved = new Set(
        graph.nodes
          .filter((node) => node.opType === 'Conv')
          .flatMap((node) => [...node.inputs, ...node.outputs]),
      );
      const seen: string[] = [];
      for (const node of graph.nodes) {
        if (!node.name.includes('/mixer/m/')) continue;
        for (const output of node.outputs) {
          const shape = graph.valueInfo.get(output)?.shape ?? [];
          seen.push(node.opType);
          assert.ok(shape.length === 3 || shape.length === 4, `${node.name} gives ${shape.join('x')}`);
          if (['Softmax', 'Relu', 'MatMul'].includes(node.opType)) assert.equal(shape.length, 3, node.name);
          if (node.opType === 'Reshape') {
            assert.ok(!convolved.has(output), node.name);
            assert.ok(Number(shape.at(-1)) >= 16, `${node.name} gives ${shape.join('x')}`);
          }
        }
      }
      for (const kind of ['Reshape', 'Softmax', 'Relu', 'MatMul']) assert.ok(seen.includes(kind), kind);
    });
  }

  it("has the export's names for every Conv, MatMul, Softmax and Gemm", function () {
    const path = packagePath('..', 'shared', 'golden', 'efficientvit_m5_onnx_nodes.json');
    if (!existsSync(path)) leaveOut(this, `no list of the export's nodes at ${path}`);
    const { nodes } = JSON.parse(readFileSync(path, 'utf8')) as { nodes: [string, string][] };
    const kinds = ['Conv', 'MatMul', 'Softmax', 'Gemm'];
    const wanted = nodes.filter(([kind]) => kinds.includes(kind)).map(([kind, name]) => `${kind} ${name}`);
    const { graph } = build({ variant: 'm5' });
    const built = graph.nodes.filter((node) => kinds.includes(node.opType));
    assert.deepEqual(built.map((node) => `${node.opType} ${node.name}`).sort(), wanted.sort());
  });

  it('writes nodes in order, with the shape of every value', () => {
    for (const input of ['rgb', 'nv12'] as const) {
      const { graph } = build({ variant: 'm2', input });
      assert.deepEqual(topologicalOrder(graph), graph.nodes);
      const known = new Set([...graph.valueInfo.keys(), 'output']);
      for (const node of graph.nodes) {
        for (const output of node.outputs) assert.ok(known.has(output), output);
      }
      assert.equal(known.size, graph.nodes.flatMap((node) => node.outputs).length);
      // No constant is left over.
      const used = new Set(graph.nodes.flatMap((node) => node.inputs));
      for (const name of graph.initializers.keys()) assert.ok(used.has(name), name);
    }
  });

  it('refuses what it cannot build, in one sentence', () => {
    const weights = formulaWeights('m0');
    const refuse = (options: object, expected: object): void => {
      assert.throws(() => buildEfficientVit({ variant: 'm0', weights, ...options }), expected);
    };
    refuse({ variant: 'm9' }, { code: 'BAD_ARGUMENT', message: /m0, m1, .* received "m9"/ });
    refuse({ opset: 12 }, { code: 'BAD_ARGUMENT', message: /11, 13, 17 for opset but received 12/ });
    for (const batch of [0, 1.5, -1, 1025, Number.NaN]) refuse({ batch }, { code: 'OUT_OF_RANGE' });
    refuse({ classCount: 32 }, { code: 'BAD_WEIGHTS', message: /1000 classes, not of 32/ });
  });
});

/** Bytes over the whole range, so that unclamped colours occur too. */
function nv12Noise(): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length: (224 * 224 * 3) / 2 }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}

/** Nearest chroma, nothing clamped, then normalised: [3, 224, 224]. */
function decodeNv12(
  bytes: Uint8Array,
  { range, mean, scale }: { range: 'full' | 'limited'; mean: readonly number[]; scale: readonly number[] },
): Float32Array {
  const side = 224;
  const { matrix, lumaZero } = yuvToRgbMatrix(range);
  const rgb = new Float32Array(3 * side * side);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const pair = side * side + (y >> 1) * side + (x & ~1);
      const yuv = [
        (bytes[y * side + x] ?? 0) - lumaZero,
        (bytes[pair] ?? 0) - 128,
        (bytes[pair + 1] ?? 0) - 128,
      ];
      for (const [channel, row] of matrix.entries()) {
        const value = row.reduce((sum, weight, i) => sum + weight * (yuv[i] ?? 0), 0);
        rgb[(channel * side + y) * side + x] = (value - (mean[channel] ?? 0)) * (scale[channel] ?? 0);
      }
    }
  }
  return rgb;
}
