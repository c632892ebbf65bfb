import assert from 'node:assert/strict';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { FleetReport } from '../../../src/fleet/fleetReport.js';
import { colourOfFrame, JPEG_TOPIC, RAW_TOPIC, writeColourBag } from '../../helpers/colourBag.js';
import { COLOURS, writeColourModel } from '../../helpers/colourModel.js';
import { type EffvitRunOptions, runEffvit } from '../../helpers/runEffvit.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

const BAGS = 6;
/** A device that takes longer for a frame than the command lets it. */
const HANGING_DEVICE = `name: hanging_device
input: { width_px: 224, height_px: 224 }
output: { class_count: 3 }
files: { bpu: { rdk-x5: { file: model.bin, march: bayes-e } } }
device_model:
  rdk-x5: { cores: 1, service_ms: 2000, host_ms: 0 }
`;

describe('effvit with many bags', () => {
  const scratch = scratchFolder();
  let model = '';

  /** Six bags of 3 to 8 frames a camera: the first a folder, one of them a copy of another. */
  beforeEach(async () => {
    model = await writeColourModel(scratch.path('colours'));
    mkdirSync(scratch.path('bags'));
    await writeColourBag(scratch.path('bags', '0'), 3);
    for (let at = 1; at < BAGS - 1; at++) await writeColourBag(scratch.path('bags', `${at}.mcap`), 3 + at);
    copyFileSync(scratch.path('bags', '1.mcap'), scratch.path('bags', '5.mcap'));
  });

  async function run(
    args: readonly string[],
    code = 0,
    options: EffvitRunOptions = {},
  ): Promise<{ stdout: string; stderr: string }> {
    const done = await runEffvit(args, options);
    assert.equal(done.code, code, `${args.join(' ')}\n${done.stdout}\n${done.stderr}`);
    return done;
  }

  const replay = (out: string, ...more: readonly string[]): string[] => [
    'replay',
    scratch.path('bags'),
    '--model',
    model,
    '--output-dir',
    scratch.path(out),
    ...more,
  ];

  /** A path in the only run of a folder of results. */
  function inRun(out: string, ...segments: string[]): string {
    const [key = '', ...others] = readdirSync(scratch.path(out, 'runs'));
    assert.deepEqual(others, []);
    return scratch.path(out, 'runs', key, ...segments);
  }

  const reportBytes = (out: string): string => readFileSync(inRun(out, 'report.json'), 'utf8');
  const report = (out: string): FleetReport => JSON.parse(reportBytes(out)) as FleetReport;
  const resultFiles = (out: string): string[] =>
    readdirSync(inRun(out, 'results'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.json'))
      .sort();

  it('replays them with one report by bag, camera and class, and each content once', async () => {
    const { stdout } = await run(replay('out', '--report', scratch.path('fleet.html')));
    const { bags, frames, cameras, classes, worst_first: rows } = report('out');
    const each = [3, 4, 5, 6, 7, 4];
    const total = each.reduce((a, b) => a + b, 0);
    assert.deepEqual(bags, { named: BAGS, done: BAGS, failed: 0, missing: 0, copies: 1 });
    assert.deepEqual([frames.received, frames.published], [2 * total, 2 * total]);
    assert.deepEqual(
      cameras.map((camera) => [camera['topic'], camera['bags'], camera['published']]),
      [
        [RAW_TOPIC, BAGS, total],
        [JPEG_TOPIC, BAGS, total],
      ],
    );
    const ofColour = (colour: string): number =>
      each.reduce(
        (sum, count) =>
          sum +
          2 *
            Array.from({ length: count }, (_, at) => colourOfFrame(at)).filter((one) => one === colour)
              .length,
        0,
      );
    assert.deepEqual(
      Object.fromEntries(classes.map((one) => [one['label'], one['frames']])),
      Object.fromEntries(COLOURS.map((colour) => [colour, ofColour(colour)])),
    );
    assert.deepEqual(
      rows.map(({ name, received }) => [name, received]).sort(),
      each.map((count, at) => [scratch.path('bags', at === 0 ? '0' : `${at}.mcap`), 2 * count]),
    );
    assert.equal(resultFiles('out').length, BAGS - 1);
    assert.match(stdout, /6\/6 .*5\.mcap .* was done before/);
    assert.match(stdout, /bags: 6 named \(1 of the same content as another\), 6 done/);
    assert.equal(
      readFileSync(scratch.path('fleet.html'), 'utf8'),
      readFileSync(inRun('out', 'report.html'), 'utf8'),
    );
    const lines = readFileSync(inRun('out', 'bags.jsonl'), 'utf8').trimEnd().split('\n');
    assert.deepEqual(
      lines.map((line) => JSON.parse(line) as unknown),
      rows,
    );
  });

  it('gives the same bytes by shards, more threads, another order, and after it was done', async () => {
    await run(replay('whole', '--threads', '1'));
    const expected = reportBytes('whole');
    for (const index of [2, 0, 1]) {
      const { stdout } = await run(replay('shards', '--threads', '4', '--shard', `${index}/3`));
      assert.match(stdout, new RegExp(`shard ${index}/3: \\d of 6 bags, 0 failed`));
    }
    await run(['merge', scratch.path('shards'), scratch.path('bags')]);
    assert.equal(reportBytes('shards'), expected);
    rmSync(inRun('shards', 'report.json'));
    await run(['merge', scratch.path('shards')]);
    assert.equal(reportBytes('shards'), expected, 'without naming the bags');
    writeFileSync(
      scratch.path('list.txt'),
      [5, 3, 1, 4, 2]
        .map((at) => `bags/${at}.mcap\n`)
        .join('')
        .concat('bags/0\n'),
    );
    await run([
      'replay',
      `@${scratch.path('list.txt')}`,
      '--model',
      model,
      '--output-dir',
      scratch.path('list'),
    ]);
    assert.equal(reportBytes('list'), expected);
    const { stdout } = await run(replay('whole', '--threads', '2'));
    assert.equal(stdout.match(/was done before/g)?.length, BAGS);
    assert.equal(reportBytes('whole'), expected);
  });

  for (const killedAt of [1, 3, 5]) {
    it(`goes on after it was killed at bag ${killedAt}, though what it wrote last was cut off`, async () => {
      await run(replay('whole'));
      const killed = await runEffvit(replay('out'), {
        interruptAt: new RegExp(`^${killedAt}/6 `, 'm'),
        interruptWith: 'SIGKILL',
      });
      assert.equal(killed.signal, 'SIGKILL');
      const files = resultFiles('out');
      const [first = ''] = files;
      // A folder that cannot rename in one step, and a writer that died before its rename.
      const path = inRun('out', 'results', first);
      copyFileSync(path, join(path, '..', `.${first.slice(3)}.1.abcd.part`));
      truncateSync(path, 40);
      const { stdout } = await run(replay('out'));
      const kept = stdout.match(/was done before/g)?.length ?? 0;
      assert.ok(kept >= killedAt - 2, `${kept} were kept of ${files.length}`);
      assert.equal(reportBytes('out'), reportBytes('whole'));
      assert.deepEqual(resultFiles('out'), resultFiles('whole'));
    });
  }

  it('ends at Ctrl-C with 130, with every whole bag kept and none else', async () => {
    await writeColourBag(scratch.path('bags', '3.mcap'), 1500);
    const { stderr } = await run(replay('out'), 130, { interruptAt: /^3\/6 /m });
    assert.match(stderr, /the same command goes on from here/);
    assert.equal(existsSync(inRun('out', 'report.json')), false);
    assert.equal(resultFiles('out').length, 3);
  });

  it('lists bags that are broken, goes on with the others, and tries them again', async () => {
    writeFileSync(scratch.path('bags', '2.mcap'), 'junk');
    const { stderr } = await run(replay('out'), 1);
    assert.match(stderr, /3\/6 .*2\.mcap is no bag/);
    const { bags, worst_first: rows } = report('out');
    assert.deepEqual(bags, { named: BAGS, done: BAGS - 1, failed: 1, missing: 0, copies: 1 });
    assert.match(rows[0]?.problem ?? '', /^\/.*2\.mcap is no bag/);
    await writeColourBag(scratch.path('bags', '2.mcap'), 3);
    await run(replay('out'));
    assert.equal(report('out').bags.done, BAGS);
  });

  it('does a bag again whose content changed, and not one that was moved', async () => {
    await run(replay('out'));
    await writeColourBag(scratch.path('bags', '2.mcap'), 9);
    renameSync(scratch.path('bags', '3.mcap'), scratch.path('bags', '7.mcap'));
    const { stdout } = await run(replay('out'));
    assert.match(stdout, /\/2\.mcap {2}18 frames {2}\d/);
    assert.match(stdout, /\/7\.mcap {2}12 frames {2}was done before/);
    assert.equal(stdout.match(/was done before/g)?.length, BAGS - 1);
  });

  it('keeps the result of a damaged bag apart from that of a whole one', async () => {
    const whole = scratch.path('whole.mcap');
    await writeColourBag(whole, 40);
    const bytes = readFileSync(whole);
    bytes.fill(0, 3000, 3100);
    mkdirSync(scratch.path('damaged'));
    writeFileSync(scratch.path('damaged', 'a.mcap'), bytes);
    const args = ['replay', scratch.path('damaged'), '--model', model, '--output-dir', scratch.path('out')];
    await run(args);
    const [row] = report('out').worst_first;
    assert.ok(row !== undefined && row.published < 80 && row.published > 0, `${row?.published} frames`);
    assert.match(row.warnings[0] ?? '', /damaged\/a\.mcap at byte \d+ (is corrupted|cannot be read)/);
    await run(args);
    copyFileSync(whole, scratch.path('damaged', 'a.mcap'));
    await run(args);
    assert.equal(report('out').worst_first[0]?.published, 80);
  });

  it('begins every bag anew, also where its stamps follow on those of the one before', async () => {
    const smoothing = ['--smoothing', 'majority', '--smoothing-time-ms', '2000', '--model', model];
    await writeColourBag(scratch.path('two', 'a.mcap'), 7);
    await writeColourBag(scratch.path('two', 'b.mcap'), 7, 1_700_000_001);
    const cameras = async (out: string, ...bags: readonly string[]): Promise<unknown> => {
      await run([
        'replay',
        ...bags.map((bag) => scratch.path('two', bag)),
        ...smoothing,
        '--output-dir',
        scratch.path(out),
      ]);
      const row = report(out).worst_first.find(({ name }) => name.endsWith('b.mcap'));
      return [row?.frames_sha256, report(out).cameras.map((camera) => camera['changes_per_minute'])];
    };
    const [together, changes] = (await cameras('together', 'a.mcap', 'b.mcap')) as [string, unknown];
    const [alone] = (await cameras('alone', 'b.mcap')) as [string];
    assert.equal(together, alone);
    // Three colours in turn, each 100 ms, of which the majority is the first.
    assert.deepEqual(changes, [
      { raw: 600, smoothed: 0 },
      { raw: 600, smoothed: 0 },
    ]);
  });

  it('judges labelled bags, and lists those that are not labelled', async () => {
    rmSync(scratch.path('bags', '5.mcap'));
    const frames = (count: number): object[] =>
      Array.from({ length: count }, (_, at) => {
        const ns = 1_700_000_000_000_000_000n + BigInt(at) * 100_000_000n;
        const stamp = { sec: Number(ns / 1_000_000_000n), nanosec: Number(ns % 1_000_000_000n) };
        return { topic: RAW_TOPIC, stamp, label: colourOfFrame(at) };
      });
    writeFileSync(scratch.path('bags', '0', 'truth.json'), JSON.stringify({ frames: frames(3) }));
    writeFileSync(scratch.path('bags', '1.truth.json'), JSON.stringify({ all: { label: 'red' } }));
    writeFileSync(
      scratch.path('bags', '2.truth.json'),
      JSON.stringify({ topics: { [JPEG_TOPIC]: { index: 1 } } }),
    );
    writeFileSync(scratch.path('bags', '3.truth.json'), JSON.stringify({ all: { label: 'pink' } }));
    const args = ['eval', scratch.path('bags'), '--model', model, '--output-dir', scratch.path('out')];
    const { stdout } = await run(args, 1);
    const { accuracy, worst_first: rows } = report('out');
    assert.deepEqual(
      rows.map(({ name, judged, top1_percent: top1 }) => [name.slice(-6), judged, top1]),
      [
        ['3.mcap', undefined, undefined],
        ['4.mcap', undefined, undefined],
        ['2.mcap', 5, 40],
        ['1.mcap', 8, 50],
        ['bags/0', 3, 100],
      ],
    );
    assert.match(rows[0]?.problem ?? '', /names no class of the model: pink/);
    assert.match(rows[1]?.problem ?? '', /4\.mcap has no truth\.json: .* or NAME\.truth\.json beside/);
    assert.equal(accuracy?.frames, 16);
    assert.equal(accuracy?.top1_percent, 56.25);
    assert.match(stdout, /top-1 56\.25 %/);
    // Another truth is another result.
    writeFileSync(scratch.path('bags', '1.truth.json'), JSON.stringify({ all: { label: 'green' } }));
    await run(args, 1);
    assert.equal(report('out').worst_first.find(({ name }) => name.endsWith('1.mcap'))?.top1_percent, 25);
  });

  it('compares bags with their expected results, and names those that differ', async () => {
    for (const [at, name] of ['0', '1.mcap', '2.mcap'].entries()) {
      const expected =
        at === 0 ? scratch.path('bags', '0', 'expected.json') : scratch.path('bags', `${at}.expected.json`);
      await run([
        'replay',
        scratch.path('bags', name),
        '--model',
        model,
        '--quiet',
        '--save-expected',
        expected,
      ]);
    }
    const three = ['0', '1.mcap', '2.mcap'].map((name) => scratch.path('bags', name));
    const args = [
      'replay',
      ...three,
      '--model',
      model,
      '--expect-beside',
      '--output-dir',
      scratch.path('out'),
    ];
    assert.match((await run(args)).stdout, /as expected: every frame within the tolerance/);
    assert.deepEqual(report('out').differences, { bags: 0, frames: 0 });
    const path = scratch.path('bags', '2.expected.json');
    const content = JSON.parse(readFileSync(path, 'utf8')) as { frames: { results: { score: number }[] }[] };
    for (const one of content.frames[4]?.results ?? []) one.score = 1 - one.score;
    writeFileSync(path, JSON.stringify(content));
    assert.match((await run(args, 1)).stdout, /not as expected: 1 frames of 1 bags differ/);
    const { differences, worst_first: rows } = report('out');
    assert.deepEqual(differences, { bags: 1, frames: 1 });
    assert.match(rows[0]?.name ?? '', /2\.mcap$/);
    assert.match(rows[0]?.first_difference ?? '', /image_raw 1700000000\.200000000: Expected \w+ \d/);
    const { stdout } = await run([...args, scratch.path('bags', '3.mcap')], 1);
    assert.match(stdout, /3\.mcap has no expected\.json: put one into its folder/);
  });

  it('reports frames that were lost through no fault of the bag, and keeps no result of them', async () => {
    const device = scratch.path('hanging');
    mkdirSync(device);
    writeFileSync(join(device, 'manifest.yaml'), HANGING_DEVICE);
    const flags = [
      '--model',
      device,
      '--backend',
      'bpu_sim',
      '--inference-timeout-ms',
      '10',
      '--threads',
      '1',
    ];
    const args = ['replay', scratch.path('bags', '0'), '--output-dir', scratch.path('out'), ...flags];
    await run(args, 1);
    assert.match(report('out').worst_first[0]?.problem ?? '', /were lost on the way \(timed_out \d/);
    assert.equal(existsSync(inRun('out', 'results')), false);
  });

  it('keeps models and options apart, and asks which run to merge', async () => {
    await run(replay('out'));
    await run(replay('out', '--score-threshold', '0.99'), 0);
    const keys = readdirSync(scratch.path('out', 'runs'));
    assert.equal(keys.length, 2);
    const { stderr } = await run(['merge', scratch.path('out')], 2);
    for (const key of keys) assert.ok(stderr.includes(key));
    await run(['merge', scratch.path('out'), '--run', keys[0]?.slice(0, 6) ?? '']);
  });

  it('merges the results that exist, and names the missing ones', async () => {
    await run(replay('out', '--shard', '0/2'));
    const { stdout } = await run(['merge', scratch.path('out'), scratch.path('bags'), '--json'], 1);
    const { bags } = JSON.parse(stdout) as FleetReport;
    assert.ok(bags.missing > 0 && bags.missing + bags.done === BAGS, stdout);
  });

  it('merges into a temporary folder where none is named', async () => {
    const { stdout } = await run(['replay', scratch.path('bags'), '--model', model, '--json']);
    assert.equal((JSON.parse(stdout) as FleetReport).bags.done, BAGS);
  });

  it('refuses what it cannot do, before the first bag', async () => {
    const bags = scratch.path('bags');
    const refused: readonly (readonly [args: readonly string[], reason: RegExp])[] = [
      [['replay', bags, bags, '--rate', '1'], /--rate is for one bag/],
      [['replay', bags, '--output', scratch.path('o.mcap')], /--output is for one bag/],
      [['replay', scratch.path('bags', '1.mcap'), '--expect-beside'], /--expect-beside is for many bags/],
      [['replay', bags, '--shard', '0/2'], /--shard needs --output-dir/],
      [['replay', bags, '--shard', '2/2', '--output-dir', 'x'], /Expected I\/N/],
      [replay('bags/0'), /is a bag, which this command reads/],
      [replay('colours'), /has files that effvit did not write/],
      [replay('out', '--report', scratch.path('bags', '1.mcap'), '--force'), /which this command reads/],
      [['merge', scratch.path('colours')], /holds no results of effvit/],
      [['eval', scratch.path('colours'), '--topic', '/a'], /--topic is for bags/],
    ];
    cpSync(bags, scratch.path('before'), { recursive: true });
    for (const [args, reason] of refused) {
      const done = await runEffvit(args);
      assert.ok(
        done.code === 2 || (args[0] === 'merge' && done.code === 1),
        `${args.join(' ')}: ${done.code}`,
      );
      assert.match(done.stderr, reason);
    }
    assert.deepEqual(
      readFileSync(scratch.path('bags', '1.mcap')),
      readFileSync(scratch.path('before', '1.mcap')),
    );
    assert.equal(existsSync(scratch.path('out')), false);
  });
});
