import assert from 'node:assert/strict';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openBag } from '../../../src/bag/openBag.js';
import { parseDetectionsCdr } from '../../../src/messages/detectionsMessage.js';
import { writeColourModel } from '../../helpers/colourModel.js';
import {
  DETECTIONS_TOPIC,
  type DetectedFrame,
  IMAGE_TOPIC,
  stripeMiddle,
  writeDetectionsBag,
} from '../../helpers/detectionsBag.js';
import { runEffvit } from '../../helpers/runEffvit.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

interface Output {
  readonly frames: { received: number; published: number; dropped: Record<string, number> };
  readonly regions: { received: number; classified: number; unknown: Record<string, number> };
  readonly unmatched_frames: Record<string, number>;
  readonly unmatched_detections: Record<string, number>;
  readonly results: {
    regions: { id: string; box?: number[]; unknown?: string; results: { label: string }[] }[];
  }[];
}

/** The report of many bags. */
interface Merged {
  readonly frames: {
    readonly received: number;
    readonly published: number;
    readonly dropped: object;
    readonly regions: object;
  };
  readonly unmatched_detections: object;
  readonly classes: readonly { readonly label: string; readonly frames: number }[];
}

const COLOURS = ['red', 'green', 'blue'];

describe('effvit replay with the boxes of a recorded detector', () => {
  const scratch = scratchFolder();
  let model = '';
  let bag = '';

  const stripes = [2, 0, 1].map((index) => ({ id: `s${index}`, x: stripeMiddle(index) }));
  const FRAMES: readonly DetectedFrame[] = [
    { boxes: stripes },
    // Ones that are none, beside one that is good.
    {
      boxes: [
        { id: 'nan', x: Number.NaN },
        { id: 'outside', x: 5000 },
        { id: 'empty', x: 20, sizePx: 0 },
        { id: 'good', x: stripeMiddle(1) },
      ],
    },
    // Passed over by the detector.
    {},
    { boxes: [] },
    // Of no frame.
    { boxes: stripes, hasImage: false },
    { boxes: stripes },
    // The recording ends before the detector told of it.
    {},
  ];

  beforeEach(async () => {
    model = await writeColourModel(scratch.path('colours'));
    bag = scratch.path('drive.mcap');
    await writeDetectionsBag(bag, FRAMES);
  });

  async function replay(...args: readonly string[]): Promise<string> {
    const run = await runEffvit([
      ...['replay', bag, '--model', model, '--detections-topics', DETECTIONS_TOPIC],
      ...args,
    ]);
    assert.equal(run.code, 0, run.stderr);
    return run.stdout;
  }

  const json = async (...args: readonly string[]): Promise<Output> =>
    JSON.parse(await replay('--json', '--results', ...args)) as Output;

  it('classifies each box as the node does, and counts all that has no result by its cause', async () => {
    const output = await json();
    assert.deepEqual(output.frames, {
      received: 6,
      published: 4,
      dropped: { closed: 1, unmatched: 1 },
    });
    assert.deepEqual(output.regions, {
      received: 10,
      classified: 7,
      unknown: { invalid: 1, outside: 1, empty: 1 },
    });
    assert.deepEqual(output.unmatched_frames, { passed_over: 1, closed: 1 });
    assert.deepEqual(output.unmatched_detections, { passed_over: 1 });
    assert.deepEqual(
      output.results.map(({ regions }) =>
        regions.map(({ id, unknown, results }) => `${id} ${unknown ?? results[0]?.label}`),
      ),
      [
        ['s2 blue', 's0 red', 's1 green'],
        ['nan invalid', 'outside outside', 'empty empty', 'good green'],
        [],
        ['s2 blue', 's0 red', 's1 green'],
      ],
    );
    assert.deepEqual(output.results[0]?.regions[1]?.box, [4, 4, 32, 32]);
    for (const threads of ['1', '4'])
      assert.deepEqual((await json('--threads', threads)).results, output.results);
  });

  it('pairs by the nearest stamp within the slop, and drops what waits longer than it may', async () => {
    await writeDetectionsBag(
      scratch.path('apart.mcap'),
      Array.from({ length: 8 }, () => ({ boxes: stripes, stampOffMs: 4 })),
    );
    bag = scratch.path('apart.mcap');
    assert.equal((await json('--detections-slop-ms', '5')).regions.classified, 24);
    const run = await runEffvit([
      ...['replay', bag, '--model', model, '--detections-topics', DETECTIONS_TOPIC],
      ...['--detections-wait-ms', '150', '--json'],
    ]);
    assert.notEqual(run.code, 0);
    assert.match(run.stderr, /of the detections on \/detector\/detections none of its stamp came in time/);
    const { unmatched_frames: frames } = JSON.parse(run.stdout) as Output;
    assert.ok((frames['waited_too_long'] ?? 0) >= 6, JSON.stringify(frames));
  });

  it('shows regions and their counts, and compares them', async () => {
    const expected = scratch.path('expected.json');
    const text = await replay('--save-expected', expected);
    assert.match(text, /\[s0\] red +\S+ {2}32 x 32 at 4, 4/);
    assert.match(text, /\[nan\] UNKNOWN: invalid/);
    assert.match(text, /regions: received 10, classified 7, unknown 3 \(invalid 1, .*\)/);
    assert.match(text, /unmatched frames: passed_over 1, closed 1/);
    assert.match(await replay('--expect', expected), /as expected/);
    const other = await runEffvit([
      ...['replay', bag, '--model', model, '--detections-topics', DETECTIONS_TOPIC],
      ...['--expect', expected, '--max-regions', '1', '--json'],
    ]);
    assert.equal(other.code, 1);
    assert.match(other.stdout, /Expected region 1 to be classified but it is UNKNOWN \(over_limit\)/);
  });

  it("writes the detector's messages with the classes, and appends them where that is asked for", async () => {
    const read = async (...args: readonly string[]): Promise<string[][][]> => {
      const path = scratch.path('results.mcap');
      await replay('--quiet', '--output', path, ...args);
      const results = await openBag(path);
      try {
        const messages: string[][][] = [];
        let reports = 0;
        for await (const { topic, data } of results.messages()) {
          if (topic === '/classifier/frames') reports++;
          if (topic !== '/classified_detections') continue;
          const { detections } = parseDetectionsCdr(data, topic);
          messages.push(
            detections.map(({ id, results: found }) => [
              id,
              ...found.map(({ hypothesis }) => hypothesis.class_id),
            ]),
          );
        }
        assert.equal(reports, 6);
        return messages;
      } finally {
        await results.close();
      }
    };
    const index = (name: string): string => String(COLOURS.indexOf(name));
    const replaced = await read('--top-k', '1');
    assert.deepEqual(replaced[0], [
      ['s2', index('blue')],
      ['s0', index('red')],
      ['s1', index('green')],
    ]);
    assert.deepEqual(replaced[1]?.[0], ['nan', 'UNKNOWN']);
    const appended = await read('--top-k', '1', '--detections-hypotheses', 'append');
    assert.deepEqual(appended[0]?.[0], ['s2', 'thing', index('blue')]);
  });

  it('does so at a pace under a virtual clock too, where a frame of three boxes takes three times as long', async () => {
    const paced = ['--rate', '1', '--virtual-clock', '--threads', '1', '--service-jitter', '0'];
    const output = await json(...paced, '--service-ms', '10');
    assert.deepEqual(output.results, (await json()).results);
    const slow = await json(...paced, '--service-ms', '200');
    assert.ok((slow.frames.dropped['queue_full'] ?? 0) + slow.frames.published >= 4);
    assert.deepEqual(await json(...paced, '--service-ms', '200'), slow);
  });

  it('refuses a topic that is no detector, and a number of them that fits no cameras', async () => {
    const refused = async (...topics: readonly string[]): Promise<string> => {
      const run = await runEffvit(['replay', bag, '--model', model, '--detections-topics', ...topics]);
      assert.notEqual(run.code, 0);
      return run.stderr;
    };
    assert.match(await refused(IMAGE_TOPIC), /has sensor_msgs\/msg\/Image messages \(cdr\), not vision_msgs/);
    assert.match(await refused('/nothing'), /has no topic \/nothing; its detection topics are \//);
    assert.match(await refused('a', 'b'), /--detections-topics has 2 topics for the 1 of --topic/);
  });

  it('classifies the boxes of many bags, with one report that is the same from shards', async function () {
    this.timeout(180_000);
    const bags = scratch.path('bags');
    await mkdir(bags);
    await writeDetectionsBag(join(bags, 'a.mcap'), FRAMES);
    await writeDetectionsBag(join(bags, 'b.mcap'), [{ boxes: stripes }, { boxes: stripes.slice(1) }]);
    const run = (folder: string, ...args: readonly string[]) =>
      runEffvit([
        ...['replay', bags, '--model', model, '--detections-topics', DETECTIONS_TOPIC],
        ...['--output-dir', scratch.path(folder), '--quiet', ...args],
      ]);
    const reportIn = async (folder: string): Promise<string> => {
      const [key = ''] = await readdir(scratch.path(folder, 'runs'));
      return await readFile(scratch.path(folder, 'runs', key, 'report.json'), 'utf8');
    };
    const whole = await run('whole');
    assert.equal(whole.code, 0, whole.stderr);
    assert.match(whole.stdout, /12 regions classified, UNKNOWN: empty 1, invalid 1, outside 1/);
    const report = JSON.parse(await reportIn('whole')) as Merged;
    const { received, published, dropped, regions } = report.frames;
    assert.deepEqual([received, published, dropped], [8, 6, { closed: 1, unmatched: 1 }]);
    assert.deepEqual(regions, { classified: 12, unknown: { empty: 1, invalid: 1, outside: 1 } });
    assert.deepEqual(report.unmatched_detections, { passed_over: 1 });
    assert.deepEqual(
      report.classes.map(({ label, frames }) => [label, frames]),
      [
        ['green', 5],
        ['red', 4],
        ['blue', 3],
      ],
    );
    for (const shard of ['0/2', '1/2']) assert.equal((await run('parts', '--shard', shard)).code, 0);
    await runEffvit(['merge', scratch.path('parts'), bags]);
    assert.equal(await reportIn('parts'), await reportIn('whole'));
    // A bag without the detector fails alone.
    const missing = await runEffvit([
      ...['replay', bags, '--model', model, '--quiet', '--detections-topics', '/elsewhere'],
    ]);
    assert.equal(missing.code, 1);
    assert.match(missing.stdout, /a\.mcap.*\/elsewhere/);
  });
});
