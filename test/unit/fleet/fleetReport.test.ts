import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { BagResult } from '../../../src/fleet/BagResult.js';
import { fleetPage } from '../../../src/fleet/fleetPage.js';
import { fleetReport, type KnownBag } from '../../../src/fleet/fleetReport.js';
import type { RunIdentity } from '../../../src/fleet/RunIdentity.js';
import { reportText } from '../../../src/fleet/writeFleetReport.js';

const IDENTITY: RunIdentity = {
  form: 1,
  command: 'eval',
  effvit: '0',
  model: { name: 'colours', manifestSha256: '', labels: ['red', 'green', 'blue'] },
  backend: 'onnx',
  runtime: 'test',
  simulated: false,
  options: { topK: 5 },
};

interface Fields {
  readonly content?: string;
  readonly published?: number;
  readonly dropped?: number;
  readonly scoreSum?: number;
  readonly index?: number;
  readonly topic?: string;
  readonly top1?: number;
}

function resultOf(fields: Fields): BagResult {
  const { content = 'k', published = 10, dropped = 0, scoreSum = 90_000 } = fields;
  const { index = 0, topic = '/front', top1 } = fields;
  return {
    version: 1,
    bag: content,
    durationMs: 1234,
    cameras: [
      {
        topic,
        received: published + dropped,
        published,
        dropped: dropped === 0 ? {} : { bad_image: dropped },
        unnamed: 0,
        unknown: {},
        classes:
          published === 0
            ? []
            : [{ index, label: IDENTITY.model.labels[index] ?? '', frames: published, scoreSum }],
        ...(top1 !== undefined && {
          accuracy: { classes: [{ index, pictures: published, top1, top5: published }], confusions: [] },
        }),
      },
    ],
    framesSha256: content,
    warnings: [],
  };
}

function bagOf(name: string, fields: Fields = {}): KnownBag {
  const result = resultOf({ content: `key of ${name}`, ...fields });
  return { name, entry: { name, version: 'v', bag: result.bag }, result };
}

const failed = (name: string): KnownBag => ({
  name,
  entry: { name, version: 'v', problem: { code: 'BAD_BAG', message: '{bag} is no bag.' } },
});

const report = async (bags: readonly KnownBag[]) => (await fleetReport('abc', IDENTITY, bags)).report;

describe('fleetReport', () => {
  it('has the bags worst first: none, then top-1, the share of frames, the score, the name', async () => {
    const { worst_first: rows } = await report([
      bagOf('b good', { top1: 10 }),
      bagOf('a good', { top1: 10 }),
      bagOf('unsure', { top1: 10, scoreSum: 50_000 }),
      bagOf('gaps', { top1: 10, dropped: 3 }),
      bagOf('wrong', { top1: 2 }),
      failed('broken'),
      { name: 'absent' },
    ]);
    assert.deepEqual(
      rows.map(({ name }) => name),
      ['absent', 'broken', 'wrong', 'gaps', 'unsure', 'a good', 'b good'],
    );
    assert.equal(rows[0]?.problem, 'absent has not been replayed yet.');
    assert.equal(rows[1]?.problem, 'broken is no bag.');
  });

  it('counts bags by what became of them, and copies', async () => {
    const bags = [
      bagOf('b', { content: 'same' }),
      bagOf('a', { content: 'same' }),
      bagOf('c'),
      bagOf('nothing', { published: 0, dropped: 4 }),
      failed('broken'),
      { name: 'absent' },
    ];
    const { bags: counts, worst_first: rows } = await report(bags);
    assert.deepEqual(counts, { named: 6, done: 3, failed: 2, missing: 1, copies: 1 });
    assert.equal(rows.find(({ name }) => name === 'b')?.copy_of, 'a');
    assert.match(
      rows.find(({ name }) => name === 'nothing')?.problem ?? '',
      /4 frames were received and 4 dropped/,
    );
  });

  it('adds cameras and classes up over the bags', async () => {
    const {
      frames,
      cameras,
      classes,
      accuracy,
      recorded_hours: hours,
    } = await report([
      bagOf('a', { published: 10, top1: 9 }),
      bagOf('b', { published: 30, scoreSum: 150_000, top1: 21 }),
      bagOf('c', { topic: '/rear', published: 5, index: 2, dropped: 2, top1: 0 }),
    ]);
    assert.deepEqual(frames, {
      received: 47,
      published: 45,
      dropped: { bad_image: 2 },
      without_class: 0,
      unknown: {},
    });
    assert.equal(hours, 0.001);
    assert.deepEqual(
      cameras.map(({ topic, bags, published, mean_score: score, top1_percent: top1 }) => [
        topic,
        bags,
        published,
        score,
        top1,
      ]),
      [
        ['/front', 2, 40, 0.6, 75],
        ['/rear', 1, 5, 1.8, 0],
      ],
    );
    assert.deepEqual(
      classes.map(({ label, frames: count, bags, judged }) => [label, count, bags, judged]),
      [
        ['red', 40, 2, 40],
        ['blue', 5, 1, 5],
      ],
    );
    assert.equal(accuracy?.top1_percent, 66.667);
  });

  it('is the same to the last byte in whatever order and pieces, and however often, the bags come', async () => {
    const fields = fc.record({
      content: fc.constantFrom('k1', 'k2', 'k3', 'k4', 'k5', 'k6'),
      published: fc.integer({ min: 0, max: 50 }),
      dropped: fc.integer({ min: 0, max: 3 }),
      scoreSum: fc.integer({ min: 0, max: 500_000 }),
      index: fc.integer({ min: 0, max: 2 }),
      topic: fc.constantFrom('/front', '/rear'),
      top1: fc.integer({ min: 0, max: 5 }),
    });
    const bag = fc.oneof(
      fields.map((given) => (name: string) => bagOf(name, given)),
      fc.constant(failed),
      fc.constant((name: string) => ({ name })),
    );
    const fleet = fc
      .array(bag, { maxLength: 30 })
      .map((makers) => makers.map((make, at) => make(`bag ${at}`)))
      .chain((bags) =>
        fc.tuple(
          fc.constant(bags),
          fc.shuffledSubarray(bags, { minLength: bags.length }),
          // What a retry brings again.
          fc.subarray(bags),
        ),
      );
    await fc.assert(
      fc.asyncProperty(fleet, async ([bags, shuffled, again]) => {
        const expected = reportText({ report: await report(bags) });
        assert.equal(reportText({ report: await report([...again, ...shuffled]) }), expected);
        assert.equal(fleetPage(await report(shuffled)), fleetPage(await report(bags)));
      }),
    );
  });

  it('gives a page that no name of a bag can break out of', async () => {
    const page = fleetPage(await report([bagOf('<script>alert(1)</script>')]));
    assert.ok(!page.includes('<script'));
    assert.ok(page.includes('&lt;script&gt;'));
    assert.match(page, /<meta name="generator" content="effvit">/);
  });
});
