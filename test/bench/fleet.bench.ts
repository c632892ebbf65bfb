// What many bags cost beside the inference: replaying small ones (a model of a sum), going on where all is done, merging,
// report and memory by the number of bags; and the key of a large bag's content.
//
//   node build/test/bench/fleet.bench.js [bags,...] [bags merged,...] [megabytes of the large bag]
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { McapBagWriter } from '../../src/bag/writing/McapBagWriter.js';
import { packagePath } from '../../src/core/packageRoot.js';
import { contentKey } from '../../src/fleet/contentKey.js';
import { FleetFolder } from '../../src/fleet/FleetFolder.js';
import type { FleetReport } from '../../src/fleet/fleetReport.js';
import type { RunIdentity } from '../../src/fleet/RunIdentity.js';
import { writeColourBag } from '../helpers/colourBag.js';
import { COLOURS, writeColourModel } from '../helpers/colourModel.js';

const [countsText = '10,100,1000', mergedText = '1000,10000,50000', largeText = '512'] =
  process.argv.slice(2);
const COUNTS = countsText.split(',').map(Number);
const MERGED_COUNTS = mergedText.split(',').map(Number);
const LARGE_BYTES = Number(largeText) * 1e6;
/** Of each of two cameras. */
const FRAMES = 5;

const WRITTEN_AT_ONCE = 64;

const IDENTITY: RunIdentity = {
  form: 1,
  command: 'replay',
  effvit: 'bench',
  model: { name: 'made_up', manifestSha256: '', labels: COLOURS },
  backend: 'none',
  runtime: 'none: these results were made up',
  simulated: true,
  options: {},
};

interface Run {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly memoryMb: number;
}

const folder = mkdtempSync(join(tmpdir(), 'effvit-bench-'));

/** Runs effvit, and looks at its memory's high-water mark and its processor time ten times a second. */
async function effvit(...args: readonly string[]): Promise<Run> {
  const began = performance.now();
  const child = spawn(process.execPath, [packagePath('bin', 'effvit.cjs'), ...args], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  let memoryMb = 0;
  let cpuSeconds = 0;
  const look = (): void => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      memoryMb = Number(/^VmHWM:\s*(\d+)/m.exec(status)?.[1] ?? memoryMb * 1000) / 1000;
      const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      cpuSeconds = (Number(fields[11]) + Number(fields[12])) / 100;
    } catch {
      // It ended.
    }
  };
  const timer = setInterval(look, 100);
  const [code] = (await once(child, 'close')) as [number | null];
  clearInterval(timer);
  assert.equal(code, 0);
  return { seconds: (performance.now() - began) / 1000, cpuSeconds, memoryMb };
}

const bytesIn = (path: string): number =>
  readdirSync(path, { recursive: true, encoding: 'utf8' }).reduce((sum, name) => {
    const info = statSync(join(path, name));
    return sum + (info.isFile() ? info.size : 0);
  }, 0);

const text = ({ seconds, cpuSeconds, memoryMb }: Run): string =>
  `${seconds.toFixed(2)} s (processor ${cpuSeconds.toFixed(2)} s, ${memoryMb.toFixed(0)} MB)`;

async function benchBags(count: number): Promise<void> {
  const bags = `bags${count}`;
  const out = `out${count}`;
  for (let at = 0; at < count; at++) {
    await writeColourBag(join(folder, bags, `${at}.mcap`), FRAMES, 1_700_000_000 + 100 * at);
  }
  const args = ['replay', bags, '--model', 'colours', '--threads', '1', '--quiet', '--output-dir', out];
  const first = await effvit(...args);
  const [key = ''] = readdirSync(join(folder, out, 'runs'));
  const run = (name: string): string => join(folder, out, 'runs', key, name);
  const text1 = readFileSync(run('report.json'), 'utf8');
  const report = JSON.parse(text1) as FleetReport;
  assert.deepEqual([report.bags.done, report.frames.published], [count, 2 * FRAMES * count]);
  const again = await effvit(...args);
  const merged = await effvit('merge', out, bags);
  assert.equal(readFileSync(run('report.json'), 'utf8'), text1);
  console.log(
    `${count} bags: replayed in ${text(first)}, again (all done) ${text(again)}, merged ${text(merged)}; report.json ${(text1.length / 1e3).toFixed(0)} kB, report.html ${(statSync(run('report.html')).size / 1e3).toFixed(0)} kB, results ${((bytesIn(run('results')) + bytesIn(run('bags'))) / 1e3).toFixed(0)} kB`,
  );
}

/** Merging results that nobody replayed: of two cameras, three classes each, as the bags above have them. */
async function benchMerge(count: number): Promise<void> {
  const out = `merged${count}`;
  const fleet = await FleetFolder.open(join(folder, out), IDENTITY);
  const classes = COLOURS.map((label, index) => ({ index, label, frames: FRAMES, scoreSum: 9000 + index }));
  for (let first = 0; first < count; first += WRITTEN_AT_ONCE) {
    const some = Array.from({ length: Math.min(WRITTEN_AT_ONCE, count - first) }, async (_, offset) => {
      const name = `drives/${first + offset}.mcap`;
      const bag = createHash('sha256').update(name).digest('hex');
      const frames = FRAMES * classes.length;
      const cameras = ['/front', '/rear'].map((topic) => ({
        topic,
        received: frames,
        published: frames,
        dropped: {},
        unnamed: 0,
        unknown: {},
        classes,
      }));
      await fleet.keepResult({ version: 1, bag, durationMs: 1400, cameras, framesSha256: bag, warnings: [] });
      await fleet.keepEntry({ name, version: 'v', bag });
    });
    await Promise.all(some);
  }
  const run = await effvit('merge', out);
  const report = readFileSync(fleet.runPath('report.json'), 'utf8');
  assert.equal((JSON.parse(report) as FleetReport).bags.done, count);
  console.log(
    `${count} made-up results: merged in ${text(run)}; report.json ${(report.length / 1e6).toFixed(2)} MB, results ${(bytesIn(fleet.runPath()) / 1e6).toFixed(1)} MB`,
  );
}

async function benchKey(): Promise<void> {
  const path = join(folder, 'large.mcap');
  const writer = await McapBagWriter.create(path, { compression: 'none' });
  await writer.addTopic({ name: '/camera', type: 'sensor_msgs/msg/CompressedImage' });
  const data = new Uint8Array(200_000);
  for (let at = 0; at * data.length < LARGE_BYTES; at++) {
    data.fill(at % 251);
    const header = { stamp: { sec: at, nanosec: 0 }, frame_id: '' };
    await writer.write('/camera', { header, format: 'jpeg', data }, { logTimeNs: BigInt(at) * 100_000_000n });
  }
  await writer.close();
  const timed = async (isWhole: boolean): Promise<string> => {
    const began = performance.now();
    const cpu = process.cpuUsage();
    await contentKey(path, { isWhole });
    const { user, system } = process.cpuUsage(cpu);
    return `${(performance.now() - began).toFixed(0)} ms (processor ${((user + system) / 1000).toFixed(0)} ms)`;
  };
  await timed(false);
  console.log(
    `key of ${(statSync(path).size / 1e6).toFixed(0)} MB of MCAP: by index and chunk headers ${await timed(false)}, by every byte ${await timed(true)}`,
  );
}

console.log(`${cpus()[0]?.model}, ${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)}`);
try {
  await writeColourModel(join(folder, 'colours'));
  for (const count of COUNTS) await benchBags(count);
  for (const count of MERGED_COUNTS) await benchMerge(count);
  await benchKey();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
