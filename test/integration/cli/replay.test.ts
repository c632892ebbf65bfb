import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { openBag } from '../../../src/bag/openBag.js';
import { IMAGE, mcapBytes, START_NS } from '../../helpers/bags.js';
import { colourOfFrame, JPEG_TOPIC, RAW_TOPIC, writeColourBag } from '../../helpers/colourBag.js';
import { writeColourModel } from '../../helpers/colourModel.js';
import { writeFaultyBag } from '../../helpers/faultyCamera.js';
import { imageCdr } from '../../helpers/imageMessages.js';
import { runEffvit } from '../../helpers/runEffvit.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

interface ReplayOutput {
  readonly frames: { received: number; published: number; dropped: Record<string, number> };
  readonly fps: number;
  readonly latency_ms: Record<string, { p50: number; p95: number; p99: number; max: number }>;
  readonly model: string;
  readonly backend: string;
  readonly threads: number;
  readonly class_changes?: Record<string, Record<string, number>>;
  readonly results: { topic: string; stamp: [number, number]; results: { label: string; score: number }[] }[];
}

/** A device whose queue takes a quarter of a minute to drain. */
const SLOW_DEVICE = `name: slow_device
input: { width_px: 224, height_px: 224 }
output: { class_count: 3 }
files: { bpu: { rdk-x5: { file: model.bin, march: bayes-e } } }
device_model:
  rdk-x5: { cores: 1, service_ms: 3000, host_ms: 0 }
`;

