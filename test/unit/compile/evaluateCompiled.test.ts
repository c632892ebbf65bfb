import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { evaluateCompiled } from '../../../src/compile/evaluateCompiled.js';
import { packagePath } from '../../../src/core/packageRoot.js';
import { exactAnswers } from '../../../src/inference/simulated/simulatedAnswers.js';
import { writeOnnx } from '../../../src/onnx/serializeOnnx.js';
import type { OutputComparison } from '../../../src/quantize/compareModels.js';
import type { LabelledPlanes } from '../../../src/quantize/FramePlanes.js';
import { readMakertbinConfig } from '../../../src/quantize/readMakertbinConfig.js';
import type { Toolchain } from '../../../src/toolchain/toolchainStatus.js';
import { assertRejected } from '../../helpers/assertRefused.js';
import { colourModel } from '../../helpers/colourModel.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

const SIDE = 224;
const BYTES = (SIDE * SIDE * 3) / 2;

/** In the place of the vendor's Python: the first byte of each picture is the class that it puts first. */
const STAND_IN = `#!${process.execPath}
const [, , , model] = process.argv;
const batch = Number(require('node:fs').readFileSync(model, 'utf8'));
const task = batch * ${BYTES};
process.stdout.write(JSON.stringify({ batch, classes: 3 }) + '\\n');
let received = Buffer.alloc(0);
process.stdin.on('data', (chunk) => {
  received = Buffer.concat([received, chunk]);
  for (; received.length >= task; received = received.subarray(task)) {
    const logits = Float32Array.from({ length: 3 * batch }, (_, index) =>
      received[Math.floor(index / 3) * ${BYTES}] === index % 3 ? 1 : 0,
    );
    process.stdout.write(Buffer.from(logits.buffer));
  }
});
`;

/** A red (0), green (1) or blue (2) picture, for whose quantised model `best` comes first. */
function picture(colour: number, best = colour): LabelledPlanes {
  const planes = new Float32Array(3 * SIDE * SIDE);
  planes.fill(200, colour * SIDE * SIDE, (colour + 1) * SIDE * SIDE);
  const nv12 = new Uint8Array(BYTES);
  nv12[0] = best;
  return { source: 'made', planes, nv12, label: colour };
}

describe('evaluateCompiled', () => {
  const folder = scratchFolder();

  /** A toolchain whose quantised model, of this batch, lies in the file. */
  function standIn(batch: number): { readonly toolchain: Toolchain; readonly quantizedPath: string } {
    const pythonPath = folder.path('python');
    writeFileSync(pythonPath, STAND_IN);
    chmodSync(pythonPath, 0o755);
    const quantizedPath = folder.path('quantized.onnx');
    writeFileSync(quantizedPath, String(batch));
    return { toolchain: { folder: folder.path(), pythonPath, env: {} }, quantizedPath };
  }

  async function evaluate(batch: number, pictures: readonly LabelledPlanes[]): Promise<OutputComparison> {
    const floatPath = folder.path('float.onnx');
    await writeOnnx(floatPath, colourModel());
    let done = 0;
    const comparison = await evaluateCompiled({
      ...standIn(batch),
      config: await readMakertbinConfig(packagePath('config', 'efficientvit_m5.yaml')),
      floatPath,
      pictures: (async function* () {
        yield* pictures;
      })(),
      signal: new AbortController().signal,
      onPicture: (count) => {
        done = count;
      },
    });
    assert.equal(done, pictures.length);
    return comparison;
  }

  const pictures = [picture(0), picture(1, 2), picture(2), picture(1), picture(0), picture(2), picture(1)];

  for (const batch of [1, 3, 4, 8]) {
    it(`judges each picture by its own logits, in tasks of ${batch}`, async () => {
      const comparison = await evaluate(batch, pictures);
      assert.equal(comparison.pictureCount, pictures.length);
      assert.equal(comparison.labelledCount, pictures.length);
      assert.equal(comparison.float.top1Percent, 100);
      assert.equal(comparison.quantized.top1Percent, (100 * 6) / 7);
      assert.deepEqual([comparison.lostCount, comparison.wonCount], [1, 0]);
    });
  }

  it('refuses to judge without pictures', async () => {
    await assertRejected(evaluate(4, []), 'NOT_FOUND', /There is no picture to evaluate on/);
  });

  it('has exact results only from a quantised model of batch 1', async () => {
    const { toolchain, quantizedPath: path } = standIn(4);
    const answers = exactAnswers({ kind: 'exact', path, toolchain, widthPx: SIDE, heightPx: SIDE });
    await assertRejected(
      answers,
      'BAD_MODEL',
      /computes 4 pictures at a time, and exact results need.*batch 1/,
    );
  });
});
