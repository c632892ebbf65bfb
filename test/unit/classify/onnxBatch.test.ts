import assert from 'node:assert/strict';
import { Classifier } from '../../../src/classify/Classifier.js';
import type { ClassifierOptions } from '../../../src/classify/classifierOptions.js';
import { loadModel } from '../../../src/classify/loadModel.js';
import type { RawImageFrame } from '../../../src/image/ImageFrame.js';
import { writeColourModel } from '../../helpers/colourModel.js';
import { rawFrame } from '../../helpers/rawFrames.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

const FRAME_COUNT = 24;

function frameOf(index: number): RawImageFrame {
  return rawFrame({ encoding: 'rgb8', widthPx: 32, heightPx: 24 }, (data) =>
    data.forEach((_, at) => {
      data[at] = (index * 37 + (at % 3) * 83 * index) % 256;
    }),
  );
}

describe('onnx_batch', () => {
  const scratch = scratchFolder();

  async function classify(onnxBatch: number, threads: number, changes: Partial<ClassifierOptions> = {}) {
    const options = {
      model: await writeColourModel(scratch.path('colours')),
      backend: 'onnx',
      dropPolicy: 'block',
      queueSize: FRAME_COUNT,
      topK: 3,
      threads,
      onnxBatch,
      ...changes,
    } as const;
    const classifier = await Classifier.start(await loadModel(options), options);
    try {
      const frames = Array.from({ length: FRAME_COUNT }, (_, index) => frameOf(index));
      const outcomes = await Promise.all(frames.map((frame) => classifier.classify(frame)));
      const results = outcomes.map((outcome) => {
        assert.equal(outcome.kind, 'result', JSON.stringify(outcome));
        return outcome.kind === 'result' ? outcome : assert.fail();
      });
      assert.equal(classifier.pool.statistics.frames.counts().published, FRAME_COUNT);
      return {
        values: results.map(({ value }) => value),
        batchSizes: results.map(({ batchSize }) => batchSize),
      };
    } finally {
      await classifier.close();
    }
  }

  it('computes waiting frames together, up to that many, with the same results', async () => {
    const alone = await classify(1, 1);
    assert.deepEqual(new Set(alone.batchSizes), new Set([1]));
    for (const threads of [1, 2]) {
      const { values, batchSizes } = await classify(4, threads);
      assert.deepEqual(values, alone.values);
      assert.ok(batchSizes.includes(4), `${batchSizes.join()}`);
      assert.ok(Math.max(...batchSizes) <= 4);
    }
  });

  it('is limited by max_batch', async () => {
    const { batchSizes } = await classify(4, 1, { maxBatch: 2 });
    assert.equal(Math.max(...batchSizes), 2);
  });
});
