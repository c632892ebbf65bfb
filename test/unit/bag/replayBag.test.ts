import assert from 'node:assert/strict';
import type { BagImage } from '../../../src/bag/BagImage.js';
import { type ReplayedFrame, replayBag } from '../../../src/bag/replayBag.js';
import { Classifier } from '../../../src/classify/Classifier.js';
import type { ClassifierOptions } from '../../../src/classify/classifierOptions.js';
import { defaultManifest } from '../../../src/model/defaultManifest.js';
import { assertBalanced } from '../../../src/stats/FrameAccounting.js';
import { ScriptedModel, SIDE_PX, scriptedFrame } from '../../helpers/scriptedBackend.js';

const FRAMES = 60;

describe('replayBag', () => {
  const scripted = new ScriptedModel();
  let classifier: Classifier | undefined;

  afterEach(async () => {
    await classifier?.close({ drain: false });
    classifier = undefined;
  });

  async function start(options: Partial<ClassifierOptions>, sourceCount = 1): Promise<Classifier> {
    const manifest = defaultManifest('/x/scripted.onnx');
    const model = {
      manifest: {
        ...manifest,
        labels: { kind: 'none' },
        input: { ...manifest.input, widthPx: SIDE_PX, heightPx: SIDE_PX },
        preprocess: { ...manifest.preprocess, resizeMode: 'stretch' },
      },
      backend: scripted.spec,
    } as const;
    classifier = await Classifier.start(model, { threads: 1, sourceCount, ...options });
    return classifier;
  }

  /** Frames a millisecond apart, each of which takes two. */
  async function* recording(sources = ['/camera']): AsyncGenerator<BagImage> {
    for (let index = 0; index < FRAMES; index++) {
      const source = sources[index % sources.length] ?? '';
      const frame = scriptedFrame(index, 'work', { serviceMs: 2, source });
      yield { kind: 'image', logTimeNs: BigInt(index) * 1_000_000n, frame };
    }
  }

  async function replay(running: Classifier, rate: number | 'max', signal = new AbortController().signal) {
    const seen: ReplayedFrame[] = [];
    const images = recording();
    await replayBag({
      images,
      classifier: running,
      rate,
      signal,
      onFrame: (frame) => void seen.push(frame),
    });
    return seen;
  }

  for (const rate of [1, 'max'] as const) {
    it(`loses nothing with the policy block at the rate ${rate}`, async () => {
      const running = await start({ dropPolicy: 'block', queueSize: 1 });
      const seen = await replay(running, rate);
      assert.equal(running.counts().published, FRAMES);
      assert.deepEqual(
        seen.map(({ sequence }) => sequence),
        Array.from({ length: FRAMES }, (_, index) => index),
      );
    });
  }

  it('drops at a pace as the node does, and tells of each frame once', async () => {
    const running = await start({ dropPolicy: 'oldest' });
    const seen = await replay(running, 1);
    const counts = running.counts();
    assertBalanced(counts);
    assert.ok(counts.dropped.queue_full > 0);
    assert.equal(counts.published + counts.dropped.queue_full, FRAMES);
    assert.equal(new Set(seen.map(({ sequence }) => sequence)).size, FRAMES);
  });

  it('ends while it waits for capacity', async () => {
    const running = await start({ dropPolicy: 'block', queueSize: 1 });
    const controller = new AbortController();
    const replaying = replay(running, 'max', controller.signal);
    setTimeout(() => controller.abort(), 10);
    const seen = await replaying;
    assert.ok(seen.length < FRAMES, `${seen.length} frames`);
    assert.equal(running.counts().inFlight, 0);
  });
});
