import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { Classifier } from '../../../src/classify/Classifier.js';
import { type ClassifierOptions, classifierOptions } from '../../../src/classify/classifierOptions.js';
import type { ClassifierModel } from '../../../src/classify/ModelReading.js';
import { defaultManifest } from '../../../src/model/defaultManifest.js';
import type { LabelSource } from '../../../src/model/ModelManifest.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';
import {
  CLASS_COUNT,
  ScriptedModel,
  SIDE_PX,
  scriptedFrame,
  tiledFrame,
  tileRegion,
} from '../../helpers/scriptedBackend.js';

const NO_LABELS: LabelSource = { kind: 'none' };

function optionsWith(changes: Partial<ClassifierOptions> = {}): ClassifierOptions {
  return classifierOptions({ dropPolicy: 'block', queueSize: 8, topK: 2, threads: 1, ...changes });
}

describe('Classifier', () => {
  const scratch = scratchFolder();
  let scripted: ScriptedModel;
  let classifier: Classifier | undefined;

  beforeEach(() => {
    scripted = new ScriptedModel();
  });

  afterEach(async () => {
    scripted.release();
    scripted.hangLoads(false);
    await classifier?.close({ drain: false });
    classifier = undefined;
  });

  function labelsFile(name: string, labels: readonly string[]): LabelSource {
    const file = scratch.path(name);
    writeFileSync(file, labels.map((label) => `${label}\n`).join(''));
    return { kind: 'file', file };
  }

  function model(
    labels: LabelSource,
    { classCount, offset = 0 }: { readonly classCount?: number; readonly offset?: number } = {},
  ): ClassifierModel {
    const manifest = defaultManifest('/x/scripted.onnx');
    return {
      manifest: {
        ...manifest,
        labels,
        input: { ...manifest.input, widthPx: SIDE_PX, heightPx: SIDE_PX },
        preprocess: { ...manifest.preprocess, resizeMode: 'stretch' },
        output: { activation: 'logits', ...(classCount !== undefined && { classCount }) },
      },
      backend: scripted.variant({ offset }),
    };
  }

  async function start(labels: LabelSource = NO_LABELS): Promise<Classifier> {
    classifier = await Classifier.start(model(labels), optionsWith());
    return classifier;
  }

  async function labelsOf(running: Classifier, number: number): Promise<string[]> {
    const outcome = await running.classify(scriptedFrame(number));
    assert.equal(outcome.kind, 'result', JSON.stringify(outcome));
    return outcome.kind === 'result' ? outcome.value.map(({ label }) => label) : [];
  }

  it('classifies the roi alone, another one from the next frame on, and reports which it was', async () => {
    const notices: string[] = [];
    const scripts = tiledFrame([{ number: 3 }, { number: 40 }, { number: 500 }]);
    classifier = await Classifier.start(
      { ...model(NO_LABELS), notice: (text) => notices.push(text) },
      optionsWith({ roi: '16,0,16,16', topK: 4 }),
    );
    const running = classifier;
    const seen = async () => {
      const outcome = await running.classify(scripts);
      if (outcome.kind === 'dropped') return [outcome.cause, outcome.error?.message];
      // The largest score is the tile's number.
      return [outcome.value[0]?.index === 0, running.preprocess.roi?.left, outcome.region];
    };
    assert.deepEqual(await seen(), [true, 16, tileRegion(1)]);
    await running.setOptions({ roi: '0.6667,0,0.3333,1' });
    assert.deepEqual(await seen(), [true, 0.6667, tileRegion(2)]);
    assert.deepEqual(notices, []);
    // Partly beyond the picture: what is left of it, and one sentence for all frames.
    await running.setOptions({ roi: '32,0,100,100' });
    for (let times = 0; times < 2; times++) assert.deepEqual(await seen(), [true, 32, tileRegion(2)]);
    assert.deepEqual(notices, [
      'Pictures from /camera are smaller than the roi reaches; what they have of it is classified.',
    ]);
    // Wholly beyond it: the frame cannot be read.
    await running.setOptions({ roi: '48,0,10,10' });
    const [cause, reason] = await seen();
    assert.equal(cause, 'bad_image');
    assert.match(String(reason), /\(48x16\) has nothing of the roi 48,0,10,10/);
    await running.setOptions({ roi: '' });
    const whole = await running.classify(scripts);
    assert.equal(whole.kind === 'result' && whole.region, undefined);
    await assert.rejects(
      running.setOptions({ roi: '1,2,3' }),
      /Expected x,y,width,height in pixels.* for roi/,
    );
    assert.equal(running.options.roi, '');
  });

  it('classifies the boxes of a frame, the largest where there are too many, with a margin', async () => {
    classifier = await Classifier.start(
      model(NO_LABELS),
      optionsWith({ maxRegions: 3, topK: 1, threads: 2 }),
    );
    const frame = tiledFrame([{ number: 10 }, { number: 20 }, { number: 30 }, { number: 40 }]);
    const small = { ...tileRegion(1), widthPx: 4, heightPx: 4 };
    const boxes = [small, tileRegion(3), tileRegion(0), tileRegion(2), { ...small, leftPx: 99 }];
    const outcome = await classifier.classifyRegions(frame, boxes);
    assert.ok(outcome.kind === 'regions');
    assert.deepEqual(
      outcome.regions.map((region) =>
        region.kind === 'classified' ? [region.region.leftPx, region.value[0]?.index] : region.cause,
      ),
      ['over_limit', [48, 0], [0, 0], [32, 0], 'over_limit'],
    );
    const counts = classifier.pool.statistics.regions.counts();
    assert.deepEqual([counts.received, counts.classified, counts.unknown.over_limit], [5, 3, 2]);
    // The scripted energy is about the tile's number.
    await classifier.setOptions({ knownScore: 'energy', knownScoreThreshold: 25 });
    const judged = await classifier.classifyRegions(frame, [tileRegion(1), tileRegion(2)]);
    assert.deepEqual(
      judged.kind === 'regions' && judged.regions.map((region) => region.kind === 'unknown' && region.cause),
      ['none_of_the_classes', false],
    );
    await classifier.setOptions({ knownScore: 'none' });
    await classifier.setOptions({ regionMargin: 0.5 });
    const [wider] = await classifier
      .classifyRegions(frame, [tileRegion(1)])
      .then((what) => (what.kind === 'regions' ? what.regions : []));
    // Eight pixels more to the left and to the right; above and below the picture ends.
    assert.deepEqual(wider?.kind === 'classified' && wider.region, {
      leftPx: 8,
      topPx: 0,
      widthPx: 32,
      heightPx: 16,
    });
  });

  it('swaps model, labels, threads and all other options as a whole, between two frames', async () => {
    const running = await start(labelsFile('old.txt', ['a', 'b', 'c', 'd']));
    const next = model(labelsFile('new.txt', ['A', 'B', 'C', 'D']), { offset: 1000 });
    const swap = { isDone: false };
    const swapping = running.swapModel(next, optionsWith({ threads: 3, topK: 3 })).finally(() => {
      swap.isDone = true;
    });
    const seen: string[] = [];
    for (let after = 0; after < 20; after += swap.isDone ? 1 : 0) {
      await running.ready();
      const { targetCount } = running.pool.workers();
      const { threads } = running.options;
      assert.equal(targetCount, threads);
      seen.push(`${running.labels.join('')} ${threads}`);
      // The number 5 is the greatest score of the old model; the new one adds 1000.
      const labels = await labelsOf(running, 5);
      assert.ok(['a,d', 'A,D,C'].includes(labels.join(',')), labels.join(','));
    }
    await swapping;
    assert.deepEqual([...new Set(seen)], ['abcd 1', 'ABCD 3']);
    assert.deepEqual(await labelsOf(running, 0), ['A', 'D', 'C']);
    assert.deepEqual(running.pool.workers(), {
      ...running.pool.workers(),
      serving: 3,
      targetCount: 3,
      deaths: 0,
    });
  });

  it('refuses labels that cannot fit before any worker starts', async () => {
    const running = await start();
    const { loads } = scripted;
    const two = labelsFile('two.txt', ['a', 'b']);
    const refused: readonly (readonly [LabelSource, number | undefined, string])[] = [
      [two, CLASS_COUNT, 'BAD_MANIFEST'],
      [{ kind: 'file', file: scratch.path('none.txt') }, CLASS_COUNT, 'NOT_FOUND'],
      [{ kind: 'file', file: scratch.path('none.txt') }, undefined, 'NOT_FOUND'],
      [labelsFile('gap.txt', ['a', '', 'c', 'd']), undefined, 'BAD_MANIFEST'],
    ];
    for (const [labels, classCount, code] of refused) {
      const wrong = model(labels, classCount === undefined ? {} : { classCount });
      await assert.rejects(running.swapModel(wrong), { code });
      await assert.rejects(Classifier.start(wrong, optionsWith()), { code });
    }
    assert.equal(scripted.loads, loads);
  });

  it('serves on with the old model and the old options where the new one is refused', async () => {
    const running = await start(labelsFile('old.txt', ['a', 'b', 'c', 'd']));
    const targetCount = optionsWith({ threads: 4, topK: 1, scoreThreshold: 0.9 });
    const assertOld = async (): Promise<void> => {
      assert.deepEqual(await labelsOf(running, 5), ['a', 'd']);
      assert.deepEqual(running.labels, ['a', 'b', 'c', 'd']);
      assert.equal(running.options.threads, 1);
      const { serving, targetCount: workers } = running.pool.workers();
      assert.deepEqual([serving, workers], [1, 1]);
      assert.equal(running.manifest.output.classCount, undefined);
    };
    const two = model(labelsFile('two.txt', ['a', 'b']), { offset: 1000 });
    await assert.rejects(running.swapModel(two, targetCount), { code: 'BAD_MANIFEST', message: /2 labels/ });
    await assertOld();
    const three = model(NO_LABELS, { offset: 1000, classCount: 3 });
    await assert.rejects(running.swapModel(three, targetCount), {
      code: 'BAD_MANIFEST',
      message: /3 classes/,
    });
    await assertOld();
    scripted.failLoads(true);
    await assert.rejects(running.swapModel(model(NO_LABELS), targetCount), { code: 'BAD_MODEL' });
    await assertOld();
    await assert.rejects(running.setOptions(targetCount), { code: 'BAD_MODEL' });
    await assertOld();
    scripted.failLoads(false);
    await running.setOptions({ ...targetCount, sourceYuvRange: 'limited' });
    assert.equal(running.pool.workers().serving, 4);
    assert.equal(running.preprocess.sourceRange, 'limited');
  });

  it('stops if it is cancelled before the model loads', async () => {
    const { loads } = scripted;
    const options = { ...optionsWith(), signal: AbortSignal.abort() };
    await assert.rejects(Classifier.start(model(NO_LABELS), options), { code: 'CLOSED' });
    assert.ok(scripted.loads <= loads + 1);
  });

  it('calls a frame UNKNOWN, without results, whose score is below the threshold, and smooths over it', async () => {
    const running = await start();
    // Logits of n, 1, 2 and 3: the largest is n or 3.
    await running.setOptions({ knownScore: 'max_logit', knownScoreThreshold: 5, smoothing: 'majority' });
    const outcomes = await Promise.all(
      [9, 4, 6].map((number, index) =>
        running.classify({ ...scriptedFrame(number), stamp: { sec: 1, nanosec: (index + 1) * 1e8 } }),
      ),
    );
    assert.deepEqual(
      outcomes.map((outcome) =>
        outcome.kind === 'result'
          ? [outcome.value.length, outcome.unknownCauses, outcome.knownScore, outcome.smoothed?.[0]?.index]
          : outcome.cause,
      ),
      [
        [2, undefined, 9, 0],
        [0, ['none_of_the_classes'], 4, 0],
        [2, undefined, 6, 0],
      ],
    );
    const probabilities = model(NO_LABELS);
    const { output } = probabilities.manifest;
    const next = {
      ...probabilities,
      manifest: { ...probabilities.manifest, output: { ...output, activation: 'probabilities' as const } },
    };
    await assert.rejects(running.swapModel(next), { code: 'BAD_CONFIG', message: /needs logits/ });
    await running.swapModel(next, { knownScore: 'none' });
    await assert.rejects(running.setOptions({ knownScore: 'energy' }), { code: 'BAD_CONFIG' });
    assert.equal(running.options.knownScore, 'none');
  });

  it("reads scores by the manifest's temperature, or by the one that is given", async () => {
    const tempered = model(NO_LABELS);
    const { output } = tempered.manifest;
    const manifest = { ...tempered.manifest, output: { ...output, temperature: 2 } };
    classifier = await Classifier.start({ ...tempered, manifest }, optionsWith({ topK: 1 }));
    const score = async (): Promise<number> => {
      const outcome = await classifier?.classify(scriptedFrame(9));
      return outcome?.kind === 'result' ? (outcome.value[0]?.score ?? 0) : Number.NaN;
    };
    const at = (temperature: number): number =>
      1 / [0, 8, 7, 6].reduce((sum, below) => sum + Math.exp(-below / temperature), 0);
    assert.ok(Math.abs((await score()) - at(2)) < 1e-9);
    await classifier.setOptions({ temperature: 5 });
    assert.ok(Math.abs((await score()) - at(5)) < 1e-9);
    await classifier.setOptions({ temperature: 1 });
    assert.ok(Math.abs((await score()) - at(1)) < 1e-9);
  });

  describe('with smoothing', () => {
    /** Of each frame 100 ms after the one before: the classes that lead, raw and smoothed. */
    async function leaders(running: Classifier, numbers: readonly number[]): Promise<string[]> {
      const all = numbers.map(async (number, index) => {
        const frame = { ...scriptedFrame(number), stamp: { sec: 1, nanosec: (index + 1) * 1e8 } };
        const outcome = await running.classify(frame);
        assert.equal(outcome.kind, 'result', JSON.stringify(outcome));
        if (outcome.kind !== 'result') return '';
        return `${outcome.value[0]?.label} ${outcome.smoothed?.[0]?.label}`;
      });
      return await Promise.all(all);
    }

    it('gives raw and smoothed results side by side, and only the raw ones when it is switched off', async () => {
      const running = await start(labelsFile('labels.txt', ['a', 'b', 'c', 'd']));
      assert.deepEqual(await leaders(running, [9, 0]), ['a undefined', 'd undefined']);
      await running.setOptions({ smoothing: 'majority', smoothingTimeMs: 1000, hysteresisTimeMs: 0 });
      assert.deepEqual(await leaders(running, [9, 0, 9, 0, 0, 0]), [
        'a a',
        'd a',
        'a a',
        'd a',
        // 3 of 5 frames: a lead of a fifth.
        'd d',
        'd d',
      ]);
      await running.setOptions({ smoothing: 'none' });
      assert.deepEqual(await leaders(running, [9]), ['a undefined']);
    });

    it('averages the scores of all classes, with the threshold and the number of results in force', async () => {
      const running = await start();
      await running.setOptions({ smoothing: 'exponential', smoothingTimeMs: 100, topK: 4 });
      const [, outcome] = await Promise.all(
        [9, 0].map((number, index) =>
          running.classify({ ...scriptedFrame(number), stamp: { sec: 1, nanosec: (index + 1) * 1e8 } }),
        ),
      );
      assert.ok(outcome?.kind === 'result');
      const softmaxOf = (first: number): number[] => {
        const parts = [first, 1, 2, 3].map(Math.exp);
        return parts.map((part) => part / parts.reduce((sum, one) => sum + one));
      };
      const [before, after] = [softmaxOf(9), softmaxOf(0)];
      const averages = before.map((score, index) => score / Math.E + (after[index] ?? 0) * (1 - 1 / Math.E));
      assert.equal(outcome.smoothed?.length, 4);
      for (const { index, score } of outcome.smoothed ?? []) {
        assert.ok(Math.abs(score - (averages[index] ?? 0)) < 1e-6, `class ${index}: ${score}`);
      }
      // Held, though the last class has a higher score by now.
      assert.deepEqual(
        outcome.smoothed?.map(({ index }) => index),
        [0, 3, 2, 1],
      );
      await running.setOptions({ scoreThreshold: 0.99 });
      const [left] = await Promise.all([
        running.classify({ ...scriptedFrame(0), stamp: { sec: 1, nanosec: 3e8 } }),
      ]);
      assert.deepEqual(left?.kind === 'result' && left.smoothed, []);
    });

    it('begins anew with another model', async () => {
      const running = await start();
      await running.setOptions({ smoothing: 'majority', smoothingTimeMs: 10_000, hysteresisTimeMs: 0 });
      assert.deepEqual(await leaders(running, [9, 9]), ['class_0 class_0', 'class_0 class_0']);
      await running.swapModel(model(NO_LABELS));
      assert.deepEqual(await leaders(running, [0, 0, 0]), Array(3).fill('class_3 class_3'));
    });
  });
});