describe('effvit replay', () => {
  const FRAMES = 12;
  const scratch = scratchFolder();
  let model = '';
  let bag = '';

  beforeEach(async () => {
    model = await writeColourModel(scratch.path('colours'));
    bag = scratch.path('drive.mcap');
    await writeColourBag(bag, FRAMES);
  });

  async function replayJson(...args: readonly string[]): Promise<ReplayOutput> {
    const run = await runEffvit(['replay', bag, '--model', model, '--json', '--results', ...args]);
    assert.equal(run.code, 0, run.stderr);
    return JSON.parse(run.stdout) as ReplayOutput;
  }

  it('classifies every frame of every camera rightly and accounts for all of them', async () => {
    const output = await replayJson();
    assert.deepEqual(output.frames, { received: 2 * FRAMES, published: 2 * FRAMES, dropped: {} });
    assert.equal(output.model, 'colours');
    assert.equal(output.backend, 'onnx');
    assert.ok(output.fps > 0);
    for (const stage of ['queueWait', 'copy', 'decode', 'preprocess', 'inference', 'total']) {
      const latency = output.latency_ms[stage];
      assert.ok(latency !== undefined && latency.p50 <= latency.p95 && latency.p99 <= latency.max, stage);
    }
    for (const topic of [RAW_TOPIC, JPEG_TOPIC]) {
      const frames = output.results.filter((frame) => frame.topic === topic);
      assert.deepEqual(
        frames.map((frame) => frame.results[0]?.label),
        Array.from({ length: FRAMES }, (_, index) => colourOfFrame(index)),
      );
      const stamps = frames.map(({ stamp: [sec, nanosec] }) => sec * 1e9 + nanosec);
      assert.deepEqual(
        stamps,
        [...stamps].sort((a, b) => a - b),
      );
    }
  });

  it('gives the same results, bit for bit, whatever the number of threads', async () => {
    const { results } = await replayJson('--threads', '1');
    for (const threads of ['2', '4', '8']) {
      const output = await replayJson('--threads', threads);
      assert.deepEqual(output.results, results, `${threads} threads`);
    }
  });

  it('shows raw against smoothed results and how often each changes, whatever the number of threads', async () => {
    const smoothing = ['--smoothing', 'majority', '--smoothing-time-ms', '300'];
    const run = await runEffvit(['replay', bag, '--model', model, ...smoothing]);
    assert.equal(run.code, 0, run.stderr);
    assert.equal(run.stdout.match(/smoothed: red +\S/g)?.length, 2 * FRAMES);
    assert.match(run.stdout, /\/front\/image_raw +│ +11 │ +600\.0 │ +0 │ +0\.0 │/);
    const output = scratch.path('smoothed.mcap');
    const one = await replayJson('--threads', '1', ...smoothing, '--output', output);
    const four = await replayJson('--threads', '4', ...smoothing);
    assert.deepEqual(four.results, one.results);
    const eleven = { raw: 11, raw_per_minute: 600, smoothed: 0, smoothed_per_minute: 0 };
    assert.deepEqual(one.class_changes, { [RAW_TOPIC]: eleven, [JPEG_TOPIC]: eleven });
    const recorded = await openBag(output);
    try {
      const labels: string[] = [];
      for await (const { topic } of recorded.messages()) labels.push(topic);
      const count = (name: string): number => labels.filter((topic) => topic === name).length;
      assert.deepEqual([count('/classification'), count('/classification_smoothed')], [24, 24]);
    } finally {
      await recorded.close();
    }
    assert.equal((await replayJson()).class_changes, undefined);
  });

  it('gives the same report, byte for byte, under a virtual clock with one seed', async () => {
    const output = scratch.path('results.mcap');
    const report = scratch.path('report.html');
    const paced = ['--rate', '2', '--virtual-clock', '--service-ms', '80', '--threads', '1'];
    const made = async (...further: readonly string[]): Promise<string[]> => {
      const args = ['replay', bag, '--model', model, ...paced, '--output', output, '--report', report];
      const run = await runEffvit([...args, '--json', '--results', ...further]);
      assert.equal(run.code, 0, run.stderr);
      const hash = (bytes: string | Buffer): string => createHash('sha256').update(bytes).digest('hex');
      const { frames } = JSON.parse(run.stdout) as ReplayOutput;
      return [JSON.stringify(frames), run.stdout, hash(readFileSync(output)), hash(readFileSync(report))];
    };
    const first = await made();
    assert.match(first[0] ?? '', /"queue_full":[1-9]/);
    assert.match(first[1] ?? '', /"times":"SIMULATED: 80 ms a frame \+\/- 10 % on 1 processor, seed 1"/);
    assert.deepEqual(await made(), first);
    const other = await made('--seed', '2');
    assert.notEqual(other[1], first[1]);
    assert.notEqual(other[2], first[2]);
    assert.match(
      (await made('--drop-policy', 'block'))[0] ?? '',
      /"received":24,"published":24,"dropped":\{\}/,
    );
  });

  it('refuses a virtual clock without a pace or without times, and its options without it', async () => {
    const refused = async (...args: readonly string[]): Promise<string> => {
      const run = await runEffvit(['replay', bag, '--model', model, ...args]);
      assert.notEqual(run.code, 0);
      return run.stderr;
    };
    assert.match(await refused('--virtual-clock'), /give --rate too/);
    assert.match(await refused('--seed', '3'), /--seed is for --virtual-clock/);
    assert.match(await refused('--virtual-clock', '--rate', '1', '--max-batch', '4'), /one by one/);
    assert.match(await refused('--virtual-clock', '--rate', '1'), /no device model .* give --service-ms/);
  });

  describe('of a good, a frozen and a covered camera', () => {
    let faulty = '';

    beforeEach(async () => {
      faulty = scratch.path('faulty.mcap');
      await writeFaultyBag(faulty, ['good', 'frozen', 'covered'], 30);
    });

    /** Of each camera: how many frames have this line below them. */
    async function framesWith(line: RegExp, ...args: readonly string[]): Promise<Record<string, number>> {
      const run = await runEffvit(['replay', faulty, '--model', model, ...args]);
      assert.equal(run.code, 0, run.stderr);
      const counts: Record<string, number> = { good: 0, frozen: 0, covered: 0 };
      let camera = '';
      for (const text of run.stdout.split('\n')) {
        camera = /^#\d+ \/(\w+) /.exec(text)?.[1] ?? camera;
        if (line.test(text)) counts[camera] = (counts[camera] ?? 0) + 1;
      }
      return counts;
    }

    it('reports the problem of each picture, and gives results nevertheless', async () => {
      const checks = ['--picture-checks', 'report'];
      assert.deepEqual(await framesWith(/the picture: covered, too_dark, low_contrast/, ...checks), {
        good: 0,
        frozen: 0,
        covered: 30,
      });
      // More than 2 s after its first frame.
      assert.deepEqual(await framesWith(/the picture: frozen/, ...checks), {
        good: 0,
        frozen: 9,
        covered: 0,
      });
      assert.deepEqual(await framesWith(/UNKNOWN/, ...checks), { good: 0, frozen: 0, covered: 0 });
    });

    it('makes them UNKNOWN where that is asked for, by the limits that are given', async () => {
      const checks = ['--picture-checks', 'unknown'];
      assert.deepEqual(await framesWith(/UNKNOWN: (frozen|covered)/, ...checks), {
        good: 0,
        frozen: 9,
        covered: 30,
      });
      const wide = ['--max-unchanged-ms', '0', '--max-flat-share', '1', '--min-brightness', '0'];
      assert.deepEqual(await framesWith(/UNKNOWN: low_contrast/, ...checks, ...wide), {
        good: 0,
        frozen: 0,
        covered: 30,
      });
      assert.deepEqual(await framesWith(/UNKNOWN|the picture/), { good: 0, frozen: 0, covered: 0 });
    });
  });

  it('takes the topics that are named', async () => {
    const output = await replayJson('--topic', RAW_TOPIC);
    assert.equal(output.frames.received, FRAMES);
    assert.ok(output.results.every((frame) => frame.topic === RAW_TOPIC));
  });

  it('writes results that can be read as a bag, with the header of each frame', async () => {
    const outputPath = scratch.path('results.mcap');
    await replayJson('--output', outputPath);
    const reader = await openBag(outputPath);
    try {
      const counts = Object.fromEntries(reader.topics().map((topic) => [topic.name, topic.messageCount]));
      assert.deepEqual(counts, {
        '/classification': 2 * FRAMES,
        '/classifier/frames': 2 * FRAMES,
        '/label_info': 1,
      });
      assert.deepEqual(reader.warnings, []);
    } finally {
      await reader.close();
    }
  });

  it('is a regression test: saves what came, passes on the same, fails on other results', async () => {
    const expected = scratch.path('expected.json');
    await replayJson('--save-expected', expected);
    const same = await runEffvit(['replay', bag, '--model', model, '--expect', expected, '--quiet']);
    assert.equal(same.code, 0, same.stderr);
    assert.match(same.stdout, /as expected/);
    const content = JSON.parse(readFileSync(expected, 'utf8')) as {
      frames: { results: { index: number; score: number }[] }[];
    };
    for (const result of content.frames[5]?.results ?? []) result.score = 1 - result.score;
    writeFileSync(expected, JSON.stringify(content));
    const other = await runEffvit(['replay', bag, '--model', model, '--expect', expected, '--quiet']);
    assert.equal(other.code, 1);
    assert.match(other.stdout, /not as expected: 1 frames? differ/);
    assert.match(other.stdout, /Expected \w+ \d\.\d{4} but received \d\.\d{4}/);
  });

  it('shows each frame with bars, then the table and the counts', async () => {
    const run = await runEffvit(['replay', bag, '--model', model, '--top-k', '2']);
    assert.equal(run.code, 0, run.stderr);
    assert.equal(run.stdout.match(/^#\d+ /gm)?.length, 2 * FRAMES);
    assert.match(run.stdout, /red +█+/);
    assert.match(run.stdout, /│ inference +│ +24 │/);
    assert.match(run.stdout, /frames: received 24, published 24, dropped 0/);
    assert.match(run.stdout, /fps: \d/);
  });

  it('ends at Ctrl-C with what was begun, and with exit code 130', async () => {
    await writeColourBag(scratch.path('long.mcap'), 200);
    const args = ['replay', scratch.path('long.mcap'), '--model', model, '--rate', '1'];
    const run = await runEffvit(args, { interruptAt: /^#3 /m });
    assert.equal(run.signal, null, run.stderr);
    assert.equal(run.code, 130, run.stderr);
    const counts = /received (\d+), published (\d+), dropped (\d+)/.exec(run.stdout);
    assert.equal(Number(counts?.[1]), Number(counts?.[2]) + Number(counts?.[3]));
  });

  it('does not wait for what was begun after a second Ctrl-C', async () => {
    const folder = scratch.path('slow');
    mkdirSync(folder);
    writeFileSync(`${folder}/manifest.yaml`, SLOW_DEVICE);
    const args = ['replay', bag, '--model', folder, '--backend', 'bpu_sim', '--threads', '1'];
    const run = await runEffvit(args, { interruptAt: /^#/m, insistWith: 'SIGTERM' });
    assert.equal(run.signal, 'SIGTERM', run.stderr);
  });

  it('reports an unreadable topic once, and keeps the results of the others', async () => {
    const image = (topic: string, encoding: string, strideBytes: number, at: number) => ({
      ...{ topic, type: IMAGE, logTimeNs: START_NS + BigInt(at) },
      data: imageCdr({ widthPx: 8, heightPx: 6, encoding, strideBytes }),
    });
    const frames = [0, 1, 2].flatMap((at) => [
      image('/rgb', 'RGB8', 24, at),
      image('/depth', '16UC1', 16, at),
    ]);
    const path = scratch.path('rgbd.mcap');
    writeFileSync(path, await mcapBytes(frames));
    for (const args of [[], ['--quiet'], ['--json']]) {
      const run = await runEffvit(['replay', path, '--model', model, ...args]);
      assert.equal(run.code, 0, run.stderr);
      assert.match(run.stderr, /3 frames of \/depth could not be read, .* is depth \(16UC1\)/);
      assert.equal(run.stderr.match(/depth/g)?.length, 3, run.stderr);
      if (args.length === 0) assert.equal(run.stdout.match(/^#\d+ \/depth /gm)?.length, 1, run.stdout);
      assert.match(run.stdout, /received 3|"received":6|received 6/);
    }
  });

  it('reads what is left of a recording that was cut off, and says so', async () => {
    const bytes = readFileSync(bag).byteLength;
    truncateSync(bag, Math.floor(bytes * 0.4));
    const run = await runEffvit(['replay', bag, '--model', model, '--json']);
    assert.match(run.stderr, /warning: .*drive\.mcap/);
    assert.ok(run.code === 0 || run.code === 1);
  });

  it('refuses what it cannot use in one sentence, and leaves nothing behind', async () => {
    writeFileSync(scratch.path('text.mcap'), 'This is no recording.');
    writeFileSync(scratch.path('empty.mcap'), '');
    writeFileSync(scratch.path('bad.json'), '{');
    const cases: [string[], number, RegExp][] = [
      [['replay', scratch.path('absent.mcap')], 1, /There is no bag at .*absent\.mcap/],
      [['replay', scratch.path('text.mcap')], 1, /text\.mcap/],
      [['replay', scratch.path('empty.mcap')], 1, /empty\.mcap/],
      [['replay', bag, '--topic', '/nowhere'], 1, /no topic \/nowhere.*\/front\/image_raw/],
      [['replay', bag, '--rate', '-1'], 2, /Expected max or a factor from 0\.01 to 100 but received -1/],
      [['replay', bag, '--threads', '0'], 2, /an integer from 1 to 16 for --threads but received 0/],
      [['replay', bag, '--expect', scratch.path('absent.json')], 1, /absent\.json: write it first/],
      [['replay', bag, '--expect', scratch.path('bad.json')], 2, /bad\.json is not JSON/],
      [['replay', bag, '--output', '/dev/full/out.mcap'], 2, /is below \/dev\/full, which is not a folder/],
    ];
    for (const [args, code, message] of cases) {
      const run = await runEffvit([...args, '--model', model]);
      assert.equal(run.code, code, `${args.join(' ')}: ${run.stderr}`);
      assert.match(run.stderr, message);
      assert.doesNotMatch(run.stderr, /\n\s+at /, 'no stack trace');
    }
    assert.ok(!existsSync(scratch.path('out.mcap')));
    assert.ok(readdirSync(scratch.path()).every((name) => !name.includes('.part')));
  });

  it('writes a report that names the recording, the model and the command', async () => {
    const report = scratch.path('report.html');
    const run = await runEffvit(['replay', bag, '--model', model, '--quiet', '--report', report]);
    assert.equal(run.code, 0, run.stderr);
    assert.match(run.stdout, /report written to/);
    const html = readFileSync(report, 'utf8');
    const data = /<script id="report" type="application\/json">(.*?)<\/script>/s.exec(html)?.[1] ?? '';
    const content = JSON.parse(data) as {
      command: string;
      received: number;
      labels: string[];
      thumbnails: { frames: number[] };
      frames: { results: number[][] };
    };
    assert.equal(content.received, 2 * FRAMES);
    assert.equal(content.command, `effvit replay ${bag} --model ${model} --quiet --report ${report}`);
    assert.equal(content.thumbnails.frames.length, 2 * FRAMES);
    const best = content.frames.results.map(([label = 0]) => content.labels[label]);
    assert.deepEqual(best.slice(0, 4), ['red', 'red', 'green', 'green']);
  });
});
